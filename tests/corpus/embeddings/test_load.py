from __future__ import annotations

import bz2
import gzip
import lzma
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from textrnn.corpus.embeddings import load_embedding
from textrnn.errors import DataError

TOKENS = ["<pad>", "<unk>", "股", "市", "a b", "\u3000", "无", " "]
ROWS = {
    "股": [0.5, -1.0, 2.0],
    "市": [1.0, 0.0, -3.0],
    "a b": [4.0, 5.0, 6.0],
    "\u3000": [7.0, 8.0, 9.0],
    " ": [1.5, 2.5, 3.5],
}


def text_file(path: Path, *, header: bool, extra: str = "") -> Path:
    lines = [f"{token} {' '.join(map(str, numbers))}" for token, numbers in ROWS.items()]
    lines += [f"别{i} 0.1 0.2 0.3" for i in range(20)]
    content = (f"{len(lines)} 3\n" if header else "") + "\n".join(lines) + "\n" + extra
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


@pytest.mark.parametrize("name", ["v.vec", "v.txt", "v.vec.gz"])
@pytest.mark.parametrize("header", [True, False])
def test_text_files(tmp_path: Path, name: str, header: bool) -> None:
    loaded = load_embedding(text_file(tmp_path / name, header=header), TOKENS, seed=0)
    assert loaded.vectors.dtype == np.float32
    assert loaded.found.tolist() == [False, False, True, True, True, True, False, True]
    for token, numbers in ROWS.items():
        assert loaded.vectors[TOKENS.index(token)].tolist() == numbers
    assert loaded.vectors[0].tolist() == [0, 0, 0]


def test_windows_lines_and_trailing_spaces(tmp_path: Path) -> None:
    (tmp_path / "v.vec").write_bytes("1 2\r\n股 1 2 \r\n".encode())
    assert load_embedding(tmp_path / "v.vec", ["<pad>", "<unk>", "股"], seed=0).vectors[2].tolist() == [1, 2]


