"""Several files become one text."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sys
import tarfile
import types
import zipfile
from pathlib import Path

import pytest

from textrnn.config import CorpusConfig
from textrnn.corpus.running_text import common_path, digest_of, read_running_text
from textrnn.corpus.texts import find_text, load_corpus
from textrnn.errors import DataError
from textrnn.report.notes import words

PNG = b"\x89PNG\r\n\x1a\n\0\0"


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


NOVEL = {"chapter 10.txt": b"ten", "Chapter 2.txt": b"two\n", "part/chapter 1.txt": b"one\r", "cover.png": PNG}


def test_files_are_joined_by_line_ends_in_the_order_named(tmp_path: Path) -> None:
    fill(tmp_path, {"b.txt": b"first", "a.txt": b"second\r\n", "c.txt": b"third", "empty.txt": b""})
    paths = [tmp_path / name for name in ("b.txt", "a.txt", "empty.txt", "c.txt")]
    found = read_running_text(paths)
    assert found.text == "first\nsecond\nthird"
    assert found.files == tuple(paths)
    assert found.path == common_path(paths) == tmp_path
    inner = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert found.digest == digest_of(paths) == hashlib.sha256("".join(inner).encode()).hexdigest()
    assert digest_of(paths[::-1]) != found.digest
    assert digest_of(paths[:1]) == inner[0]


def test_a_folder_is_read_by_name_and_what_is_no_text_passed_over(tmp_path: Path) -> None:
    saved = {"saved_dict/a/lm_LSTM/model.safetensors": b"x", "saved_dict/a/lm_LSTM/config.json": b"{}"}
    fill(tmp_path / "novel", {**NOVEL, **saved, ".hidden": b"x", ".git/config": b"x", "Thumbs.db": b"x"})
    found = read_running_text([tmp_path / "novel"])
    assert found.text == "two\nten\none\n"
    assert [(path.name, kind.words) for path, kind in found.passed_over] == [("cover.png", "a PNG image")]
    (note,) = load_corpus(find_text(str(tmp_path / "novel")), CorpusConfig()).notes
    assert words(note) == (
        f"{tmp_path / 'novel'}: 3 files (Chapter 2.txt, chapter 10.txt, chapter 1.txt); UTF-8; 12 characters; passed over: "
        "cover.png (a PNG image)"
    )


@pytest.mark.parametrize("packed", [zipped(NOVEL), tarred(NOVEL)], ids=["zip", "tar.gz"])
def test_an_archive_is_read_like_a_folder(packed: bytes, tmp_path: Path) -> None:
    fill(tmp_path, {"novel.zip": packed})
    found = read_running_text([tmp_path / "novel.zip"])
    assert found.text == "two\nten\none\n"
    assert found.to_dict() == {
        "files": ["Chapter 2.txt", "chapter 10.txt", "chapter 1.txt"],
        "encodings": ["UTF-8"],
        "characters": 12,
        "damaged_lines": 0,
        "removed": 0,
        "passed_over": {"cover.png": "a PNG image"},
    }


def test_each_file_has_its_own_encoding(tmp_path: Path) -> None:
    text = "那河畔的金柳，是夕阳中的新娘；波光里的艳影，在我的心头荡漾。"
    encoded = {f"{i}.txt": text.encode(name) for i, name in enumerate(("utf-8-sig", "gb18030", "utf-16", "utf-8"))}
    fill(tmp_path, {**encoded, "9.gz": gzip.compress(text.encode("utf-8"))})
    found = read_running_text([tmp_path])
    assert found.text == "\n".join([text] * 5)
    assert found.encodings == ("UTF-8", "GB18030", "UTF-16")


def test_marks_that_nobody_sees_are_taken_out(tmp_path: Path) -> None:
    bom = b"\xef\xbb\xbf"
    fill(tmp_path, {"glued.txt": bom + b"one\n" + bom + b"t\0wo\x1b[31m\tthree\x7f\f\n"})
    found = read_running_text([tmp_path / "glued.txt"])
    assert (found.text, found.removed) == ("one\ntwo[31m\tthree\f\n", 4)
    (note,) = load_corpus(find_text(str(tmp_path / "glued.txt")), CorpusConfig()).notes
    assert words(note) == (
        f"{tmp_path / 'glued.txt'}: UTF-8; 19 characters; 4 control characters and marks that nobody sees were taken out"
    )


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    fill(
        tmp_path,
        {"a.txt": b"<!DOCTYPE html><html><head>", "b.zip": zipped({"x/a.png": PNG, "b.png": PNG}), "c/a.png": PNG},
    )
    for name, message in {
        "a.txt": "an HTML page; expected text: open it in a browser and save what it shows as text, or download the data file itself",
        "b.zip": "no text in it; expected text files to learn from",
        "c": "no text in it; expected text files to learn from",
        "c/a.png": "a PNG image; expected text: name the text or table that is to be learnt from",
        "d.txt": "no such file; expected the path of a data file",
    }.items():
        path = tmp_path.joinpath(*name.split("/"))
        with pytest.raises(DataError) as raised:
            read_running_text([path])
        assert str(raised.value) == f"{path}: {message}"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(b"from a pipe")))
    found = read_running_text([Path("-")])
    assert (found.path, found.text) == (Path("stdin"), "from a pipe")


def test_the_folder_of_files_here_is_here() -> None:
    assert common_path([Path("a.txt"), Path("b.txt")]) == Path(".")
    assert common_path([Path("x", "a.txt"), Path("x", "y", "b.txt")]) == Path("x")
    assert common_path([Path("a.txt"), Path(os.path.abspath("b.txt"))]) == Path("a.txt")
