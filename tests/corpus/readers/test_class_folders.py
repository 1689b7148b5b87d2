from __future__ import annotations

from pathlib import Path

from tests.corpus.readers.files import written
from textrnn.corpus.readers import read_rows


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
