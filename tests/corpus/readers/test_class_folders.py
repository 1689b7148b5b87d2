from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.readers.files import written
from textrnn.config import DataConfig
from textrnn.corpus.readers import read_rows
from textrnn.errors import DataError


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    for label in ("neg", "pos"):
        for number in range(3):
            written(tmp_path / "reviews", f"{label}/{number}.txt", f"a {label} text\r\nof file {number}\r\n")
    written(tmp_path / "reviews", "pos/gbk.txt", "价格比隔壁店便宜很多", "gbk")
    written(tmp_path / "reviews", "README.md", "about")
    rows = read_rows(tmp_path / "reviews")
    assert rows.labels == ["neg"] * 3 + ["pos"] * 4
    assert rows.texts[0] == "a neg text\nof file 0"
    assert rows.texts[-1] == "价格比隔壁店便宜很多"
    assert rows.where(0) == str(tmp_path / "reviews" / "neg" / "0.txt")
    assert rows.reading is not None
    assert (rows.reading.format, rows.reading.rows) == ("a folder for each class", 7)


def test_a_file_that_is_no_text_is_a_row_that_cannot_be_used(tmp_path: Path) -> None:
    for label in ("neg", "pos"):
        for number in range(3):
            written(tmp_path / "reviews", f"{label}/{number}.txt", f"a {label} text of file {number}")
    scan = written(tmp_path / "reviews", "neg/scan.txt", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    with pytest.raises(DataError) as caught:
        read_rows(tmp_path / "reviews")
    assert str(caught.value) == (
        f"{scan}: a PDF; expected text and label in each row: put texts in their place, or leave such rows out with "
        "`on_bad_row=skip`"
    )
    assert len(read_rows(tmp_path / "reviews", DataConfig(on_bad_row="skip"))) == 6
