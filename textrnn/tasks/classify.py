"""Text classification from a file of labelled lines to a saved model and its report.

file -> examples -> tokens -> ids -> length-bucketed batches -> model -> train_eval -> metrics -> artifact -> report
"""

from __future__ import annotations

import dataclasses
import hashlib
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from textrnn.config import DataConfig, ModelConfig, TrainConfig
from textrnn.corpus.batches import LabelledTexts
from textrnn.corpus.catalog import find_dataset
from textrnn.corpus.dataset import Dataset, load_dataset
from textrnn.corpus.download import Progress
from textrnn.corpus.embeddings import PretrainedEmbedding, find_embedding, load_embedding
from textrnn.corpus.tokenizers import words_are_spaced
from textrnn.corpus.vocab import EncodedTexts, Vocabulary
from textrnn.errors import ConfigError, one_line
from textrnn.evaluation.baseline import Baseline, linear_baseline
from textrnn.evaluation.calibration import fit_temperature, without_smoothing
from textrnn.files import exclusive_use
from textrnn.models.classifiers.base import TextClassifier
from textrnn.models.parts.layers import set_precision
from textrnn.models.registry import ModelEntry, find_model
from textrnn.randomness import seeded
from textrnn.report.classification import ClassificationResult
from textrnn.saved.classifier import Classifier, describe_settings
from textrnn.saved.folder import is_saved
from textrnn.tasks.request import ClassifyRequest
from textrnn.tasks.resuming import (
    Say,
    ShouldStop,
    StopWhen,
    is_finished,
    naming_unreadable_settings,
    refuse_other_data,
    settings_to_resume,
)
from textrnn.training.checkpoint import Checkpoint
from textrnn.training.events import Listener, ListenerGroup
from textrnn.training.objectives.classification import ClassificationObjective, predict_logits
from textrnn.training.train_eval import choose_device, explain_out_of_memory, fit, precision_for

STEPS = 512  # what lies beyond in a text is read by bags of n-grams alone, and costs little


@dataclass(frozen=True)
class _Plan:
    """A request with every setting decided."""

    entry: ModelEntry
    model: ModelConfig
    data: DataConfig
    training: TrainConfig
    resume: bool
    digest: str | None = None  # of the data that the checkpoint was made with


@dataclass(frozen=True)
class _Encoded:
    """The three splits as token ids, with the vocabulary and the vectors they are looked up in."""

    vocabulary: Vocabulary
    embedding: PretrainedEmbedding | None
    train: EncodedTexts
    dev: EncodedTexts
    test: EncodedTexts
    digest: str


