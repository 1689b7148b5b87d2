from __future__ import annotations

from pathlib import Path

from tests.corpus.readers.files import error, pairs, read, some_rows
from tests.corpus.readers.writers import write_parquet, write_workbook


def test_a_workbook(tmp_path: Path) -> None:
    written = write_workbook(some_rows())
    assert isinstance(written.content, bytes)
    for name in ("a.xlsx", "a.csv"):  # a workbook under any name
        found = read(tmp_path, name, written.content)
        assert pairs(found) == some_rows()
        assert found.reading is not None
        assert (found.reading.format, found.reading.details) == ("Excel workbook", ("sheet a",))


def test_a_damaged_workbook(tmp_path: Path) -> None:
    written = write_workbook(some_rows())
    assert isinstance(written.content, bytes)
    assert "an Excel workbook that cannot be read (" in error(
        tmp_path, "a.xlsx", written.content.replace(b"<row", b"<roW")
    )


def test_parquet(tmp_path: Path) -> None:
    written = write_parquet(some_rows())
    assert isinstance(written.content, bytes)
    found = read(tmp_path, "a.parquet", written.content)
    assert pairs(found) == some_rows()
    assert found.reading is not None
    assert (found.reading.format, found.reading.encoding, found.reading.header) == ("Parquet", "", None)
    broken = error(tmp_path, "a.parquet", written.content[:200] + written.content[-200:])
    assert broken.startswith("a.parquet: a Parquet file that cannot be read (")
    assert broken.endswith("); expected a whole one: copy or write it once more")
