"""Text classification from labelled texts to a saved model and its report.

file -> examples -> tokens -> ids -> length-bucketed batches -> model -> train_eval -> metrics -> saved model -> report
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from textrnn.config import ClassifierSettings, DataConfig, Run
from textrnn.corpus.batches import LabelledTexts
from textrnn.corpus.dataset import Dataset, EncodedDataset, load_dataset
from textrnn.corpus.embeddings import PretrainedEmbedding, find_embedding, load_embedding
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.corpus.sources.download import Progress
from textrnn.corpus.vocab import EncodedTexts
from textrnn.errors import DataError, Note
from textrnn.evaluation.verdict import Circumstances
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import set_precision
from textrnn.report.label_errors import suspect_rows
from textrnn.saved.classifier import Classifier
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
from textrnn.tasks.label_errors import suspects_beside
from textrnn.tasks.labelling import AnyBaseline, AnyResult, labelling_of
from textrnn.tasks.model_folders import announce_folder, placed, with_content
from textrnn.tasks.settings import combine, settle
from textrnn.training.checkpoint import Checkpoint
from textrnn.training.events import Listener
from textrnn.training.history import History
from textrnn.training.train_eval import choose_device, explain_out_of_memory, fit, precision_for

STEPS = 512  # what lies beyond in a text is read by bags of n-grams alone, and costs little
RowsOfTexts = Callable[[EncodedTexts, list[int] | LabelSets, torch.device], LabelledTexts]


@dataclass(frozen=True)
class Learnt:
    """What training leaves: a classifier that answers, and how it went."""

    classifier: Classifier
    history: History


class DatasetFacts:
    """What settling asks of a data set.

    Args:
        vectors_are_kept: they come with the checkpoint of the run that goes on, and are not read again.
    """

    def __init__(self, dataset: Dataset, *, vectors_are_kept: bool = False):
        self.dataset, self.vectors_are_kept = dataset, vectors_are_kept
        self.words_are_spaced, self.multi_label = dataset.words_are_spaced, dataset.multi_label
        self.training_rows, self.dev_rows = len(dataset.train), len(dataset.dev)
        self._vectors: PretrainedEmbedding | None = None

    def mean_length(self, data: DataConfig) -> float:
        """Tokens that a recurrent network reads of a training text, on average."""
        return float(np.minimum(self.dataset.encoded(data).train.lengths, STEPS).mean())

    def vectors(self, settings: ClassifierSettings) -> PretrainedEmbedding | None:
        """The pretrained vectors of the vocabulary; None for random ones.

        Raises:
            DataError: if they cannot be found or read.
        """
        path = None if self.vectors_are_kept else find_embedding(settings.data.embedding, self.dataset.folder)
        if path is not None and self._vectors is None:
            tokens = self.dataset.encoded(settings.data).vocabulary.tokens
            self._vectors = load_embedding(path, tokens, seed=settings.training.seed)
        return self._vectors


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
        linear = partial(train_baseline, dataset) if baseline else None
        return run, train_on(dataset, run, listener, kept=kept, baseline=linear, doubts=baseline)


def train_on(
    dataset: Dataset,
    run: Run,
    listener: Listener,
    *,
    kept: Kept | None = None,
    baseline: Callable[[], AnyBaseline | None] | None = None,
    doubts: bool = False,
) -> AnyResult:
    """As :func:`train`, on a data set that is in memory.

    Args:
        kept: what the run that goes on has kept.
        baseline: gives the linear model to compare with.
        doubts: whether rows are looked for whose label is probably wrong, where each has one.
    """
    facts = DatasetFacts(dataset, vectors_are_kept=kept is not None)
    settings: ClassifierSettings = settle(run, kept, facts)
    run = as_begun(run, kept)
    checkpoint = checkpoint_of(run, settings, dataset.encoded(settings.data).digest, kept)
    introduce(dataset, settings, facts.vectors(settings), listener)
    announce_replacement(run.folder, listener)
    listener.on_training(settings, "", run.folder)
    learnt = learn(dataset, settings, listener, vectors=facts.vectors(settings), checkpoint=checkpoint)
    result = judge(learnt, dataset, baseline() if baseline else None)
    listener.on_note(Note("judged", result=result))
    judged = doubts and not dataset.multi_label  # confident learning counts rows by the one class that each has
    doubted = suspect_rows(dataset, suspects_beside(learnt.classifier, dataset)) if judged else None
    if doubted:
        listener.on_note(Note("labels_doubted", count=len(doubted), total=len(dataset), folder=run.folder))
    files, notes = result.to_files(shown_settings(learnt.classifier), run=learnt.classifier.settings, suspects=doubted)
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
    dataset: Dataset, settings: ClassifierSettings, vectors: PretrainedEmbedding | None, listener: Listener
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
    coverage = vocabulary.coverage(encoded.dev)
    listener.on_note(Note("vocabulary", size=len(vocabulary), tokenizer=of_data.tokenizer, coverage=coverage))
    if vectors is not None:
        found, of_occurrences = int(vectors.found.sum()), float(vectors.found[train.token_ids].mean())
        listener.on_note(
            Note("vectors", vectors=vectors, found=found, tokens=len(vocabulary) - 2, of_occurrences=of_occurrences)
        )
        if of_occurrences < 0.5:
            listener.on_note(Note("few_vectors"))


def learn(
    dataset: Dataset,
    settings: ClassifierSettings,
    listener: Listener | None = None,
    *,
    vectors: PretrainedEmbedding | None = None,
    checkpoint: Checkpoint | None = None,
    rows: RowsOfTexts = LabelledTexts.from_encoded,
    start: ClassifierNetwork | None = None,
) -> Learnt:
    """Train a classifier on texts in memory.

    Args:
        settings: settled, see :func:`textrnn.tasks.settings.settle`.
        vectors: to begin with, for the whole vocabulary.
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
    encoded = dataset.encoded(settings.data)
    labelling = labelling_of(dataset)
    network = _build(settings, encoded, len(dataset.class_names), vectors, device)
    labelling.prepare(network, dataset)
    if start is not None:
        network.load_state_dict(start.state_dict())
    listener.on_note(Note("network", settings=settings, network=network, device=device))
    train, dev = (
        rows(texts, split.targets, device).weighted(split.weights)
        for texts, split in ((encoded.train, dataset.train), (encoded.dev, dataset.dev))
    )
    objective = labelling.objective(dataset, train, dev, training)
    history = fit(network, objective, training, checkpoint=checkpoint, listener=listener)
    listener.on_note(Note("trained", history=history))
    with explain_out_of_memory():
        fitted = labelling.fitted(dataset, network, dev, training, objective.threads)
    names, threads = dataset.class_names, objective.threads
    classifier = Classifier(settings, network, encoded.vocabulary, names, threads=threads, **fitted)
    classifier.read = [reading.to_dict() for reading in dataset.readings]
    return Learnt(classifier, history)


def _build(
    settings: ClassifierSettings,
    encoded: EncodedDataset,
    class_count: int,
    vectors: PretrainedEmbedding | None,
    device: torch.device,
) -> ClassifierNetwork:
    """A new network with seeded weights, on its device, the pretrained vectors in place."""
    sizes = {"vocabulary_size": len(encoded.vocabulary), "class_count": class_count}
    network: ClassifierNetwork = build_network(settings, **sizes)
    with explain_impossible_network(settings):
        network.learn_statistics(torch.from_numpy(encoded.train.token_ids), torch.from_numpy(encoded.train.offsets))
    table = network.embedding.table.weight
    if vectors is not None:
        with torch.no_grad():
            table.copy_(torch.from_numpy(vectors.vectors))
    table.requires_grad_(not settings.data.freeze_embedding)
    set_precision(network, precision_for(settings.training.precision, device))
    return network.to(device)


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
    return labelling_of(dataset).scored(classifier, dataset, test)


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
    return labelling_of(dataset).baseline(dataset, repeats=repeats)
