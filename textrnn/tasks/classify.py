"""Text classification from labelled texts to a saved model and its report.

file -> examples -> tokens -> ids -> length-bucketed batches -> model -> train_eval -> metrics -> saved model -> report
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from textrnn.config import ClassifierSettings, Run, WindowedConfig
from textrnn.corpus.batches import LabelledTexts, WindowSample
from textrnn.corpus.dataset import Dataset, EncodedDataset, load_dataset
from textrnn.corpus.embeddings import PretrainedEmbedding, find_embedding
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.corpus.sources.download import Progress
from textrnn.corpus.vocab import EncodedTexts, Vocabulary
from textrnn.errors import DataError, Note
from textrnn.evaluation.linear.few_rows import are_words
from textrnn.evaluation.verdict import Circumstances
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import set_precision
from textrnn.models.registry import AUTO
from textrnn.report.inside.classifier import classifier_page, examples_of
from textrnn.report.label_errors import suspect_rows
from textrnn.saved.beginning import Beginning
from textrnn.saved.classifier import Classifier
from textrnn.tasks.auto import linear_settings
from textrnn.tasks.common import (
    Kept,
    announce_replacement,
    as_begun,
    build_network,
    checkpoint_of,
    explain_impossible_network,
    held,
    is_finished,
    keep,
    kept_settings,
)
from textrnn.tasks.facts import DatasetFacts as DatasetFacts
from textrnn.tasks.few_rows import all_learnt, is_linear_enough
from textrnn.tasks.label_errors import suspects_beside
from textrnn.tasks.labelling import AnyBaseline, AnyResult, labelling_of
from textrnn.tasks.mixed import decided, learn_dev, solved_before, tell_if_late
from textrnn.tasks.model_folders import announce_folder, placed, with_content
from textrnn.tasks.pretraining import pretrained_first
from textrnn.tasks.settings import combine, settle
from textrnn.training.checkpoint import Checkpoint
from textrnn.training.events import Listener
from textrnn.training.history import History
from textrnn.training.linear import is_solved, solve
from textrnn.training.train_eval import choose_device, explain_out_of_memory, fit, precision_for

RowsOfTexts = Callable[[EncodedTexts, list[int] | LabelSets, torch.device], LabelledTexts]


class Begins(Protocol):
    """Gives a new network its first weights, from the tokens of its vocabulary."""

    def carry_into(self, network: ClassifierNetwork, tokens: Sequence[str]) -> None: ...


@dataclass(frozen=True)
class Learnt:
    """What training leaves: a classifier that answers, and how it went."""

    classifier: Classifier
    history: History


def train(
    run: Run, listener: Listener | None = None, *, on_download: Progress | None = None, baseline: bool = True
) -> tuple[Run, AnyResult | None]:
    """Train a classifier on a data set that is named, score it on the test split once, and keep everything.

    Args:
        listener: told of every step, evaluation and note; asked whether to stop.
        baseline: whether the linear model is trained, to compare with and to find labels that are probably wrong.

    Returns:
        The run in its own folder, and its result; None of a run that was finished before.

    Raises:
        TextRNNError: for anything the user can mend.
    """
    listener = listener or Listener()
    run = placed(run)
    announce_folder(run, listener)
    if is_finished(run, listener):
        return run, None
    source = find_dataset(combine(run).data.dataset, on_progress=on_download)
    run = with_content(run)
    with held(run):
        kept = kept_settings(run, listener)
        choose_device(combine(run, kept).training.device)  # a wrong one shows before anything is read
        dataset = load_dataset(source, combine(run, kept).data)
        linear = train_baseline if baseline else None
        return run, train_on(dataset, run, listener, kept=kept, baseline=linear, doubts=baseline)


def train_on(
    dataset: Dataset,
    run: Run,
    listener: Listener,
    *,
    kept: Kept | None = None,
    baseline: Callable[[Dataset], AnyBaseline | None] | None = None,
    doubts: bool = False,
) -> AnyResult:
    """As :func:`train`, on a data set that is in memory.

    Args:
        kept: what the run that goes on has kept.
        baseline: gives the linear model to compare with, of the data set as it is learnt.
        doubts: whether rows are looked for whose label is probably wrong, where each has one.
    """
    dataset = all_learnt(dataset, run.model_name)
    facts = DatasetFacts(dataset, vectors_are_kept=kept is not None)
    settings: ClassifierSettings = settle(run, kept, facts)
    if kept is not None and "tokens" in kept:
        dataset.encode_with(Vocabulary(kept["tokens"], dataset.encoded(settings.data).vocabulary.tokenizer))
    run = as_begun(run, kept)
    beginning = facts.beginning(settings)
    encoded = dataset.encoded(settings.data)
    beside = {"began_from": beginning.to_kept(), "tokens": encoded.vocabulary.tokens} if beginning else None
    checkpoint = checkpoint_of(run, settings, encoded.digest, kept, beside)
    introduce(dataset, settings, facts.vectors(settings), listener, beginning)
    announce_replacement(run.folder, listener)
    listener.on_training(settings, "", run.folder)
    vectors = facts.vectors(settings)
    learnt = learn(dataset, settings, listener, vectors=vectors, beginning=beginning, checkpoint=checkpoint)
    result = judge(learnt, dataset, baseline(dataset) if baseline else None)
    listener.on_note(Note("judged", result=result))
    judged = doubts and not dataset.multi_label  # confident learning counts rows by the one class that each has
    doubted = suspect_rows(dataset, suspects_beside(learnt.classifier, dataset)) if judged else None
    if doubted:
        listener.on_note(Note("labels_doubted", count=len(doubted), total=len(dataset), folder=run.folder))
    shown, live = shown_settings(learnt.classifier), {}
    if run.folder is not None:
        live = classifier_page(learnt.classifier, examples_of(dataset.test.texts), title=result.title)
        shown += [("live in a browser", name) for name in live]
    files, notes = result.to_files(shown, run=learnt.classifier.settings, suspects=doubted)
    files |= live
    keep(run, learnt.classifier, files, notes, listener, beside={} if baseline else {"baseline": False})
    return result


def shown_settings(classifier: Classifier) -> list[tuple[str, str]]:
    """What stands at the top of the report's page."""
    data, parameters = classifier.settings.data, sum(p.numel() for p in classifier.network.parameters())
    return [
        ("vocabulary", f"{len(classifier.vocabulary):,} ({data.tokenizer})"),
        ("embedding", data.embedding),
        ("parameters", f"{parameters:,}"),
    ]


