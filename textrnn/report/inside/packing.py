"""Weights as text in a page: whole numbers of a few bits with a scale for each row, or floats where there is room.

What a page computes is computed with the rounded weights; :func:`rounded` gives the same numbers to Python.

Shapes: R rows, N numbers of a row.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

FLOAT, HALF = 32, 16  # bits of the two kinds of floats; fewer bits are whole numbers
PRECISIONS = (FLOAT, HALF, 8, 6, 5)  # bits, in the order in which they are tried


@dataclass(frozen=True)
class Packed:
    """One tensor in a page.

    Attributes:
        bits: of a number
        content: the numbers, little-endian, the first in the lowest bits
        scales: float32, (R,): what the whole numbers of each row are multiplied by; none of floats
    """

    shape: tuple[int, ...]
    bits: int
    content: bytes
    scales: bytes = b""

    def to_dict(self) -> dict[str, Any]:
        """For the document in the page."""
        kept = {"shape": list(self.shape), "bits": self.bits, "content": base64.b64encode(self.content).decode()}
        return kept | ({"scales": base64.b64encode(self.scales).decode()} if self.scales else {})


def packed(tensor: Tensor, bits: int) -> Packed:
    """A tensor of any shape; its first axis are the rows. What has one axis is kept as floats, there being little."""
    values = tensor.detach().cpu().float().contiguous().numpy()
    if _is_exact(tensor, bits):
        return Packed(values.shape, FLOAT, values.astype("<f4").tobytes())
    if bits == HALF:
        return Packed(values.shape, HALF, values.astype("<f2").tobytes())
    whole, scales = _whole_numbers(values, bits)
    of_bits = np.unpackbits((whole + (1 << (bits - 1))).astype(np.uint8).reshape(-1, 1), axis=1, bitorder="little")
    content = np.packbits(of_bits[:, :bits].reshape(-1), bitorder="little").tobytes()
    return Packed(values.shape, bits, content, scales.astype("<f4").tobytes())


def rounded(tensor: Tensor, bits: int) -> Tensor:
    """The numbers that a page has in the place of a tensor's."""
    import torch

    values = tensor.detach().cpu().float().contiguous().numpy()
    if _is_exact(tensor, bits):
        return torch.from_numpy(values.copy())
    if bits == HALF:
        return torch.from_numpy(values.astype(np.float16).astype(np.float32))
    whole, scales = _whole_numbers(values, bits)
    found: NDArray[np.float32] = (whole * scales[:, None]).astype(np.float32)
    return torch.from_numpy(found.reshape(values.shape))


def _is_exact(tensor: Tensor, bits: int) -> bool:
    """Whether it is kept as floats whatever the bits: there is little of it."""
    return bits == FLOAT or tensor.dim() < 2 or tensor.numel() == 0


def _whole_numbers(values: NDArray[np.float32], bits: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(R, ...) -> (R, N) whole numbers on both sides of zero, and (R,) float32 scales."""
    rows = values.reshape(len(values), -1)
    highest = (1 << (bits - 1)) - 1
    scales = np.abs(rows).max(axis=1, initial=0.0).astype(np.float32) / np.float32(highest)
    scales[scales == 0] = 1.0
    return np.rint(rows / scales[:, None]).clip(-highest, highest), scales


def size_of(tensors: Mapping[str, Tensor], bits: int) -> int:
    """Bytes that tensors take in a page."""
    found = 0
    for tensor in tensors.values():
        exact = _is_exact(tensor, bits)
        scales = 0 if exact or bits == HALF else 4 * len(tensor)
        found += _as_text(tensor.numel() * (FLOAT if exact else bits) // 8) + _as_text(scales) + 100
    return found


def _as_text(size: int) -> int:
    return -(-size // 3) * 4