def train(
    request: ClassifyRequest,
    *,
    say: Say,
    listener: Listener | None = None,
    on_download: Progress | None = None,
    stopping: AbstractContextManager[ShouldStop] | None = None,
    baseline: Baseline | None = None,
) -> Path:
    """Train a classifier, score it on the test split once, and leave everything in the returned folder.

    Args:
        say: takes each line of the report as it becomes known.
        listener: told of every step and evaluation.
        stopping: entered while the model is fitted; what it gives is asked after every step, and True ends the run
            with its checkpoint safe.
        baseline: the linear model, where it is known already.

    Raises:
        TextRNNError: for anything the user can mend.
    """
    folder, checkpoint = request.folder, request.checkpoint
    if is_finished(request, say):
        return folder
    source = find_dataset(request.dataset, on_progress=on_download)
    with exclusive_use(folder):
        plan = _plan(request, say)
        device = choose_device(plan.training.device)
        dataset = load_dataset(source, plan.data)
        spaced = words_are_spaced(dataset.train.texts)
        data = plan.data.fitted_to(words_are_spaced=spaced, pad_size=plan.entry.pad_size)
        plan = dataclasses.replace(plan, data=data)
        encoded = _encode(dataset, plan)
        plan = _fit_to_data(plan, request, dataset, encoded)
        _introduce(dataset, encoded, plan, say)
        model = _build(plan, encoded, len(dataset.class_names), device)
        parameters = sum(parameter.numel() for parameter in model.parameters())
        say(f"{plan.entry.name}: {parameters:,} parameters on {device}, {_length_of_training(plan.training)}")
        with stopping or nullcontext(lambda: False) as should_stop:
            objective = ClassificationObjective(
                LabelledTexts.from_encoded(encoded.train, dataset.train.labels, device),
                LabelledTexts.from_encoded(encoded.dev, dataset.dev.labels, device),
                plan.training,
                len(dataset.class_names),
            )
            history = fit(
                model,
                objective,
                plan.training,
                checkpoint=Checkpoint(
                    checkpoint,
                    describe_settings(plan.entry.name, plan.model, plan.data, plan.training)
                    | {"digest": encoded.digest},
                    plan.resume,
                ),
                listener=ListenerGroup([*([listener] if listener else []), StopWhen(should_stop)]),
            )
        best = history.best
        say(
            f"trained {history.seconds:.1f} s, {len(history.train_loss):,} steps ({history.stopped_by}); kept the "
            f"weights of step {history.best_step:,}: dev loss {best['dev_loss']:.4f}, "
            f"dev accuracy {best['dev_accuracy']:.4f}"
        )
        with explain_out_of_memory():
            dev_logits = predict_logits(model, objective.dev).numpy()
            temperature = fit_temperature(
                without_smoothing(dev_logits, plan.training.label_smoothing), dataset.dev.labels
            )
            test_logits = predict_logits(model, LabelledTexts.from_encoded(encoded.test, dataset.test.labels, device))
        if request.baseline and baseline is None:
            baseline = train_baseline(dataset)
        classifier = Classifier(
            plan.entry.name,
            plan.model,
            model,
            encoded.vocabulary,
            dataset.class_names,
            plan.data,
            plan.training,
            temperature,
        )
        result = ClassificationResult(
            classifier.model_name,
            plan.training.seed,
            dataset,
            history,
            test_logits.numpy(),
            plan.training.label_smoothing,
            temperature,
            baseline,
        )
        say(result.to_text())
        files, notices = result.to_files(
            [
                ("vocabulary", f"{len(encoded.vocabulary):,} ({plan.data.tokenizer})"),
                ("embedding", plan.data.embedding),
                ("parameters", f"{parameters:,}"),
            ]
        )
        for notice in [*result.warnings, *notices]:
            say(f"note: {notice}")
        if is_saved(folder):
            say(f"note: the model of an earlier run in {folder} is replaced (another --save-dir keeps both)")
        classifier.save(folder, files)
        checkpoint.unlink(missing_ok=True)
    return folder


def _plan(request: ClassifyRequest, say: Say) -> _Plan:
    """Decide all settings: the defaults and what the user said, or those of the checkpoint."""
    entry = find_model(request.model)
    kept = settings_to_resume(request, say)
    if kept is None:
        wanted = {} if entry.learning_rate is None else {"learning_rate": entry.learning_rate}
        return _Plan(
            entry,
            entry.config_class.from_dict(request.model_settings),
            DataConfig.from_dict(request.data_settings),
            TrainConfig.from_dict(wanted | dict(request.train_settings)),
            resume=False,
        )
    with naming_unreadable_settings(request.checkpoint):
        return _Plan(
            entry,
            entry.config_class.from_dict(kept["hyper_parameters"]),
            DataConfig.from_dict(kept["data"] | {"dataset": request.dataset}),
            TrainConfig.from_dict(kept["training"]),
            resume=True,
            digest=kept.get("digest"),
        )


def _encode(dataset: Dataset, plan: _Plan) -> _Encoded:
    """Build the vocabulary on the training texts and turn all splits into ids."""
    vocabulary = Vocabulary.build_as_set(dataset.train.texts, plan.data)
    # A run that goes on has its vectors in the checkpoint, and their size in its settings.
    path = None if plan.resume else find_embedding(plan.data.embedding, dataset.folder)
    embedding = None if path is None else load_embedding(path, vocabulary.tokens, seed=plan.training.seed)
    train, dev, test = (
        vocabulary.encode(split.texts, longest=plan.data.pad_size)
        for split in (dataset.train, dataset.dev, dataset.test)
    )
    digest = hashlib.sha256("\n".join(dataset.class_names).encode("utf-8", "replace"))
    digest.update(vocabulary.to_json().encode("utf-8", "replace"))
    for encoded, split in ((train, dataset.train), (dev, dataset.dev), (test, dataset.test)):
        for array in (encoded.token_ids, encoded.offsets, np.array(split.labels)):
            digest.update(array.tobytes())
    return _Encoded(vocabulary, embedding, train, dev, test, digest.hexdigest())