def introduce(
    dataset: Dataset,
    settings: ClassifierSettings,
    vectors: PretrainedEmbedding | None,
    listener: Listener,
    beginning: Beginning | None = None,
) -> None:
    """Tell what the data is like."""
    for note in dataset.notes:
        listener.on_note(note)
    encoded = dataset.encoded(settings.data)
    train, vocabulary, of_data = encoded.train, encoded.vocabulary, settings.data
    listener.on_note(Note("data_set", dataset=dataset, tokens_per_text=train.lengths.mean()))
    if train.truncated:
        unread = train.unread / (train.unread + len(train.token_ids))
        listener.on_note(Note("cut_texts", cut=train.truncated, texts=len(train.lengths), unread=unread, data=of_data))
    coverage = vocabulary.coverage(encoded.dev) if len(dataset.dev) else None
    listener.on_note(Note("vocabulary", size=len(vocabulary), tokenizer=of_data.tokenizer, coverage=coverage))
    if vectors is not None:
        found, of_occurrences = int(vectors.found.sum()), float(vectors.found[train.token_ids].mean())
        listener.on_note(
            Note("vectors", vectors=vectors, found=found, tokens=len(vocabulary) - 2, of_occurrences=of_occurrences)
        )
        if of_occurrences < 0.5:
            listener.on_note(Note("few_vectors"))
    if encoded.static is not None:
        unread = int((train.sentence_vectors == 0).all(axis=1).sum())  # type: ignore[union-attr]
        listener.on_note(Note("static_vectors", vectors=encoded.static, unread=unread, texts=len(train.lengths)))
    if beginning is not None:
        known, seen = beginning.rows_of(vocabulary.tokens) >= 0, np.unique(train.token_ids)
        facts = {"found": int(known[seen].sum()), "tokens": len(seen), "more": int(known.sum() - known[seen].sum())}
        of_occurrences = float(known[train.token_ids].mean())
        listener.on_note(Note("begins", beginning=beginning, of_occurrences=of_occurrences, **facts))
        if of_occurrences < 0.5:
            listener.on_note(Note("few_characters"))


