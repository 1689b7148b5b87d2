"""A table of vectors of which a batch touches few rows.

Shapes: B batch, N entries, G numbers per row.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class SparseTable(nn.Module):
    """A table of vectors of which a batch touches few rows: its gradient names those rows and no others.

    Rows start at zero, so that an untrained row contributes nothing; only the other rows are saved.
    """

    def __init__(self, rows: int, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(rows, size))

    def forward(self, indices: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
        """(N,) rows, (B,) where each text's begin, (N,) weights -> (B, G) weighted sums."""
        bags: Tensor = functional.embedding_bag(
            indices, self.weight, starts, mode="sum", per_sample_weights=weights, sparse=True
        )
        return bags

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        rows = self.weight.detach().any(dim=1).nonzero().squeeze(1)
        destination[prefix + "rows"] = rows
        destination[prefix + "values"] = self.weight.detach()[rows]

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *others: Any) -> None:
        missing, errors = others[2], others[4]
        rows, values = state_dict.get(prefix + "rows"), state_dict.get(prefix + "values")
        if rows is None or values is None:
            missing.append(prefix + ("values" if rows is not None else "rows"))
            return
        fits = values.shape == (len(rows), self.weight.shape[1]) and not rows.is_floating_point()
        if not fits or (len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(self.weight)):
            errors.append(f"size mismatch for {prefix}values: it does not fit a table of {tuple(self.weight.shape)}")
            return
        with torch.no_grad():
            self.weight.zero_()
            self.weight[rows.to(self.weight.device)] = values.to(self.weight)


def starts_of_rows(rows: Tensor, row_count: int) -> Tensor:
    """(N,) rising row numbers -> (B,): where each row begins."""
    counts = torch.bincount(rows, minlength=row_count)
    return counts.cumsum(0) - counts
