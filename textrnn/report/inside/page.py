"""The page itself: styles, scripts, what it shows and the weights, all in one file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from torch import Tensor

from textrnn.report.html import render
from textrnn.report.inside.packing import PRECISIONS, packed, size_of

INSIDE_FILE = "inside.html"
MOST_BYTES = 2_000_000
FRAME_BYTES = 80_000  # of all that is not weights: styles, scripts, words, sample texts
ROOM = MOST_BYTES - FRAME_BYTES
SCRIPTS = ("network", "english", "chinese", "words", "drawing")  # of all pages, in the order that they need


def precision_that_fits(tensors: Mapping[str, Tensor], room: int) -> int | None:
    """The most bits a number that the weights can have; None: there are too many of them."""
    return next((bits for bits in PRECISIONS if size_of(tensors, bits) <= room), None)


def inside_page(
    kind: str,
    title: str,
    shown: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    bits: int,
    *,
    also: Sequence[str] = (),
) -> dict[str, bytes]:
    """The page by its name; nothing where it would be larger than a page may be.

    Args:
        kind: of its template and of its script.
        shown: what the script reads besides: plain values.
        tensors: by the names that `shown` has for them.
        bits: of each number, see :func:`precision_that_fits`.
        also: further scripts that it needs.
    """
    document = {
        "title": title,
        "bits": bits,
        **shown,
        "tensors": {name: packed(tensor, bits).to_dict() for name, tensor in tensors.items()},
    }
    folder = files("textrnn.report") / "templates" / "inside"
    script = "\n".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in (*SCRIPTS, *also, kind))
    page = render(
        f"inside/{kind}",
        title=title,
        style=(folder / "inside.css").read_text(encoding="utf-8"),
        script=script,
        digest=base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode(),
        # In a script element, only this can end it.
        document=json.dumps(document, ensure_ascii=True, separators=(",", ":"), allow_nan=False).replace(
            "<", "\\u003c"
        ),
    )
    content = page.encode("utf-8")
    return {INSIDE_FILE: content} if len(content) <= MOST_BYTES else {}


def size_as_json(value: Any) -> int:
    """Bytes that plain values take in a page."""
    return len(json.dumps(value, separators=(",", ":")))