def learn(
    dataset: Dataset,
    settings: ClassifierSettings,
    listener: Listener | None = None,
    *,
    vectors: PretrainedEmbedding | None = None,
    beginning: Begins | None = None,
    checkpoint: Checkpoint | None = None,
    rows: RowsOfTexts = LabelledTexts.from_encoded,
    start: ClassifierNetwork | None = None,
) -> Learnt:
    """Train a classifier on texts in memory.

    Args:
        settings: settled, see :func:`textrnn.tasks.settings.settle`.
        vectors: to begin with, for the whole vocabulary.
        beginning: gives a new network its first weights: a language model, or what the caller has learnt otherwise.
        checkpoint: where the unfinished run is kept; by default nowhere.
        rows: encoded texts, labels and device -> what batches are cut from.
        start: a network of the same settings, vocabulary and classes whose weights are the first ones; it stays as it
            is.

    Raises:
        Interrupted: if the listener asked to stop.
        TrainingError: if the loss diverges or the memory runs out.
        ConfigError: for a device that is not here, or sizes that do not fit the memory.
    """
    listener = listener or Listener()
    training, device = settings.training, choose_device(settings.training.device)
    if settings.model_name == AUTO and is_linear_enough(dataset):
        settings = linear_settings(settings)  # of so few, no dev split says what a network is good for
    encoded = dataset.encoded(settings.data)
    labelling, sample = labelling_of(dataset), _sample_of_windows(settings)
    network = build_classifier(settings, encoded, len(dataset.class_names), vectors, device)
    labelling.prepare(network)
    if start is not None:
        network.load_state_dict(start.state_dict())
    elif beginning is not None:
        beginning.carry_into(network, encoded.vocabulary.tokens)
    listener.on_note(Note("network", settings=settings, network=network, device=device))
    if training.pretrain and start is None:
        training, checkpoint = pretrained_first(network, encoded.train, encoded.dev, training, checkpoint, listener)
    train, dev = (
        rows(texts, split.targets, device).weighted(split.weights).softened(split.soft_labels)
        for texts, split in ((encoded.train, dataset.train), (encoded.dev, dataset.dev))
    )
    objective = labelling.objective(train, dev, training, sample)
    names = _names(dataset, encoded, device)
    beside, training = solved_before(network, objective, settings, training, listener, names)
    if is_solved(network):
        history = solve(network, objective, training, listener, names)
        tell_if_late(settings, history.seconds, listener)
    else:
        history = fit(network, objective, training, checkpoint=checkpoint, listener=listener)
    listener.on_note(Note("trained", history=history))
    settings, network, beside = decided(
        settings,
        network,
        objective,
        beside,
        listener,
        lambda kind: build_classifier(kind, encoded, len(dataset.class_names), None, device),
        names,
    )
    with explain_out_of_memory():
        fitted = labelling.fitted(network, dev, settings.training, objective.threads)
    if dataset.dev_is_learnt and beside is not None:
        learn_dev(network, objective, beside, settings.training, names, listener)
    classifier = Classifier(
        settings, network, encoded.vocabulary, dataset.class_names, threads=objective.threads, **fitted
    )
    classifier.static = None if network.sentences is None else encoded.static
    classifier.began_from = _began_from(beginning, checkpoint)
    classifier.read = [reading.to_dict() for reading in dataset.readings]
    return Learnt(classifier, history)


def _names(dataset: Dataset, encoded: EncodedDataset, device: torch.device) -> LabelledTexts | None:
    """The names of the classes as texts of theirs, where they are words and each text has one label."""
    if dataset.multi_label or not are_words(dataset.class_names):
        return None
    texts = encoded.vocabulary.encode(dataset.class_names, spelling=encoded.train.spelling is not None)
    return LabelledTexts.from_encoded(texts, list(range(len(dataset.class_names))), device)