def error_of(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_embedding(path, TOKENS, seed=0)
    return str(caught.value)


def test_byte_order_mark_before_the_first_token(tmp_path: Path) -> None:
    (tmp_path / "v.vec").write_bytes("\ufeff股 1 2\n市 3 4\n".encode())
    assert load_embedding(tmp_path / "v.vec", ["<pad>", "<unk>", "股", "市"], seed=0).vectors[2:].tolist() == [
        [1, 2],
        [3, 4],
    ]


def test_lines_of_the_wrong_size(tmp_path: Path) -> None:
    path = text_file(tmp_path / "v.vec", header=True, extra="无 1.0 2.0\n别 1 2 3\n")
    assert error_of(path) == (
        f"{path}:27: 2 numbers; expected 3 as in the header: mend this line, or copy or download the file once more"
    )
    path = text_file(tmp_path / "v.vec", header=False, extra="无 1.0 2.0\n")
    assert error_of(path) == (
        f"{path}:26: 2 numbers; expected 3 as in the other lines: the file breaks off here, copy or download it once more"
    )


@pytest.mark.parametrize(
    ("end", "count"), [("别", 0), ("别 ", 0), ("别 1.0", 1), ("别 1.0 2.0 -", 2), ("别 1.0 2.0 ", 2)]
)
def test_a_last_row_that_breaks_off_is_named_even_if_it_is_not_wanted(tmp_path: Path, end: str, count: int) -> None:
    path = text_file(tmp_path / "v.vec", header=True, extra=end)
    assert error_of(path) == (
        f"{path}:27: {count} number{'s' if count != 1 else ''}; expected 3 as in the header: the file breaks off here, "
        "copy or download it once more"
    )


def test_one_row_that_breaks_off(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("40 8\nx 1.5 2", encoding="utf-8")
    assert error_of(tmp_path / "v").startswith(f"{tmp_path / 'v'}:2: 2 numbers; expected 8 as in the header: the file")


def test_fewer_rows_than_the_header_names_are_told(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("2000000 2\n股 1 2\n\n市 3 4\n\n", encoding="utf-8")
    loaded = load_embedding(tmp_path / "v", TOKENS, seed=0)
    assert loaded.promised == (2_000_000, 2)
    assert loaded.vectors[2:4].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("number", ["x", "1_0", "0,5", "--1"])
def test_fields_that_are_no_numbers(tmp_path: Path, number: str) -> None:
    path = text_file(tmp_path / "v.vec", header=True, extra=f"无 1.0 {number} 3.0\n别 1 2 3\n")
    message = error_of(path)
    assert message.startswith(f"{path}:27: not all of the 3 last fields are numbers (")
    assert message.endswith("); expected a token and 3 numbers: mend this line")


@pytest.mark.parametrize("number", ["nan", "inf", "-Infinity", "1e300", "1e400", "-2000000"])
def test_rows_that_are_not_finite_are_left_out(tmp_path: Path, number: str) -> None:
    path = text_file(tmp_path / "v.vec", header=True, extra=f"无 1.0 {number} 3.0\n")
    loaded = load_embedding(path, TOKENS, seed=0)
    assert (loaded.not_finite, bool(loaded.found[TOKENS.index("无")])) == (1, False)
    assert np.isfinite(loaded.vectors).all()
    path.write_text(f"股 1 {number} 2\n市 {number} 1 3\nx 0 0 0\n", encoding="utf-8")
    assert error_of(path) == (
        f"{path}: of the tokens of the vocabulary it has 2 rows, and all hold numbers that are infinite, huge or not a "
        "number; expected finite vectors"
    )


def test_of_a_repeated_token_the_first_row_counts(tmp_path: Path) -> None:
    path = text_file(tmp_path / "v.vec", header=True, extra="股 9 9 9\n别1 9 9 9\n股 8 8 8\n无 nan 0 0\n无 1 1 1\n")
    loaded = load_embedding(path, TOKENS, seed=0)
    assert (loaded.repeated, loaded.not_finite) == (2, 1)
    assert loaded.vectors[2].tolist() == ROWS["股"]
    assert loaded.vectors[TOKENS.index("无")].tolist() == [1, 1, 1]


def test_damaged_bytes_stop_nothing(tmp_path: Path) -> None:
    path = text_file(tmp_path / "v.vec", header=False)
    path.write_bytes(b"\xff\xfa 1 2 3\n" + path.read_bytes() + b"ab\xe8\x82 1 2 3\n\xe8\x82 4 5 6\nc\0d 1 2 3\n")
    loaded = load_embedding(path, TOKENS, seed=0)
    assert (loaded.damaged, int(loaded.found.sum())) == (3, 5)


def test_case_is_tried_before_a_token_is_missing(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("Rome 1 1.5\nrome 2 2\nPARIS 3 3\nparis 4 4\nUSA 5 5\nOslo 6 6\n", encoding="utf-8")
    tokens = ["<pad>", "<unk>", "Rome", "ROME", "Paris", "usa", "oslo", "Bonn"]
    loaded = load_embedding(tmp_path / "v", tokens, seed=0)
    assert loaded.vectors[2:7, 0].tolist() == [1, 2, 4, 5, 6]
    assert loaded.found.tolist() == [False, False, True, True, True, True, True, False]
    assert (loaded.by_case, loaded.repeated) == (4, 0)


def test_a_token_in_no_encoding_takes_no_row(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("? 1 1.5\nx 2 2\n", encoding="utf-8")
    loaded = load_embedding(tmp_path / "v", ["<pad>", "<unk>", "?", "\ud800"], seed=0)
    assert loaded.found.tolist() == [False, False, True, False]


def test_file_without_any_of_the_tokens(tmp_path: Path) -> None:
    (tmp_path / "v.vec").write_text("x 1 2\ny 3 4\n", encoding="utf-8")
    assert error_of(tmp_path / "v.vec") == (
        f"{tmp_path / 'v.vec'}: none of the 6 tokens of the vocabulary is in the file (it has x, y, ...); expected "
        "vectors for the tokens in use: see `tokenizer` (characters need a file of characters, words one of words)"
    )


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_packed_file_that_breaks_off(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = text_file(tmp_path / "v.vec", header=True)
    content = pack(path.read_bytes())
    path.write_bytes(content[: len(content) - 20])
    assert re.fullmatch(
        rf"{re.escape(str(path))}:\d+: damaged, or breaks off here \(Compressed file ended before the end-of-stream marker "
        r"was reached\); expected a whole file: copy or download it once more",
        error_of(path),
    )


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_the_line_where_packing_breaks_off(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    generator = np.random.default_rng(0)
    lines = [f"w{i} {' '.join(f'{x:.6f}' for x in generator.normal(size=30))}\n".encode() for i in range(8000)]
    content = pack(b"".join(lines))
    path = tmp_path / "v"
    path.write_bytes(content[: len(content) * 3 // 4])
    line = int(error_of(path).removeprefix(f"{path}:").partition(":")[0])
    assert 3000 < line < 6500


def test_other_damage_in_packing(tmp_path: Path) -> None:
    path = text_file(tmp_path / "v.gz", header=True)
    content = bytearray(path.read_bytes())
    for at in range(12, len(content), 7):
        path.write_bytes(bytes(content[:at]) + bytes([content[at] ^ 0xFF]) + bytes(content[at + 1 :]))
        message = error_of(path)
        assert message.startswith(f"{path}:")
        assert "\n" not in message


def test_the_sizes_of_a_header_are_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "v"
    tracemalloc.start()
    for content, problem in {
        b"999999999 999999999\nx 1 2 3\n": "1: names 999,999,999 numbers a row, but the row below has 3; expected both to "
        "be the same: is it of another file, or does the file break off?",
        b"999999999 999999999\nx \0\0\0?\0\0\0?": "1: names 999,999,999 rows of 999,999,999 numbers; expected 20,000 "
        "numbers a row at most: the file may be damaged",
        b"2 4\nx 1 2 3\ny 1 2 3\n": "1: names 4 numbers a row, but the row below has 3; expected both to be the same: is "
        "it of another file, or does the file break off?",
        b"999999999 2\nx \0\0\0?\0\0\0?": " row 2 of 999,999,999: the file breaks off here; expected a token, a blank "
        "and 2 float32 numbers: copy or download it once more",
        b"1 2\nx \0\0\0?\0\0\0?y \0\0\0?\0\0\0?": "1: names 1 rows of 2 numbers, but more follows them (10 bytes at "
        "least); expected both to be the same: the file may be damaged",
        b"3 2\nx \0\0\0?\0\0\0?\ny \0\0\0?\0\0\0?\nz \0\0\0?\0\0": " row 3 of 3: the file breaks off here; expected a "
        "token, a blank and 2 float32 numbers: copy or download it once more",
        b"3 2\nx \0\0\0?\0\0\0?\ny \0\0\0?\0\0\0?\na b \0\0\0?\0\0\0?\nz \0\0\0?\0\0\0?\n": "1: names 3 rows of 2 numbers, "
        "but more follows them (13 bytes at least); expected both to be the same: the file may be damaged",
        b"4 2\nx \0\0\0?\0\0\0?\na b \0\0\0?\0\0\0?\nz \0\0\0?\0\0\0?\nz \0\0\0?\0\0\0?\n": " row 3 of 4: no line feed "
        "before it as between the others; expected a token, a blank and 2 float32 numbers: copy or download it once more",
    }.items():
        path.write_bytes(content)
        assert error_of(path) == f"{path}:{problem}"
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_only_the_vocabulary_is_held(tmp_path: Path) -> None:
    numbers = " ".join(["0.123456"] * 100)
    with open(tmp_path / "v", "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"w{i} {numbers}\n" for i in range(30_000))  # 27 MB
    tracemalloc.start()
    load_embedding(tmp_path / "v", ["<pad>", "<unk>", "w7"], seed=0)
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()
