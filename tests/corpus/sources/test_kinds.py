"""Files that are no text, made by the programs that make them, and texts that only begin like them."""

from __future__ import annotations

import csv
import io
import pickle
import sqlite3
import tarfile
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from safetensors.torch import save

from textrnn.corpus.sources.kinds import Kind, kind_of, kind_of_names, looks_like_url, refuse_url
from textrnn.errors import DataError


def office(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("[Content_Types].xml", "_rels/.rels", *names):
            archive.writestr(name, "<x/>" * 100)
    return file.getvalue()


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


def a_sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        sound.writeframes(b"ab" * 100)
    return file.getvalue()


def a_database(folder: Path) -> bytes:
    with sqlite3.connect(folder / "a.db") as database:
        database.execute("create table reviews (text, label)")
    database.close()
    return (folder / "a.db").read_bytes()


def a_network(folder: Path, *, zipped: bool) -> bytes:
    torch.save({"weight": torch.zeros(3)}, folder / "a.pt", _use_new_zipfile_serialization=zipped)
    return (folder / "a.pt").read_bytes()


def an_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(4))
    return file.getvalue()


def arrays() -> bytes:
    file = io.BytesIO()
    np.savez(file, one=np.zeros(4), two=np.ones(2))
    return file.getvalue()


def a_tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("reviews.csv"))
    return file.getvalue()


def name_of(content: bytes, path: Path | None = None) -> str | None:
    found = kind_of(content[:8192], path)
    return found and found.name