def _began_from(beginning: Begins | None, checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    """What the folder keeps of the language model; of a run that went on, what it kept when it began."""
    if checkpoint is not None:
        kept: dict[str, Any] | None = checkpoint.settings.get("began_from")
        return kept
    return beginning.to_kept() if isinstance(beginning, Beginning) else None


def build_classifier(
    settings: ClassifierSettings,
    encoded: EncodedDataset,
    class_count: int,
    vectors: PretrainedEmbedding | None,
    device: torch.device,
) -> ClassifierNetwork:
    """A new network with seeded weights, on its device, the pretrained vectors in place."""
    sizes = {"vocabulary_size": len(encoded.vocabulary), "class_count": class_count}
    network: ClassifierNetwork = build_network(settings, **sizes)
    known = encoded.known
    spelling = known.spelling
    with explain_impossible_network(settings):
        if spelling is not None:
            learn = network.learn_words if settings.data.words else network.learn_spelling
            learn(torch.from_numpy(spelling.characters), torch.from_numpy(spelling.offsets))
        network.learn_statistics(torch.from_numpy(known.token_ids), torch.from_numpy(known.offsets))
    vectors_of_texts = encoded.train.sentence_vectors
    if vectors_of_texts is not None and not is_solved(network):
        network.read_sentences(vectors_of_texts.shape[1]).learn_statistics(torch.from_numpy(vectors_of_texts))
    table = network.embedding.table.weight
    if vectors is not None:
        with torch.no_grad():
            table.copy_(torch.from_numpy(vectors.vectors))
    table.requires_grad_(not settings.data.freeze_embedding)
    set_precision(network, precision_for(settings.training.precision, device))
    return network.to(device)


def _sample_of_windows(settings: ClassifierSettings) -> WindowSample | None:
    """What is read of long texts in a step of training."""
    config = settings.model_config
    if not isinstance(config, WindowedConfig) or not config.window:
        return None
    return WindowSample(config.window, config.max_windows)


def judge(learnt: Learnt, dataset: Dataset, baseline: AnyBaseline | None = None) -> AnyResult:
    """Score a classifier on the test split.

    Args:
        baseline: the linear model to stand beside it.
    """
    settings = learnt.classifier.settings
    result: Any = scored(learnt.classifier, dataset, dataset.encoded(settings.data).test)
    return dataclasses.replace(  # type: ignore[no-any-return]  # of the same kind
        result, history=learnt.history, baseline=baseline, circumstances=circumstances(dataset, settings)
    )


def scored(classifier: Classifier, dataset: Dataset, test: EncodedTexts) -> AnyResult:
    """The figures of a classifier on the test split, whatever it has learnt from."""
    return labelling_of(dataset).scored(classifier, test)


def circumstances(dataset: Dataset, settings: ClassifierSettings) -> Circumstances:
    """What the verdict on a run has to know of data and settings."""
    data, training, texts = settings.data, settings.training, dataset.encoded(settings.data).train
    return Circumstances(
        training_counts=tuple(dataset.train.class_counts(len(dataset.class_names)).tolist()),
        tokens_per_text=float(texts.lengths.mean()),
        unread=texts.unread / (texts.unread + len(texts.token_ids)),
        pad_size=data.pad_size,
        epochs=training.epochs,
        budget=training.budget,
        balanced=training.class_weight == "balanced",
        vectors_beside=data.embedding == "random" and _vectors_lie_beside(dataset),
        all_learnt=not len(dataset.dev),
    )


def _vectors_lie_beside(dataset: Dataset) -> bool:
    try:
        return dataset.folder is not None and find_embedding("pretrained", dataset.folder) is not None
    except DataError:  # none, or several that could be meant
        return False


def train_baseline(dataset: Dataset, *, repeats: int = 1) -> AnyBaseline | None:
    """The linear model on the same splits; None where it would take too long.

    Args:
        repeats: how often the test split is predicted; the quickest time counts.
    """
    return labelling_of(dataset).baseline(repeats=repeats)
