"""The state of a training run, and how it is saved to a checkpoint and restored."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from textrnn.errors import ArtifactError, DivergedError, one_line
from textrnn.files import load_tensors, save_tensors
from textrnn.training.checkpoint import CHECKPOINT_VERSION, Checkpoint
from textrnn.training.history import History, Sample
from textrnn.training.objectives.base import Objective
from textrnn.training.optimizers import Optimizers


class TrainingState:
    """One training as it stands: network, optimizer, history, best weights so far, losses still on the device.

    A checkpoint holds all of it, with the objective's state and that of torch's generators.
    """

    def __init__(self, network: nn.Module, optimizer: Optimizers, objective: Objective[Any]):
        self.network = network
        self.objective = objective
        self.device = next(network.parameters()).device
        self.optimizer = optimizer
        self.history = History()
        self.best_weights: dict[str, Tensor] = {}
        self.pending: list[Tensor] = []  # losses not yet copied from the device

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return len(self.history.learning_rate)

    def read_losses(self) -> None:
        """Move the pending losses to the history.

        Raises:
            DivergedError: if one of them is not a finite number.
        """
        if not self.pending:
            return
        losses = torch.stack(self.pending).tolist()
        self.pending.clear()
        first = len(self.history.train_loss) + 1
        self.history.train_loss += losses
        for step, loss in enumerate(losses, first):
            if not math.isfinite(loss):
                raise DivergedError(
                    f"training: the loss is {loss} at step {step}; expected a finite number: try a lower "
                    "`learning_rate` or `clip_norm`"
                )

    def keep_if_best(self, criterion: float) -> None:
        """Keep the current weights if no evaluation before had so low a criterion."""
        if criterion < self.history.best_loss:
            self.history.best_loss, self.history.best_step = criterion, self.step
            self.best_weights = {name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()}

    def save(self, checkpoint: Checkpoint) -> None:
        """Write the checkpoint, atomically.

        Raises:
            ArtifactError: if it cannot be written.
        """
        self.read_losses()
        history = self.history
        tensors = {f"model/{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= {f"best/{name}": tensor for name, tensor in self.best_weights.items()}
        for index, state in self.optimizer.state_by_index().items():
            tensors |= {f"optimizer/{index}/{key}": value for key, value in state.items()}
        tensors |= {f"carried/{name}": tensor for name, tensor in self.objective.state_dict().items()}
        tensors["random/cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random/cuda"] = torch.cuda.get_rng_state(self.device)
        tensors["history/train_loss"] = torch.tensor(history.train_loss, dtype=torch.float64)
        tensors["history/learning_rate"] = torch.tensor(history.learning_rate, dtype=torch.float64)
        tensors["history/examples"] = torch.tensor(history.examples, dtype=torch.int64)
        tensors["history/epoch"] = torch.tensor(history.epoch, dtype=torch.int64)
        document = {
            "format_version": CHECKPOINT_VERSION,
            "settings": checkpoint.settings,
            "steps": self.step,
            "evaluations": history.evaluations,
            "best_step": history.best_step,
            "best_loss": history.best_loss if history.evaluations else None,
            "seconds": history.seconds,
            "evaluation_seconds": history.evaluation_seconds,
            "threads": {str(count): steps for count, steps in history.threads.items()},
            "stopped_by": history.stopped_by,
            "samples": [dataclasses.asdict(sample) for sample in history.samples],
        }
        save_tensors(checkpoint.path, tensors, document)

    def restore(self, path: Path) -> None:
        """Restore everything from a checkpoint.

        Raises:
            ArtifactError: if it is damaged or of another network.
        """
        tensors, document = load_tensors(path)
        by_kind: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition("/")
            by_kind.setdefault(kind, {})[rest] = tensor
        try:
            self.network.load_state_dict(by_kind["model"])
            self.best_weights = {name: tensor.to(self.device) for name, tensor in by_kind.get("best", {}).items()}
            state: dict[int, dict[str, Tensor]] = {}
            for name, tensor in by_kind.get("optimizer", {}).items():
                index, _, key = name.partition("/")
                state.setdefault(int(index), {})[key] = tensor
            self.optimizer.load_state_by_index(state)
            self.objective.load_state_dict(by_kind.get("carried", {}))
            torch.set_rng_state(by_kind["random"]["cpu"])
            if self.device.type == "cuda" and "cuda" in by_kind["random"]:
                torch.cuda.set_rng_state(by_kind["random"]["cuda"], self.device)
            kept = by_kind["history"]
            self.history = History(
                train_loss=kept["train_loss"].tolist(),
                learning_rate=kept["learning_rate"].tolist(),
                epoch=kept["epoch"].tolist(),
                examples=kept["examples"].tolist(),
                evaluations=document["evaluations"],
                best_step=document["best_step"],
                best_loss=math.inf if document["best_loss"] is None else document["best_loss"],
                seconds=document["seconds"],
                evaluation_seconds=document["evaluation_seconds"],
                threads=Counter({int(count): steps for count, steps in document.get("threads", {}).items()}),
                stopped_by=document["stopped_by"],
                samples=[Sample(**sample) for sample in document.get("samples", [])],
            )
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise ArtifactError(
                f"{path}: not a checkpoint of this model ({one_line(error)}); delete it and train from the beginning"
            ) from error
