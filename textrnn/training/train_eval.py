"""The one training loop, for every task: train_step -> fit, and a checkpoint after evaluations.

A run is a function of its seed: the order of the batches comes from (seed, epoch), dropout from torch's generator,
whose state is in the checkpoint. A run that was killed and resumed from its checkpoint therefore ends with the same
weights, bit for bit, as an undisturbed one (CPU, same machine, no time budget).
"""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from textrnn.config import FitConfig
from textrnn.errors import ConfigError, DivergedError, Interrupted, TrainingError, one_line
from textrnn.files import remove_file
from textrnn.randomness import seeded
from textrnn.training.checkpoint import Checkpoint
from textrnn.training.events import Listener
from textrnn.training.history import History, Sample
from textrnn.training.objectives.base import BatchType, Loss, Objective
from textrnn.training.optimizers import Optimizers, make_optimizer
from textrnn.training.pacing import Pacer
from textrnn.training.state import TrainingState
from textrnn.training.threads import Threads

WARM_UP_SHARE = 0.15  # share of the one-cycle schedule spent on rising
SMALLEST_FLOAT = float.fromhex("0x1p-1074")  # above zero
CHECKPOINT_GROWTH = 4  # the last checkpoint has the best weights and two averages for each, too; the first has not
WORSE_THAN_GUESSING = 1.05  # times the dev loss of guessing, from which on it is no accident
FEW_STEPS = 20  # after which nothing can be said
BLOWN_UP = 1.5  # times the loss of guessing and of the first batch: more than noise and dropout do to a training loss
READ_LOSSES_EVERY = 20  # steps after which the losses are copied from the device; copying stalls a GPU


