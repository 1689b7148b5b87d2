"""A folder for each class, and in it a file for each text."""

from __future__ import annotations

from array import array
from pathlib import Path

from textrnn.config import DataConfig
from textrnn.corpus.labels import canonical_label
from textrnn.corpus.readers.encodings import decode_all, encoding_name, find_encoding
from textrnn.corpus.readers.left_out import refuse_bad_rows
from textrnn.corpus.readers.rows import LeftOut, Reading, Rows, cleaned
from textrnn.corpus.sources.content import content_of
from textrnn.corpus.sources.splits import class_folders, text_files


def read_class_folders(folder: Path, config: DataConfig, *, keep_bad: bool = False) -> Rows:
    """The texts of all files; the folder of each is its label, and its line the number of the file, from 1.

    Raises:
        DataError: if files cannot be read, or too many are empty.
    """
    texts: list[str] = []
    labels: list[str] = []
    files: list[Path] = []
    left_out: list[LeftOut] = []
    numbers: array[int] = array("q")
    encodings: dict[str, None] = {}
    number = 0
    for of_class in class_folders(folder):
        label = canonical_label(of_class.name)
        for path in text_files(of_class):
            number += 1
            content = content_of(path)
            kind = content.kind()
            if kind is not None:
                left_out.append(LeftOut(number, "not-text", kind.words, "", path))
                continue
            encoding = find_encoding(content.open, path, config.encoding)
            text = cleaned(decode_all(content.read(), encoding).replace("\r\n", "\n").replace("\r", "\n"))
            if not text:
                left_out.append(LeftOut(number, "no-text", f"no text in {path.relative_to(folder)}", "", path))
                continue
            encodings[encoding_name(encoding.codec)] = None
            texts.append(text)
            labels.append(label)
            files.append(path)
            numbers.append(number)
    reading = Reading(
        folder,
        encoding=" and ".join(encodings),
        format="a folder for each class",
        text_columns=("each file",),
        label_column="its folder",
        rows=len(texts),
        left_out=tuple(left_out),
    )
    rows = Rows(folder, texts, labels, numbers, files, reading)
    if not keep_bad or not texts:
        refuse_bad_rows(rows, config.on_bad_row)
    return rows
