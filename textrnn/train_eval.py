"""The one training loop: train_step -> fit, with evaluate, and a checkpoint after every look at the dev split.

A run is a function of its seed: the order of the batches comes from (seed, epoch), dropout from torch's generator,
which the checkpoint carries. A run that was killed and goes on from its checkpoint therefore ends with the same
weights, bit for bit, as one left alone (CPU, same machine, no time budget).

Shapes: B batch, C classes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from textrnn.config import TrainConfig
from textrnn.corpus.batches import Batch, LabelledTexts, shuffled_batches, sorted_batches
from textrnn.errors import ConfigError, Interrupted, TrainingError, one_line
from textrnn.history import History, Listener
from textrnn.models.base import TextClassifier
from textrnn.training_state import TrainingState

WARM_UP = 0.15  # share of the one-cycle schedule spent on rising
READ_LOSSES_EVERY = 20  # steps between two reads of the losses off the device; reading stalls a GPU


@dataclass(frozen=True)
class Evaluation:
    """A scored split, in the order of its rows.

    Attributes:
        loss: mean cross-entropy, nats per row
        accuracy: share of rows predicted right
        predictions: int64, (rows,): class indices
    """

    loss: float
    accuracy: float
    predictions: NDArray[np.int64]


def choose_device(name: str) -> torch.device:
    """The device called `name`; ``auto`` is the first GPU where there is one, else the CPU.

    Raises:
        ConfigError: if there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).tolist()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = one_line(str(error).partition("\n")[0].partition(". ")[0])
        raise ConfigError(
            f"--device {name}: cannot be used ({reason}); expected auto, cpu or a GPU that is here"
        ) from error
    return device


def epoch_generator(seed: int, epoch: int) -> torch.Generator:
    """The generator that orders the batches of one epoch."""
    (state,) = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state) >> 1)


@contextlib.contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Torch's own generators, which weights and dropout draw from, seeded inside and put back after."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


@contextlib.contextmanager
def naming_lack_of_memory() -> Iterator[None]:
    """Turns the several ways of running out of memory into one error that says what to make smaller.

    Raises:
        TrainingError: in the place of what torch or Python raised.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch's allocators raise RuntimeError or a subclass of it
        if isinstance(error, RuntimeError) and not re.search("out of memory|can't allocate memory", str(error)):
            raise
        raise TrainingError(
            f"training: out of memory ({one_line(error) or 'MemoryError'}); expected room for a batch: try a smaller "
            "--batch-size, --pad-size or --hidden-size"
        ) from error


def learning_rate_at(config: TrainConfig, progress: float) -> float:
    """The learning rate at a share of the training (0 to 1).

    ``one-cycle`` rises over the first 15 % from a twenty-fifth of the peak and falls to nothing along a cosine;
    ``cosine`` only falls.

    Source: Smith & Topin 2018 (one-cycle); Loshchilov & Hutter 2017, equation 5 (cosine).
    """
    progress = min(1.0, max(0.0, progress))
    if config.schedule == "constant":
        return config.learning_rate
    if config.schedule == "one-cycle":
        if progress < WARM_UP:
            start = config.learning_rate / 25
            return start + (config.learning_rate - start) * 0.5 * (1 - math.cos(math.pi * progress / WARM_UP))
        progress = (progress - WARM_UP) / (1 - WARM_UP)
    floor = config.learning_rate * 1e-4
    return floor + (config.learning_rate - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Adam or AdamW over the parameters that are not frozen.

    The second moment decays with 0.99, not 0.999: a run has a few thousand steps, and a tenth of them is memory enough.

    Source: Kingma & Ba 2015 (Adam); Loshchilov & Hutter 2019 (AdamW).
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay, fused=True)


def train_step(model: TextClassifier, batch: Batch, optimizer: torch.optim.Optimizer, config: TrainConfig) -> Tensor:
    """One update. Returns the batch's mean cross-entropy before it, without label smoothing (nats per row)."""
    log_probabilities = functional.log_softmax(model(batch.token_ids, batch.lengths).float(), dim=1)
    cross_entropy = functional.nll_loss(log_probabilities, batch.labels)
    smoothing = config.label_smoothing
    loss = (1 - smoothing) * cross_entropy - smoothing * log_probabilities.mean() if smoothing else cross_entropy
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if config.clip_norm:
        nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
    optimizer.step()
    return cross_entropy.detach()


