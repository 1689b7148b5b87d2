"""Operations that ONNX has not, or that torch's exporter writes down wrongly, made of those that it has.

Inside :class:`OnnxOperations`, a network that is traced computes with these; the numbers are the same. Sizes may be
tensors: while tracing, ``x.shape[0]`` is one, and that is what keeps a graph open to every size.

Shapes: N values, K sorted values, B bags, M rows of a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode


def searchsorted(sorted_sequence: Tensor, values: Tensor, *, right: bool = False) -> Tensor:
    """(K,) rising, of a size that is fixed, and values of any shape -> how many are smaller (`right`: or equal).

    A binary search, its steps written out: one halves what is left.
    """
    count = int(sorted_sequence.shape[0])
    steps = [1 << power for power in reversed(range(count.bit_length()))]
    kind = sorted_sequence.dtype
    beyond = torch.finfo(kind).max if kind.is_floating_point else torch.iinfo(kind).max
    # Not by `pad`, whose value is a double: the largest whole number is none.
    padded = torch.cat([sorted_sequence, sorted_sequence.new_full((2 * steps[0] - 1 - count if steps else 0,), beyond)])
    found = torch.zeros_like(values, dtype=torch.int64)
    for step in steps:
        middle = padded[found + (step - 1)]
        found = torch.where(middle <= values if right else middle < values, found + step, found)
    return found.clamp(max=count)


def bincount(values: Tensor, weights: Tensor | None = None, minlength: Any = 0) -> Tensor:
    """(N,) whole numbers below `minlength` -> (minlength,) how often each is there, or the sum of its weights."""
    weights = torch.ones_like(values) if weights is None else weights
    return weights.new_zeros(minlength).scatter_add(0, values, weights)


def row_of_each(counts: Tensor) -> Tensor:
    """(B,) counts -> (sum,): 0 as often as the first says, 1 as often as the second, ..."""
    total = counts.sum()
    # A one where each row begins; of rows without any, several at the place of the next.
    nothing: Tensor = counts.new_zeros(total + 1)  # type: ignore[call-overload]  # a size may be a tensor
    begins = nothing.scatter_add(0, counts.cumsum(0), torch.ones_like(counts))
    return begins[:-1].cumsum(0)


def repeat_interleave(values: Tensor, repeats: Tensor, dim: int | None = None, **others: Any) -> Tensor:
    """(N, ...), (N,) -> each row as often as its number says."""
    if not isinstance(repeats, Tensor) or dim not in (None, 0):
        return torch.repeat_interleave(values, repeats, dim, **others)
    return values[row_of_each(repeats)]


def index_add(values: Tensor, dim: int, index: Tensor, source: Tensor, **others: Any) -> Tensor:
    """`values` with the rows of `source` added at `index`."""
    if dim != 0 or others:
        return torch.index_add(values, dim, index, source, **others)
    shape = (-1, *[1] * (source.dim() - 1))
    return values.scatter_add(0, index.view(shape).expand_as(source), source)


def embedding_bag(
    indices: Tensor,
    weight: Tensor,
    offsets: Tensor,
    *,
    mode: str = "mean",
    per_sample_weights: Tensor | None = None,
    **others: Any,
) -> Tensor:
    """(N,) rows of a table (M, G), (B,) where each bag begins -> (B, G): the sums, each row times its weight."""
    if mode != "sum" or others.get("include_last_offset"):
        found: Tensor = functional.embedding_bag(
            indices, weight, offsets, mode=mode, per_sample_weights=per_sample_weights, **others
        )
        return found
    vectors = functional.embedding(indices, weight)
    if per_sample_weights is not None:
        vectors = vectors * per_sample_weights[:, None]
    begins = torch.ones_like(offsets)
    # An index past the last begin belongs to the last bag, so the bag of each is the number of begins up to it, less 1.
    bag = offsets.new_zeros(indices.shape[0] + 1).scatter_add(0, offsets, begins)[:-1].cumsum(0) - 1
    return index_add(vectors.new_zeros(offsets.shape[0], weight.shape[1]), 0, bag, vectors)


def bitwise_xor(left: Tensor, right: Tensor) -> Tensor:
    """Of whole numbers; what overflows on the way wraps round, and back."""
    if torch.bool in (left.dtype, getattr(right, "dtype", None)):
        return torch.bitwise_xor(left, right)
    return left + right - 2 * torch.bitwise_and(left, right)


def right_shift(values: Tensor, bits: int) -> Tensor:
    """Of signed numbers, rounded downwards, as every processor shifts; ONNX shifts unsigned ones only."""
    divisor = 1 << bits
    return torch.div(values - torch.remainder(values, divisor), divisor, rounding_mode="trunc")


def lstm_cell(inputs: Tensor, state: tuple[Tensor, Tensor], *weights: Tensor) -> tuple[Tensor, Tensor]:
    """One step of an LSTM, as a text of one token."""
    hidden, cell = (part[None] for part in state)
    _, hidden, cell = torch.lstm(inputs[None], (hidden, cell), list(weights), True, 1, 0.0, False, False, False)
    return hidden[0], cell[0]


REPLACEMENTS: Mapping[Any, Callable[..., Any]] = {
    torch.searchsorted: searchsorted,
    torch.bincount: bincount,
    Tensor.bincount: bincount,
    torch.repeat_interleave: repeat_interleave,
    Tensor.repeat_interleave: repeat_interleave,
    torch.index_add: index_add,
    Tensor.index_add: index_add,
    Tensor.index_add_: index_add,
    functional.embedding_bag: embedding_bag,
    torch.bitwise_xor: bitwise_xor,
    Tensor.bitwise_xor: bitwise_xor,
    Tensor.__xor__: bitwise_xor,
    Tensor.__rshift__: right_shift,
    torch.bitwise_right_shift: right_shift,
    torch.lstm_cell: lstm_cell,
}


class OnnxOperations(TorchFunctionMode):
    """While it is entered, networks compute with the functions of this module."""

    def __torch_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...] = (), named: dict[str, Any] | None = None
    ) -> Any:
        return REPLACEMENTS.get(function, function)(*arguments, **(named or {}))
