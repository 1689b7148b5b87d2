"""Optimizers: PyTorch's, and Adam by rows for large tables of which a batch touches few rows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from textrnn.config import FitConfig
from textrnn.errors import ConfigError
from textrnn.models.parts.ngram_bag import SparseTable
from textrnn.models.parts.token_pairs import TokenPairs


class RowAdam(torch.optim.Optimizer):
    """Adam for tables whose gradients are sparse: it reads and writes the rows that the batch touched, and no others.

    The moments of a row change when the row has a gradient, as in torch.optim.SparseAdam. A row that was never touched
    has no entry in :meth:`state_dict`.

    Source: Kingma & Ba 2015, algorithm 1.
    """

    def __init__(self, tables: list[nn.Parameter], lr: float, betas: tuple[float, float] = (0.9, 0.999)):
        super().__init__(tables, {"lr": lr, "betas": betas, "eps": 1e-8})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # closures are of no use here
        """One update."""
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for table in group["params"]:
                if table.grad is None:
                    continue
                gradient = table.grad.coalesce()
                rows, values = gradient.indices()[0], gradient.values()
                state = self.state[table]
                if not state:
                    state["step"] = torch.zeros(())
                    state["first"], state["second"] = torch.zeros_like(table), torch.zeros_like(table)
                state["step"] += 1
                step = state["step"].item()
                # index_select and index_copy_ move whole rows; indexing in brackets takes twice as long
                first = state["first"].index_select(0, rows).lerp_(values, 1 - beta1)
                second = state["second"].index_select(0, rows).mul_(beta2).addcmul_(values, values, value=1 - beta2)
                state["first"].index_copy_(0, rows, first)
                state["second"].index_copy_(0, rows, second)
                rate = group["lr"] * math.sqrt(1 - beta2**step) / (1 - beta1**step)
                change = first.div_(second.sqrt_().add_(group["eps"])).mul_(-rate)
                table.index_add_(0, rows, change)

    def state_dict(self) -> dict[str, Any]:
        """As torch's, but of a table only the rows that were touched."""
        whole = super().state_dict()
        whole["state"] = {index: _touched(state) for index, state in whole["state"].items()}
        return whole

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores what :meth:`state_dict` gave."""
        tables = [table for group in self.param_groups for table in group["params"]]
        whole = {index: _whole(state, tables[index]) for index, state in state_dict["state"].items()}
        super().load_state_dict({**state_dict, "state": whole})


def _touched(state: dict[str, Tensor]) -> dict[str, Tensor]:
    rows = state["second"].any(dim=1).nonzero().squeeze(1)
    return {"step": state["step"], "rows": rows, "first": state["first"][rows], "second": state["second"][rows]}


def _whole(state: dict[str, Tensor], table: Tensor) -> dict[str, Tensor]:
    whole = {"step": state["step"].clone()}
    for name in ("first", "second"):
        whole[name] = torch.zeros_like(table)
        whole[name][state["rows"].to(table.device)] = state[name].to(table.device)
    return whole


class Optimizers:
    """Several optimizers with the interface of one."""

    def __init__(self, parts: list[torch.optim.Optimizer]):
        self.parts = parts

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of all parts."""
        return [group for part in self.parts for group in part.param_groups]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients."""
        for part in self.parts:
            part.zero_grad(set_to_none=set_to_none)

    def step(self) -> None:
        """One update of every part."""
        for part in self.parts:
            part.step()

    def state_by_index(self) -> dict[int, dict[str, Tensor]]:
        """The state of every parameter, numbered through all parts."""
        found: dict[int, dict[str, Tensor]] = {}
        for part, first in zip(self.parts, self._first_indices(), strict=True):
            found |= {first + index: state for index, state in part.state_dict()["state"].items()}
        return found

    def load_state_by_index(self, states: dict[int, dict[str, Tensor]]) -> None:
        """Restores what :meth:`state_by_index` gave."""
        for part, first in zip(self.parts, self._first_indices(), strict=True):
            count = sum(len(group["params"]) for group in part.param_groups)
            own = {index - first: state for index, state in states.items() if first <= index < first + count}
            part.load_state_dict({**part.state_dict(), "state": own})

    def _first_indices(self) -> Iterator[int]:
        counts = [sum(len(group["params"]) for group in part.param_groups) for part in self.parts]
        return itertools.accumulate(counts[:-1], initial=0)


def sparse_tables(network: nn.Module) -> list[nn.Parameter]:
    """The parameters whose gradients name only the rows that a batch touched."""
    return [module.weight for module in network.modules() if isinstance(module, SparseTable)]


def tables_of_pairs(network: nn.Module) -> list[nn.Parameter]:
    """Those of them that hold vectors of pairs of tokens."""
    return [module.table.weight for module in network.modules() if isinstance(module, TokenPairs)]


def make_optimizer(network: nn.Module, config: FitConfig) -> Optimizers:
    """The optimizers over the parameters that are not frozen. Weight decay spares biases and the like (vectors, also
    where they are written as a matrix of one row), and tables of n-grams and pairs, which use plain Adam (or SGD).

    By default, Adam's second moment decays with 0.99, not 0.999: a run has a few thousand steps, and an
    average over the last hundred is long enough.

    Raises:
        ConfigError: for a model with tables of n-grams and ``sgd``.

    Source: Kingma & Ba 2015 (Adam); Loshchilov & Hutter 2019 (AdamW).
    """
    tables, of_pairs = sparse_tables(network), tables_of_pairs(network)
    if len(tables) > len(of_pairs) and config.optimizer == "sgd":
        raise ConfigError("`optimizer` sgd: tables of n-grams learn by Adam; expected adam or adamw for this model")
    by_rows = {id(table) for table in tables}
    parameters = [p for p in network.parameters() if p.requires_grad and id(p) not in by_rows]
    groups = [
        {"params": [p for p in parameters if _is_matrix(p)], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if not _is_matrix(p)], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    betas = (0.9, config.adam_beta2)
    parts: list[torch.optim.Optimizer] = []
    if config.optimizer == "sgd":
        parts.append(torch.optim.SGD(groups, lr=config.learning_rate, fused=True))
    else:
        kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
        parts.append(kind(groups, lr=config.learning_rate, betas=betas, fused=True))
    if tables and config.optimizer == "sgd":
        parts.append(torch.optim.SGD(tables, lr=config.learning_rate))  # fused, it takes no sparse gradients
    elif tables:
        parts.append(RowAdam(tables, config.learning_rate, betas))
    return Optimizers(parts)


def _is_matrix(parameter: nn.Parameter) -> bool:
    """Whether it is more than a vector; a single row counts as one."""
    return parameter.ndim > 1 and parameter.shape[0] > 1