@torch.inference_mode()
def predict_logits(model: TextClassifier, texts: LabelledTexts) -> Tensor:
    """Logits (rows, C) on the CPU, in the order of the rows."""
    model.eval()
    logits: Tensor | None = None
    for rows in sorted_batches(texts.lengths):
        batch = texts.batch(rows)
        scored = model(batch.token_ids, batch.lengths).float().cpu()
        if logits is None:
            logits = torch.empty(len(texts), scored.shape[1])
        logits[rows] = scored
    assert logits is not None, "no rows to score"
    return logits


def evaluate(model: TextClassifier, texts: LabelledTexts) -> Evaluation:
    """Score a split; the loss is summed over all rows and divided once."""
    logits = predict_logits(model, texts)
    labels = texts.labels.cpu()
    loss = functional.cross_entropy(logits.double(), labels, reduction="sum").item() / len(labels)
    predictions = logits.argmax(dim=1)
    return Evaluation(loss, int((predictions == labels).sum()) / len(labels), predictions.numpy())


def fit(
    model: TextClassifier,
    train: LabelledTexts,
    dev: LabelledTexts,
    config: TrainConfig,
    *,
    checkpoint: Path | None = None,
    resume: bool = False,
    settings: dict[str, Any] | None = None,
    listener: Listener | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> History:
    """Train `model` in place and leave it with the weights of the best dev loss.

    Args:
        model: on the device to train on.
        train: rows to learn from.
        dev: rows scored now and then, never learnt from.
        config: fitted to the data (:meth:`TrainConfig.fitted_to`).
        checkpoint: written after every evaluation, and when `should_stop` says so.
        resume: go on from `checkpoint`.
        settings: kept in the checkpoint, for whoever resumes it.
        listener: told of every step and evaluation.
        should_stop: asked after every step.

    Raises:
        Interrupted: if `should_stop` said so; the checkpoint is on disk by then.
        TrainingError: if the loss is no longer finite, or the memory does not do.
        ConfigError: if `config` is not fitted.
        ArtifactError: if the checkpoint cannot be written, or read back.
    """
    if config.batch_size is None or config.evaluate_every is None or (config.epochs is None and config.budget is None):
        raise ConfigError(
            "fit: epochs, batch_size and evaluate_every are open; expected TrainConfig.fitted_to(...) first"
        )
    device = next(model.parameters()).device
    listener = listener or Listener()
    with seeded(config.seed, device):
        run = TrainingState(model, make_optimizer(model, config), settings or {})
        if resume and checkpoint is not None:
            run.restore(checkpoint)
        elif checkpoint is not None:
            run.save(checkpoint)  # so that a run killed at once is known to have begun, and with which settings
        with naming_lack_of_memory():
            _train(model, run, train, dev, config, checkpoint, listener, should_stop)
    model.load_state_dict(run.best_weights)
    return run.history


def _train(
    model: TextClassifier,
    run: TrainingState,
    train: LabelledTexts,
    dev: LabelledTexts,
    config: TrainConfig,
    checkpoint: Path | None,
    listener: Listener,
    should_stop: Callable[[], bool],
) -> None:
    assert config.batch_size
    assert config.evaluate_every
    history = run.history
    lengths = train.lengths
    batches_per_epoch = math.ceil(len(train) / config.batch_size)
    total_steps = config.epochs * batches_per_epoch if config.epochs else None
    clock_start = time.perf_counter() - history.seconds
    look_seconds = _scoring_seconds(model, dev) if config.budget else 0.0
    listener.on_start(total_steps, run.step, config.budget - history.seconds if config.budget else None)
    epoch_number, batches = 0, list[Tensor]()
    while not history.stopped_by:
        if run.step // batches_per_epoch + 1 != epoch_number:
            epoch_number = run.step // batches_per_epoch + 1
            batches = shuffled_batches(lengths, config.batch_size, epoch_generator(config.seed, epoch_number))
        # The budget includes the last look at the dev split; however long that takes, training gets half of it.
        deadline = max(config.budget - look_seconds, config.budget / 2) if config.budget else math.inf
        progress = max(run.step / total_steps if total_steps else 0.0, (time.perf_counter() - clock_start) / deadline)
        rate = learning_rate_at(config, progress)
        for group in run.optimizer.param_groups:
            group["lr"] = rate
        rows = batches[run.step % batches_per_epoch]
        model.train()
        run.pending.append(train_step(model, train.batch(rows), run.optimizer, config))
        history.learning_rate.append(rate)
        history.epoch.append(epoch_number)
        history.rows.append(len(rows))
        if run.device.type == "cpu" or run.step % READ_LOSSES_EVERY == 0:
            run.read_losses()
            listener.on_step(run.step, history.train_loss[-1])
        history.seconds = time.perf_counter() - clock_start
        if run.step == total_steps:
            history.stopped_by = "all epochs done"
        elif history.seconds >= deadline:
            history.stopped_by = f"the budget of {config.budget:g} s"
        # A look that would eat into the time of the last one is left out.
        time_left = config.budget - history.seconds if config.budget else math.inf
        if history.stopped_by or (run.step % config.evaluate_every == 0 and time_left >= 2 * look_seconds):
            started = time.perf_counter()
            _look_at_dev(model, run, dev, config, clock_start)
            if checkpoint is not None:
                run.save(checkpoint)
            look_seconds = time.perf_counter() - started
            listener.on_evaluation(history.evaluations[-1], history.best_step == run.step)
        if should_stop():
            if checkpoint is None:
                raise Interrupted("training was stopped; nothing was saved")
            run.save(checkpoint)
            raise Interrupted(f"training was stopped at step {run.step:,}; the checkpoint is {checkpoint}")


def _scoring_seconds(model: TextClassifier, dev: LabelledTexts) -> float:
    """How long scoring the dev split will take, judged by one batch of it (the first call is slower, so twice)."""
    rows = next(sorted_batches(dev.lengths))
    sample = dataclasses.replace(dev, starts=dev.starts[rows], lengths=dev.lengths[rows], labels=dev.labels[rows])
    predict_logits(model, sample)
    started = time.perf_counter()
    predict_logits(model, sample)
    seconds = time.perf_counter() - started
    return seconds * float(dev.lengths.sum() / sample.lengths.sum())


def _look_at_dev(
    model: TextClassifier, run: TrainingState, dev: LabelledTexts, config: TrainConfig, clock_start: float
) -> None:
    """Score the dev split, keep the weights if they are the best so far, and decide whether to stop early."""
    run.read_losses()
    history = run.history
    scored = evaluate(model, dev)
    if not math.isfinite(scored.loss):
        raise TrainingError(
            f"training: the dev loss is {scored.loss} at step {run.step}; expected a finite number: try a lower "
            "--learning-rate or --clip-norm"
        )
    since = int(history.evaluations[-1]["step"]) if history.evaluations else 0
    history.seconds = time.perf_counter() - clock_start
    history.evaluations.append(
        {
            "step": run.step,
            "epoch": history.epoch[-1],
            "seconds": history.seconds,
            "train_loss": float(np.average(history.train_loss[since:], weights=history.rows[since:])),
            "dev_loss": scored.loss,
            "dev_accuracy": scored.accuracy,
        }
    )
    if scored.loss < history.best_loss:
        history.best_loss, history.best_step = scored.loss, run.step
        run.best_weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    elif run.step - history.best_step >= config.require_improvement and not history.stopped_by:
        history.stopped_by = f"no better dev loss for {run.step - history.best_step:,} batches"
