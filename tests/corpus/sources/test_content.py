"""Archives made by Python's own modules, whole, damaged and made to do harm."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import sys
import tarfile
import types
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textrnn.corpus.sources import content as contents
from textrnn.corpus.sources import unpacking
from textrnn.corpus.sources.content import Content, content_of, members
from textrnn.errors import DataError

TABLE = b"text,label\n" + b"".join(b"row number %d,%d\n" % (i, i % 2) for i in range(5000))
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def zipped(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        link = tarfile.TarInfo("link.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(folder)
        archive.addfile(link)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def message(path: Path, *, opened: Callable[[Path], object] = lambda path: content_of(path).read()) -> str:
    with pytest.raises(DataError) as raised:
        opened(path)
    text = str(raised.value)
    assert "\n" not in text
    return text


def test_a_plain_file_is_itself(tmp_path: Path) -> None:
    path = write(tmp_path, "a.CSV", TABLE)
    content = content_of(path)
    assert (content.path, content.name, content.suffix, content.kind()) == (path, "a.CSV", ".csv", None)
    assert content.read() == content.read() == TABLE
    assert content.head(4) == b"text"


@pytest.mark.parametrize("packing", COMPRESSED)
@pytest.mark.parametrize("name", ["reviews.csv.{}", "reviews.csv", "reviews"])
def test_a_compressed_file_is_read_whatever_its_name(packing: str, name: str, tmp_path: Path) -> None:
    path = write(tmp_path, name.format(packing), COMPRESSED[packing](TABLE))
    content = content_of(path)
    assert content.read() == content.read() == TABLE
    assert content.path == path
    assert content.name == name.removesuffix(".{}")
    assert content.head(10) == TABLE[:10]
    assert content.kind() is None
    with content.open() as file:  # anywhere, back as well
        assert file.seek(0, os.SEEK_END) == len(TABLE)
        assert file.seek(100) == 100
        assert file.read(50) == TABLE[100:150]
        assert file.seek(-20, os.SEEK_CUR) == 130
        assert file.readline() == TABLE[130:].splitlines(keepends=True)[0]


def test_an_archive_of_one_file_is_that_file(tmp_path: Path) -> None:
    beside = {"__MACOSX/._reviews.csv": b"\0\5\26\7", "shop/.DS_Store": b"x", "shop/": b"", "shop/README.md": b"x"}
    for name, content in {
        "a.zip": zipped({**beside, "shop/reviews.csv": TABLE}),
        "a.tar": tarred({"./shop/reviews.csv": TABLE, "shop/._reviews.csv": b"x"}),
        "a.tar.gz": tarred({"shop/reviews.csv": TABLE}, "w:gz"),
        "a.tar.xz": tarred({"shop/reviews.csv": TABLE}, "w:xz"),
        "b.zip": zipped({"shop/reviews.csv.gz": gzip.compress(TABLE)}),
    }.items():
        path = write(tmp_path, name, content)
        found = content_of(path)
        assert found.path.as_posix().removesuffix(".gz") == f"{path.as_posix()}/shop/reviews.csv"
        assert (found.name, found.suffix) == ("reviews.csv", ".csv")
        assert found.read() == found.read() == TABLE
        assert found.kind() is None


def test_a_readme_alone_is_the_data(tmp_path: Path) -> None:
    assert content_of(write(tmp_path, "a.zip", zipped({"readme.txt": TABLE}))).read() == TABLE


def test_members_come_in_the_order_of_the_archive(tmp_path: Path) -> None:
    files = {"b/test.csv": b"1", "a.csv": TABLE, "b/dev.csv": b"2"}
    for name, content in {
        "a.zip": zipped(files),
        "a.tar": tarred(files),
        "a.tgz": tarred(files, "w:gz"),
        "a.tar.bz2": tarred(files, "w:bz2"),
    }.items():
        path = write(tmp_path, name, content)
        found = members(path)
        assert [content.path.relative_to(path).as_posix() for content in found] == list(files)
        assert [content.read() for content in found] == list(files.values())
        assert [content.read() for content in reversed(found)] == list(files.values())[::-1]
        assert message(path) == (
            f"{path}: 3 files in the archive (b/test.csv, a.csv, b/dev.csv); expected one: unpack it and name one"
        )


def test_two_members_are_read_side_by_side(tmp_path: Path) -> None:
    other = TABLE[::-1]
    for packed in (zipped({"a": TABLE, "b": other}), tarred({"a": TABLE, "b": other}, "w:gz")):
        first, second = members(write(tmp_path, "packed", packed))
        with first.open() as one, second.open() as two:
            pieces = [(one.read(999), two.read(999)) for _ in range(100)]
        assert b"".join(piece for piece, _ in pieces) == TABLE[:99_900]
        assert b"".join(piece for _, piece in pieces) == other[:99_900]


def test_what_is_in_an_archive_is_named(tmp_path: Path) -> None:
    workbook = zipped({"[Content_Types].xml": b"<x/>" * 9000, "xl/workbook.xml": b"<x/>"})
    inside = {"a.xlsx": workbook, "b.pdf": b"%PDF-1.4\n%\xe2", "c.zip": zipped({"a.csv": TABLE}), "d.txt": b"PK"}
    kinds = [content.kind() for content in members(write(tmp_path, "a.zip", zipped(inside)))]
    assert [kind and kind.name for kind in kinds] == ["excel", "pdf", "zip", None]
    found = content_of(write(tmp_path, "renamed.csv", workbook))
    assert found.read() == workbook
    kind = found.kind()
    assert kind is not None
    assert kind.name == "excel"
    twice = content_of(write(tmp_path, "a.gz.gz", gzip.compress(gzip.compress(TABLE)))).kind()
    assert twice is not None
    assert twice.name == "gzip"


@pytest.mark.parametrize("packing", COMPRESSED)
def test_a_compressed_file_that_breaks_off_is_named(packing: str, tmp_path: Path) -> None:
    path = write(tmp_path, "a", COMPRESSED[packing](TABLE)[:-100])
    name = {"gz": "gzip", "bz2": "bzip2", "xz": "xz"}[packing]
    assert message(path) == (
        f"{path}: the {name} archive breaks off; expected a whole one: download or copy it once more"
    )


@pytest.mark.parametrize("packed", [zipped({"a.csv": TABLE}), tarred({"a.csv": TABLE})], ids=["zip", "tar"])
def test_an_archive_that_breaks_off_is_named(packed: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, "a", packed[: len(packed) // 2])
    kind = "zip" if packed.startswith(b"PK") else "tar"
    assert re.fullmatch(
        rf"{re.escape(str(path))}(/a\.csv)?: the {kind} archive breaks off; expected a whole one: download or copy it "
        "once more",
        message(path).replace(os.sep + "a.csv", "/a.csv"),
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    packed=st.sampled_from(
        [packer(TABLE[:400]) for packer in COMPRESSED.values()]
        + [zipped({"a": TABLE[:400], "b": b"x"}), tarred({"a": TABLE[:400]}, "w:gz"), tarred({"a": TABLE[:99]})]
    ),
    changes=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_a_damaged_archive_gives_data_or_one_line(
    packed: bytes, changes: list[tuple[int, int]], tmp_path: Path
) -> None:
    damaged = bytearray(packed)
    for place, byte in changes:
        damaged[place % len(damaged)] = byte
    path = write(tmp_path, "damaged", bytes(damaged))
    problems = []
    try:
        for content in members(path):
            content.kind()
            content.read()
    except DataError as error:
        problems.append(str(error))
    assert not any("\n" in problem for problem in problems)


def test_an_encrypted_archive_is_named(tmp_path: Path) -> None:
    packed = bytearray(zipped({"a.csv": TABLE}))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1  # the flag, in the directory
    path = write(tmp_path, "a.zip", bytes(packed))
    assert message(path) == (
        f"{path / 'a.csv'}: encrypted; expected an archive without a password: unpack it and name the file"
    )


def test_a_packing_that_is_not_known_is_named(tmp_path: Path) -> None:
    packed = bytearray(zipped({"a.csv": TABLE}))
    packed[packed.index(b"PK\x01\x02") + 10] = 9  # Deflate64
    packed[8] = 9
    path = write(tmp_path, "a.zip", bytes(packed))
    assert message(path) == (
        f"{path / 'a.csv'}: the zip archive is packed in a way that is not known here (That compression method is not "
        "supported); expected the usual one: unpack it and name the file"
    )


@pytest.mark.parametrize("name", ["../../a.csv", "/etc/a.csv", "a/../../b.csv", "C:/a.csv", "..\\..\\a.csv"])
def test_a_name_that_leads_out_of_its_archive_is_refused(name: str, tmp_path: Path) -> None:
    for packed in (zipped({name: TABLE}), tarred({name: TABLE})):
        path = write(tmp_path, "a", packed)
        assert message(path) == (
            f"{path}: a file named {name!r} in it; expected names inside the archive: pack it anew without such names"
        )


def test_what_swells_beyond_reason_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "SUSPICIOUS_BYTES", 3 << 20)
    packed = bz2.compress(bytes(30 << 20))
    said = "unpacks to more than 1,000 times its {:,} bytes; expected text, which never does: unpack it and look at what it is"
    path = write(tmp_path, "a.csv.bz2", packed)
    assert message(path) == f"{path}: {said.format(len(packed))}"
    nested = zipped({"a.csv.bz2": packed})
    with zipfile.ZipFile(io.BytesIO(nested)) as archive:
        size = archive.infolist()[0].compress_size
    path = write(tmp_path, "a.zip", nested)
    assert message(path) == f"{path / 'a.csv.bz2'}: {said.format(size)}"
    tar = bz2.compress(tarred({"a.csv": bytes(30 << 20)}))
    path = write(tmp_path, "a.tar.bz2", tar)
    assert message(path) == f"{path}: {said.format(len(tar))}"


def test_a_size_that_the_directory_of_an_archive_tells_is_enough_to_refuse_it(tmp_path: Path) -> None:
    packed = bytearray(zipped({"a.csv": TABLE}))
    at = packed.index(b"PK\x01\x02") + 24
    packed[at : at + 4] = (0xF0000000).to_bytes(4, "little")
    path = write(tmp_path, "a.zip", bytes(packed))
    size = int.from_bytes(packed[at - 4 : at], "little")
    assert 1000 * size < 0xF0000000, "else this tests nothing"
    assert message(path).startswith(f"{path / 'a.csv'}: unpacks to more than 1,000 times its {size:,} bytes; ")


def test_an_archive_without_a_file_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a.zip", zipped({"__MACOSX/._a": b"x"}))
    assert message(path) == f"{path}: no file in the archive; expected one with data"


def test_names_are_read_as_the_packing_system_wrote_them(tmp_path: Path) -> None:
    for encoding in ("utf-8", "gb18030"):
        stored = "评论.csv".encode(encoding).decode("cp437")
        packed = zipped({stored: TABLE})
        packed = packed.replace(
            stored.encode("utf-8"), "评论.csv".encode(encoding).ljust(len(stored.encode("utf-8")), b"_")
        )
        flagless = bytearray(packed)
        flagless[7] &= ~0x8
        flagless[packed.index(b"PK\x01\x02") + 9] &= ~0x8
        (found,) = members(write(tmp_path, "a.zip", bytes(flagless)))
        assert found.path.name.rstrip("_") == "评论.csv"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing = tmp_path / "missing.csv"
    assert message(missing) == f"{missing}: no such file; expected the path of a data file"
    assert message(tmp_path).startswith(f"{tmp_path}: cannot be read (")
    assert message(Path("https://example.org/a.csv")).startswith("https://example.org/a.csv: an address on the web; ")


def test_standard_input_is_read_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for packed in (TABLE, gzip.compress(TABLE), zipped({"a.csv": TABLE})):
        monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(packed)))
        assert content_of(Path("-")).read() == content_of(Path("-")).read() == TABLE
    assert content_of(Path("-")).path.parts == ("stdin", "a.csv")
    monkeypatch.setattr(sys, "stdin", None)
    assert message(Path("-")) == "stdin: there is no standard input; expected data from a pipe or a file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_read_once_and_kept(tmp_path: Path) -> None:
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(TABLE),))
    writer.start()
    content = content_of(pipe)
    writer.join()
    assert isinstance(content, Content)
    assert content.read() == content.read() == TABLE


def test_long_standard_input_is_kept_in_a_file_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "IN_MEMORY", 10)
    for data in (b"0123456789", b"0123456789a" * 1000):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        found = content_of(Path("-"))
        assert (found.path, found.packed_bytes) == (Path("stdin"), len(data))
        with found.open() as first, found.open() as second:
            assert first.read(3) == second.read(3) == b"012"
            assert first.read() == data[3:]
    file = found.stored.args[0]  # type: ignore[attr-defined]
    assert file.read_bytes() == data
    contents._stdin = None
    del found
    assert not file.exists()
