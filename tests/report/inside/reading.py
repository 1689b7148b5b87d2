"""What stands in a page, read by other code than its own."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import numpy as np
import torch
from torch import Tensor


def document_of(page: bytes) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.decode("utf-8"), re.DOTALL)
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])
    return document


def tensors_of(page: bytes) -> dict[str, Tensor]:
    """The weights as they stand there."""
    return {name: unpacked(packed) for name, packed in document_of(page)["tensors"].items()}


def unpacked(packed: dict[str, Any]) -> Tensor:
    content, bits, shape = base64.b64decode(packed["content"]), packed["bits"], packed["shape"]
    if bits in (16, 32):
        return torch.from_numpy(np.frombuffer(content, f"<f{bits // 8}").astype(np.float32).reshape(shape))
    all_bits, count = int.from_bytes(content, "little"), int(np.prod(shape))
    whole = [(all_bits >> (bits * at)) % (1 << bits) - (1 << (bits - 1)) for at in range(count)]
    scales = np.frombuffer(base64.b64decode(packed["scales"]), "<f4")
    return torch.from_numpy(
        (np.array(whole, dtype=np.float32).reshape(len(scales), -1) * scales[:, None]).reshape(shape)
    )
