"""Files written on the spot and read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from textrnn.config import DataConfig
from textrnn.corpus.readers import Rows, read_rows
from textrnn.errors import DataError

LABELS = ("delivery", "billing", "quality", "account")


def written(folder: Path, name: str, content: str | bytes, codec: str = "utf-8") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(codec))
    return path


def read(folder: Path, name: str, content: str | bytes, codec: str = "utf-8", **named: Any) -> Rows:
    return read_rows(written(folder, name, content, codec), DataConfig(**named))


def pairs(rows: Rows) -> list[tuple[str, str]]:
    return list(zip(rows.texts, rows.labels, strict=True))


def error(folder: Path, name: str, content: str | bytes, codec: str = "utf-8", **named: Any) -> str:
    """The message, without the folder."""
    with pytest.raises(DataError) as caught:
        read(folder, name, content, codec, **named)
    return str(caught.value).replace(f"{folder}/", "").replace(f"{folder}\\", "")


def some_rows(count: int = 40, *, commas: bool = False) -> list[tuple[str, str]]:
    """Texts that differ, with labels that repeat."""
    mark = "," if commas else ""
    return [(f"the parcel number {at}{mark} was late", LABELS[at % 4]) for at in range(count)]


def details(rows: Rows) -> tuple[str, ...]:
    assert rows.reading is not None
    return rows.reading.details