def test_files_of_programs_are_named(tmp_path: Path) -> None:
    import matplotlib.figure

    for ending in ("png", "pdf", "svg"):
        matplotlib.figure.Figure().savefig(tmp_path / f"a.{ending}")
    made = {
        "image": [(tmp_path / "a.png").read_bytes(), (tmp_path / "a.svg").read_bytes()],
        "pdf": [(tmp_path / "a.pdf").read_bytes()],
        "excel": [office("xl/workbook.xml"), office("docProps/app.xml", "xl/workbook.xml")],
        "word": [office("word/document.xml")],
        "powerpoint": [office("ppt/presentation.xml")],
        "zip": [zipped("reviews.csv"), zipped("word/list.txt", "xl/list.txt"), zipped()],
        "epub": [zipped("mimetype", "META-INF/container.xml")],
        "opendocument": [zipped("mimetype", "content.xml", "META-INF/manifest.xml")],
        "pickle": [pickle.dumps({"text": ["a"]}, protocol) for protocol in range(2, 6)]
        + [pickle.dumps([], 0), pickle.dumps({}, 1), pickle.dumps([], 1), a_network(tmp_path, zipped=False)],
        "torch": [a_network(tmp_path, zipped=True)],
        "numpy": [an_array(), arrays()],
        "sqlite": [a_database(tmp_path)],
        "safetensors": [save({"weight": torch.zeros(3)})],
        "audio": [a_sound(), b"ID3\x04\0\0\0\0\0\x23TSSE", b"\xff\xfb\x90\x00" + b"\0" * 20],
        "tar": [a_tar()],
    }
    for name, contents in made.items():
        for content in contents:
            assert name_of(content) == name, content[:20]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"PAR1\x15\x04\x15\x10\x15", "parquet"),
        (b"ARROW1\0\0\xff\xff", "arrow"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image"),
        (b"GIF89a\x01\0\x01\0\x80", "image"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image"),
        (b"BM\x36\x10\0\0\0\0\0\0\x36\0", "image"),
        (b"\0\0\0\x20ftypisom\0\0\x02\0", "video"),
        (b"MZ\x90\0\x03\0\0\0\x04\0", "program"),
        (b"\x7fELF\x02\x01", "program"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "7z"),
        (b"Rar!\x1a\x07\x01\0", "rar"),
        (b"\x28\xb5\x2f\xfd\x04", "zstandard"),
        (b"{\\rtf1\\ansi", "rtf"),
        (b"%PDF-1.7\n%\xe2\xe3", "pdf"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:", "git-lfs"),
        (b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>', "excel-xml"),
        (b"<!DOCTYPE html>\n<html lang='en'><head>", "html"),
        (b"\xef\xbb\xbf\n <!doctype HTML PUBLIC '-//W3C'>\n<!-- saved -->\n<HTML>", "html"),
        (b"<html><body><table>", "html"),
        ("\ufeff<html><head>".encode("utf-16-le"), "html"),
        (b"<table border=1><tr><td>text</td>", "html"),
    ],
)
def test_marks(content: bytes, name: str) -> None:
    assert name_of(content) == name


def test_old_office_documents_are_told_apart_by_their_streams_or_endings() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert name_of(ole + "Workbook".encode("utf-16-le")) == "old-excel"
    assert name_of(ole + "WordDocument".encode("utf-16-le")) == "old-word"
    assert name_of(ole + "EncryptedPackage".encode("utf-16-le"), Path("a.xlsx")) == "locked-office"
    assert [name_of(ole, Path(name)) for name in ("a.doc", "a.xls", "a.csv", "a")] == [
        "old-word", "old-excel", "old-excel", "old-office",
    ]  # fmt: skip


def test_the_names_at_the_end_of_a_long_document_are_read_from_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "renamed.csv"
    path.write_bytes(office("docProps/" + "x" * 200, "xl/workbook.xml"))
    assert name_of(path.read_bytes()[:100]) == "zip"
    found = kind_of(path.read_bytes()[:100], path)
    assert found is not None
    assert str(found.refusal(path)) == (
        f"{path}: an Excel workbook; expected text: open it in Excel, WPS or LibreOffice and save it as CSV UTF-8"
    )


def test_a_folder_named_like_one_of_office_makes_no_document() -> None:
    assert kind_of_names(["xl/reviews.csv", "word/reviews.csv"]) is None
    assert kind_of_names([]) is None


@pytest.mark.parametrize(
    "text",
    [
        "BM is a gene", "PK fire!", "%PDF is a format\tformats", "%PDF-1.7 is a version", "GIF89a was a format\tx",
        "PAR1 is a receptor\tbiology", "ORC and ELF\tgames", "MZ began all programs", "RIFF in E minor", "ID3 is a tag",
        "OggS", "Rar! said the cat", "7z is small", "BZh9 is how it starts", "ustar" * 100, "<html> is a tag\tweb",
        "<!DOCTYPE html> what does it do?\tweb", "<html>\tweb", "<b>bold</b>\tweb", "{\\rtf is RTF", "FLV", "(laughs)",
        "]q", "version https://example.org", "<?xml is a start", "<mediawiki><page>", "ORC\n" + "a" * 60 + "\0",
        '{"text": "a"}', "text,label\na,b", "\x1b[31mred", "", "\n\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_a_text_that_begins_like_one_is_a_text(text: str, encoding: str) -> None:
    assert kind_of(text.encode(encoding)) is None


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), st.sampled_from(["utf-8", "gb18030"]))
@example("数壕", "gb18030")
@example("销睫", "gb18030")
def test_no_text_without_control_characters_is_taken_for_another_kind(text: str, encoding: str) -> None:
    assert kind_of(text.encode(encoding)) is None


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=2, max_size=2), min_size=1))
def test_a_table_is_a_text(rows: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    assert kind_of(file.getvalue().encode("utf-8")) is None


@given(st.binary(max_size=400))
def test_any_bytes_have_an_answer(content: bytes) -> None:
    assert isinstance(kind_of(content), Kind | None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://example.org/reviews.csv", "https://example.org/reviews.csv"),
        (Path("https://example.org/reviews.csv"), "https://example.org/reviews.csv"),
        ("HTTP://EXAMPLE.ORG/a", "HTTP://EXAMPLE.ORG/a"),
        ("s3://bucket/a.csv", "s3://bucket/a.csv"),
    ],
)
def test_an_address_is_called_one(text: str | Path, shown: str) -> None:
    assert looks_like_url(text)
    with pytest.raises(DataError) as raised:
        refuse_url(text)
    assert str(raised.value) == (
        f"{shown}: an address on the web; expected a file on this machine: download it first and name the file"
    )


@pytest.mark.parametrize("text", ["C:\\a.csv", "c:/a.csv", "http", "https.csv", "a:b", "./https:/", "data/http/a.txt"])
def test_a_path_is_no_address(text: str) -> None:
    assert not looks_like_url(text)
    refuse_url(text)
