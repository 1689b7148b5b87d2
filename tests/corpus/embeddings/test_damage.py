"""Whatever is damaged: an answer, or one line that names the file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus.embeddings.writers import Dialect, packed, written
from textrnn.corpus.embeddings import find_embedding, load_embedding
from textrnn.errors import DataError

TOKENS = ["<pad>", "<unk>", "股", "市", "a", "B"]
ROWS = [(token, [0.5, index, -1e-5]) for index, token in enumerate(["股", "市", "A", "b", "1917", "x" * 50])]


def survives(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        for act in (lambda: load_embedding(path, TOKENS, seed=0), lambda: find_embedding("pretrained", path.parent)):
            message = ""
            try:
                found = act()
            except DataError as error:
                message = str(error)
            if message:
                assert folder in message
                assert message.isprintable()
            else:
                assert isinstance(found, Path) or np.isfinite(found.vectors).all()


@given(
    st.sampled_from([{}, {"header": False}, {"binary": True}, {"newline": "\r\n", "between": "\t"}]),
    st.sampled_from(["", "gz", "bz2", "xz", "zip"]),
    st.integers(0, 400),
    st.binary(max_size=6),
    st.integers(0, 8),
    st.sampled_from(["v", "v.npz"]),
)
@settings(deadline=None, max_examples=400)
def test_files_with_a_part_replaced(
    dialect: dict[str, bool], packing: str, at: int, new: bytes, removed: int, name: str
) -> None:
    content = written(ROWS, Dialect(packing=packing, **dialect))  # type: ignore[arg-type]
    at %= len(content)
    survives(content[:at] + new + content[at + removed :], name)
    survives(content[:at], name)
    plain = written(ROWS, Dialect(**dialect))  # type: ignore[arg-type]
    at %= len(plain)
    survives(packed(plain[:at] + new + plain[at + removed :], packing), name)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))))
@settings(deadline=None)
def test_files_of_anything(content: bytes) -> None:
    for beginning in (b"", b"3 2\n", b"\x93NUMPY", b"PK\x03\x04", b"\x1f\x8b", b"BZh9"):
        survives(beginning + content, "v")