def _fit_to_data(plan: _Plan, request: ClassifyRequest, dataset: Dataset, encoded: _Encoded) -> _Plan:
    """Settle what depends on the data: epochs, batch size, evaluation interval, embedding size."""
    if plan.resume and plan.digest != encoded.digest:
        refuse_other_data(request)
    training = plan.training.fitted_to(
        len(dataset.train),
        len(dataset.dev),
        mean_length=float(np.minimum(encoded.train.lengths, STEPS).mean()),
        passes=plan.entry.passes,
    )
    model = plan.model
    if encoded.embedding is not None:
        size = encoded.embedding.vectors.shape[1]
        asked = request.model_settings.get("embedding_size", size)
        if asked != size:
            raise ConfigError(
                f"--embedding-size {asked}: the vectors in {encoded.embedding.path} have {size} numbers; "
                f"expected --embedding-size {size}, or none"
            )
        model = dataclasses.replace(model, embedding_size=size)
    elif plan.data.freeze_embedding and plan.data.embedding == "random":
        raise ConfigError(
            "--freeze-embedding: random vectors that are never trained teach nothing; expected --embedding pretrained "
            "or PATH with it"
        )
    return dataclasses.replace(plan, model=model, training=training)


def _introduce(dataset: Dataset, encoded: _Encoded, plan: _Plan, say: Say) -> None:
    """Say what the data is like."""
    for notice in dataset.notices:
        say(f"note: {notice}")
    vocabulary = encoded.vocabulary
    say(
        f"{dataset.name}: {len(dataset.class_names)} classes; {len(dataset.train):,} training, {len(dataset.dev):,} "
        f"dev, {len(dataset.test):,} test texts; {encoded.train.lengths.mean():.0f} tokens read of a text on average"
    )
    train = encoded.train
    if train.truncated:
        share = train.unread / (train.unread + len(train.token_ids))
        words = ", or --tokenizer word or space for fewer, longer tokens" if plan.data.tokenizer == "char" else ""
        say(
            f"note: {train.truncated:,} of {len(dataset.train):,} training texts are longer than {plan.data.pad_size} "
            f"tokens; the rest of them, {share:.0%} of all, is not read: see --pad-size{words}"
        )
    say(
        f"vocabulary: {len(vocabulary):,} entries ({plan.data.tokenizer}); knows "
        f"{vocabulary.coverage(encoded.dev):.2%} of the tokens of dev"
    )
    if encoded.embedding is not None:
        found = encoded.embedding.found
        ids = encoded.train.token_ids
        say(
            f"embedding: {encoded.embedding.path}, size {encoded.embedding.vectors.shape[1]}; has {found.sum():,} of "
            f"{len(vocabulary) - 2:,} tokens ({found.sum() / max(1, len(vocabulary) - 2):.2%}), "
            f"{found[ids].mean():.2%} of their occurrences"
        )
        if found[ids].mean() < 0.5:
            say("note: most tokens have no vector there; see --tokenizer (characters or words?) and --lowercase")


def _build(plan: _Plan, encoded: _Encoded, class_count: int, device: torch.device) -> TextClassifier:
    """A new model with seeded weights, on its device, the pretrained vectors in place."""
    try:
        with seeded(plan.training.seed, torch.device("cpu")):
            model: TextClassifier = plan.entry.build(
                plan.model, vocabulary_size=len(encoded.vocabulary), class_count=class_count
            )
        model.learn_statistics(torch.from_numpy(encoded.train.token_ids), torch.from_numpy(encoded.train.offsets))
    except (RuntimeError, TypeError, MemoryError, OverflowError) as error:
        raise ConfigError(
            f"{plan.entry.name}: cannot be built ({one_line(error)}); expected sizes that fit the memory: see "
            "--hidden-size, --embedding-size and --num-layers"
        ) from error
    if encoded.embedding is not None:
        with torch.no_grad():
            model.embedding.table.weight.copy_(torch.from_numpy(encoded.embedding.vectors))
    model.embedding.table.weight.requires_grad_(not plan.data.freeze_embedding)
    set_precision(model, precision_for(plan.training.precision, device))
    return model.to(device)


def _length_of_training(config: TrainConfig) -> str:
    epochs = f"{config.epochs} epochs" if config.epochs else ""
    budget = f"{config.budget:g} s at most" if config.budget else ""
    return ", ".join(part for part in (epochs, budget, f"{config.batch_size} texts a batch") if part)


def train_baseline(dataset: Dataset, *, repeats: int = 1) -> Baseline:
    """The linear model on the same splits.

    Args:
        repeats: how often the test split is predicted; the quickest time counts.
    """
    train, test = dataset.train, dataset.test
    return linear_baseline(
        train.texts, train.labels, test.texts, test.labels, len(dataset.class_names), repeats=repeats
    )