@contextlib.contextmanager
def explain_out_of_memory(settings: str = "`batch_size`, `pad_size` or `hidden_size`") -> Iterator[None]:
    """Turns the various errors of running out of memory into one that names the settings to make smaller.

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
            f"{settings}"
        ) from error


@contextlib.contextmanager
def flushing_denormals() -> Iterator[None]:
    """Treats denormals, with which a CPU is slow, as zero (in this thread)."""
    before = SMALLEST_FLOAT * 1.0 == 0.0  # torch has no function that tells it
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


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
            f"`device` {name}: cannot be used ({reason}); expected auto, cpu or a GPU that is here"
        ) from error
    return device


def precision_for(name: str, device: torch.device) -> torch.dtype:
    """The number type to train in: ``auto`` is bf16 on a CPU that supports it, where it halves the time."""
    fast = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if name == "bf16" or (name == "auto" and fast) else torch.float32


def learning_rate_at(config: FitConfig, progress: float) -> float:
    """The learning rate at a share of the training (0 to 1).

    ``one-cycle`` rises over the first 15 % from a twenty-fifth of the peak and falls to nothing along a cosine;
    ``cosine`` only falls.

    Source: Smith & Topin 2018 (one-cycle); Loshchilov & Hutter 2017, equation 5 (cosine).
    """
    progress = min(1.0, max(0.0, progress))
    if config.schedule == "constant":
        return config.learning_rate
    if config.schedule == "one-cycle":
        if progress < WARM_UP_SHARE:
            start = config.learning_rate / 25
            return start + (config.learning_rate - start) * 0.5 * (1 - math.cos(math.pi * progress / WARM_UP_SHARE))
        progress = (progress - WARM_UP_SHARE) / (1 - WARM_UP_SHARE)
    floor = config.learning_rate * 1e-4
    return floor + (config.learning_rate - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def train_step(
    network: nn.Module,
    objective: Objective[BatchType],
    batch: BatchType,
    optimizer: Optimizers,
    config: FitConfig,
) -> Loss:
    """One update."""
    loss = objective.loss(network, batch)
    optimizer.zero_grad(set_to_none=True)
    loss.value.backward()
    if config.clip_norm:  # not the tables, whose rows Adam bounds
        dense = [p for p in network.parameters() if p.grad is not None and not p.grad.is_sparse]
        nn.utils.clip_grad_norm_(dense, config.clip_norm)
    optimizer.step()
    return loss


def fit(
    network: nn.Module,
    objective: Objective[Any],
    config: FitConfig,
    *,
    checkpoint: Checkpoint | None = None,
    listener: Listener | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> History:
    """Train `network` in place and leave it with the weights that did best on the held-out data.

    Args:
        network: on the device to train on.
        objective: the batches, their loss, and how the network is evaluated.
        checkpoint: written after evaluations, taking about a tenth of the time at most, and when `listener`
            asks to stop.
        listener: told of every step and evaluation, and asked after every step whether to stop or to end.
        clock: returns the time in seconds.

    Raises:
        Interrupted: if `listener` asked to stop; the checkpoint is on disk by then.
        DivergedError: if the loss is no longer finite, or ends above that of guessing; the checkpoint is then removed.
        TrainingError: if it runs out of memory.
        ConfigError: if neither epochs nor a budget is given.
        ArtifactError: if the checkpoint cannot be written, or read back.
    """
    if config.epochs is None and config.budget is None:
        raise ConfigError("fit: epochs and budget are both open; expected one of them")
    device = next(network.parameters()).device
    listener = listener or Listener()
    with seeded(config.seed, device), flushing_denormals():
        run = TrainingState(network, make_optimizer(network, config), objective)
        started = clock()
        if checkpoint is not None and checkpoint.resume:
            run.restore(checkpoint.path)
        elif checkpoint is not None:
            run.save(checkpoint)  # so that even a run killed at once can be resumed with its settings
        try:
            with explain_out_of_memory(objective.size_settings):
                _train(run, config, checkpoint, listener, clock, saving=clock() - started)
            refuse_diverged(run.history, objective.guessing_loss())
        except DivergedError:
            if checkpoint is not None:  # there is nothing in it to go on with
                remove_file(checkpoint.path)
            raise
    network.load_state_dict(run.best_weights)
    return run.history


def refuse_diverged(history: History, guessing_loss: float | None) -> None:
    """A training is refused that made the network worse than guessing.

    Not one of a few steps; not one that has not learnt yet, or from labels that teach nothing: there the training loss
    does not rise.

    Args:
        guessing_loss: see :meth:`Objective.guessing_loss`.

    Raises:
        DivergedError: if even the best weights do worse on dev than guessing, and the training loss rose above that
            and above where it began.
    """
    if guessing_loss is None or len(history.train_loss) < FEW_STEPS:
        return
    first, dev_loss = history.train_loss[0], history.best["dev_loss"]
    highest = max(row["train_loss"] for row in history.evaluations)
    if dev_loss > WORSE_THAN_GUESSING * guessing_loss and highest > BLOWN_UP * max(guessing_loss, first):
        raise DivergedError(
            f"training: diverged, the loss rose from {first:.2f} to {highest:.4g}, and the best weights have dev loss "
            f"{dev_loss:.4g}, where guessing has {guessing_loss:.2f}; expected less than that: try a lower "
            "`learning_rate` (nothing was saved)"
        )


class _Position:
    """Where in the epochs a run is: the batches of the current epoch, and how many of them are done."""

    def __init__(self, objective: Objective[Any], history: History):
        self.objective = objective
        self.epoch = history.epoch[-1] if history.epoch else 1
        self.done = sum(epoch == self.epoch for epoch in history.epoch)
        self.batches: Sequence[Any] = objective.batches(self.epoch)

    def next_batch(self) -> Any:
        if self.at_epoch_end:
            self.epoch, self.done = self.epoch + 1, 0
            self.batches = self.objective.batches(self.epoch)
        self.done += 1
        return self.batches[self.done - 1]

    @property
    def at_epoch_end(self) -> bool:
        return self.done == len(self.batches)

    @property
    def passes(self) -> float:
        """Epochs, with the part of the current one."""
        return self.epoch - 1 + self.done / len(self.batches)


def _train(
    run: TrainingState,
    config: FitConfig,
    checkpoint: Checkpoint | None,
    listener: Listener,
    clock: Callable[[], float],
    saving: float,
) -> None:
    """Step after step, until all epochs are done, the budget is spent, or it no longer improves.

    Args:
        saving: seconds that the first checkpoint took.
    """
    objective, history = run.objective, run.history
    total_steps = sum(map(objective.batch_count, range(1, config.epochs + 1))) if config.epochs else None
    position, threads = _Position(objective, history), Threads.on(run.device, config.threads)
    try:
        listener.on_start(total_steps, run.step, config.budget - history.seconds if config.budget else None)
        pacer = Pacer(config, total_steps, clock, history.seconds)
        if config.budget:
            pacer.expect_evaluation(objective.evaluation_seconds(run.network))
            pacer.expect_checkpoint(saving * CHECKPOINT_GROWTH)
        while not history.stopped_by:
            started = pacer.seconds
            with threads.piece() as piece:
                piece.work = _step(run, config, position, learning_rate_at(config, pacer.progress(run.step)))
            history.threads[piece.count] += 1
            if not run.pending:  # the loss was copied from the device
                listener.on_step(run.step, history.train_loss[-1])
            history.seconds = pacer.seconds
            pacer.note_step(history.seconds - started)
            if run.step == total_steps:
                history.stopped_by = "all epochs done"
            elif pacer.time_is_up:
                history.stopped_by = f"the budget of {config.budget:g} s"
            elif listener.should_end():
                history.stopped_by = "a request to end"
            due = objective.is_due(run.step, position.epoch, position.at_epoch_end)
            is_look = bool(history.stopped_by) or (due and pacer.has_time_to_evaluate)
            if is_look:
                _look(run, config, checkpoint, listener, position.passes, pacer)
            if not history.stopped_by and pacer.sample_is_due(at_evaluation=is_look):
                _sample(run, listener, pacer)
            if listener.should_stop():
                raise _stopped(run, checkpoint)
    finally:
        listener.on_end()


def _look(
    run: TrainingState,
    config: FitConfig,
    checkpoint: Checkpoint | None,
    listener: Listener,
    passes: float,
    pacer: Pacer,
) -> None:
    """An evaluation, with a checkpoint where one is due."""
    history = run.history
    evaluate(run, config, passes, pacer)
    if checkpoint is not None and (history.stopped_by or pacer.checkpoint_is_due):
        _save(run, checkpoint, pacer)
    history.seconds = pacer.seconds
    pace = {"learning_rate": history.learning_rate[-1], "examples_per_second": history.examples_per_second}
    listener.on_evaluation({**history.evaluations[-1], **pace}, history.best_step == run.step)


def _step(run: TrainingState, config: FitConfig, position: _Position, rate: float) -> int:
    """One step, added to the history; its loss may stay on the device for a while. Returns the tokens of its batch."""
    batch = position.next_batch()
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    run.network.train()
    loss = train_step(run.network, run.objective, batch, run.optimizer, config)
    run.pending.append(loss.reported)
    run.history.learning_rate.append(rate)
    run.history.epoch.append(position.epoch)
    run.history.examples.append(loss.examples)
    if run.device.type == "cpu" or run.step % READ_LOSSES_EVERY == 0:
        run.read_losses()
    return run.objective.tokens(batch)


def evaluate(run: TrainingState, config: FitConfig, passes: float, pacer: Pacer) -> None:
    """Score the held-out data, keep the weights if they are the best so far, decide whether to stop early.

    Args:
        passes: epochs done, with their parts.

    Raises:
        DivergedError: if the dev loss is not a finite number.
    """
    run.read_losses()
    started = pacer.seconds
    history = run.history
    scores = run.objective.evaluate(run.network)
    if not math.isfinite(scores["dev_loss"]):
        raise DivergedError(
            f"training: the dev loss is {scores['dev_loss']} at step {run.step}; expected a finite number: try a lower "
            "`learning_rate` or `clip_norm`"
        )
    since = int(history.evaluations[-1]["step"]) if history.evaluations else 0
    counts = history.examples[since:]  # none at all where texts of one token are to tell the next one
    train_loss = float(np.average(history.train_loss[since:], weights=counts if any(counts) else None))
    row = {"step": run.step, "epoch": history.epoch[-1], "passes": passes, "seconds": pacer.seconds}
    history.evaluations.append({**row, "train_loss": train_loss, **scores, **run.objective.summary(train_loss)})
    run.keep_if_best(run.objective.criterion(scores))
    if run.step - history.best_step >= config.require_improvement and not history.stopped_by:
        history.stopped_by = f"no better dev score for {run.step - history.best_step:,} batches"
    history.seconds = pacer.seconds
    took = history.seconds - started
    history.evaluation_seconds += took
    pacer.note_evaluation(took)


def _sample(run: TrainingState, listener: Listener, pacer: Pacer) -> None:
    """Let the network write, and count the time that took."""
    started = pacer.seconds
    text = run.objective.sample(run.step)
    took = pacer.seconds - started
    run.history.evaluation_seconds += took
    pacer.note_sample(took)
    if text is not None:
        run.history.samples.append(Sample(run.step, started, text))
        listener.on_sample(run.history.samples[-1])


def _save(run: TrainingState, checkpoint: Checkpoint, pacer: Pacer) -> None:
    """Write the checkpoint, and count the time that took."""
    started = pacer.seconds
    run.save(checkpoint)
    took = pacer.seconds - started
    run.history.evaluation_seconds += took
    pacer.note_checkpoint(took)


def _stopped(run: TrainingState, checkpoint: Checkpoint | None) -> Interrupted:
    """What to raise where a listener asked to stop, after the checkpoint is written."""
    if checkpoint is None:
        return Interrupted("training was stopped; nothing was saved")
    run.save(checkpoint)
    return Interrupted(f"training was stopped at step {run.step:,}; the checkpoint is {checkpoint.path}")
