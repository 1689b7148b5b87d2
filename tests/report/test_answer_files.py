"""What is written beside each record, read again by other programs: csv, json, pyarrow, pandas, and the trainer's reader."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.corpus.readers import read_rows
from textrnn.corpus.readers.given import ABSENT, Block
from textrnn.errors import ConfigError
from textrnn.report.answer_files import Added, Answered, answer_writer, cell_text, format_of
from textrnn.saved.answers import Answers

NAMES = ["猫狗", "山水", "数字"]


def block_of(cells: list[list[Any]], errors: dict[int, str] | None = None, **others: Any) -> Block:
    return Block(list(range(1, len(cells) + 1)), list(cells), [str(row[-1]) for row in cells], errors or {}, **others)


def answered(block: Block, top_k: int = 2) -> Answered:
    """Row i is answered with class i modulo 3, and the one after it; every fourth text is unusual."""
    places = [at for at in range(len(block)) if at not in block.errors]
    labels = np.array([[(at + rank) % 3 for rank in range(top_k)] for at in places], dtype=np.int64)
    shares = np.array([[0.5 + at % 5 / 10, 0.25][:top_k] for at in places])
    unusual = np.array([at % 4 for at in places], dtype=np.int8)
    return Answered(block, Answers(NAMES, labels.reshape(-1, top_k), shares.reshape(-1, top_k), unusual, 9), places)


def written(form: str, columns: list[str], *blocks: Block, top_k: int = 2, **others: Any) -> bytes:
    parts: list[bytes] = []
    writer = answer_writer(form, parts.append, columns, top_k=top_k, **others)
    for block in blocks:
        writer.write(answered(block, top_k))
    writer.close()
    return b"".join(parts)


BLOCK = block_of([["7", 'a, "b"'], ["8", ""], ["9", "c\nd"], ["x", "e"]], {3: "line 5: no text"})
NOTE = "the text is empty; the answer is a guess"
UNKNOWN = "the model knows none of these tokens; the answer is a guess"


def test_csv_as_pythons_own_module_reads_it() -> None:
    content = written("csv", ["id", "text"], BLOCK)
    assert content.startswith(b"\xef\xbb\xbfid,text,label,probability,label_2,probability_2,note,error\r\n")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows[1:] == [
        ["7", 'a, "b"', "猫狗", "0.5000", "山水", "0.2500", "", ""],
        ["8", "", "山水", "0.6000", "数字", "0.2500", NOTE, ""],
        ["9", "c\nd", "数字", "0.7000", "猫狗", "0.2500", UNKNOWN, ""],
        ["x", "e", "", "", "", "", "", "line 5: no text"],
    ]


def test_in_a_pipe_csv_has_no_mark_and_plain_line_ends() -> None:
    content = written("csv", ["id", "text"], block_of([["1", "a\rb"]]), top_k=1, in_a_file=False)
    assert content == 'id,text,label,probability,note,error\n1,"a\rb",猫狗,0.5000,,\n'.encode()


def test_tsv() -> None:
    content = written("tsv", ["id", "text"], block_of([["1", "a\tb, c"]]), top_k=1)
    assert content.decode("utf-8-sig").splitlines()[1] == '1\t"a\tb, c"\t猫狗\t0.5000\t\t'


def test_json_lines_have_the_answer_as_it_is_everywhere() -> None:
    block = block_of([[1, {"x": [1]}, "a"], [None, ABSENT, "b"], [float("nan"), True, "c"]], {1: "no"})
    block.others = {2: {"late": 3}}
    lines = [json.loads(line) for line in written("jsonl", ["id", "deep", "text"], block).decode().splitlines()]
    ranked = [{"label": "猫狗", "probability": 0.5}, {"label": "山水", "probability": 0.25}]
    assert lines[0] == {
        "id": 1, "deep": {"x": [1]}, "text": "a", "label": "猫狗", "probability": 0.5, "classes": ranked, "note": None,
        "error": None,
    }  # fmt: skip
    nothing = {"label": None, "probability": None, "classes": [], "note": None, "error": "no"}
    assert lines[1] == {"id": None, "text": "b", **nothing}
    assert (lines[2]["id"], lines[2]["deep"], lines[2]["late"]) == (None, True, 3)


def test_parquet_keeps_the_types_of_parquet() -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    own = {
        "id": arrow.array([1, None, 3], arrow.int32()),
        "when": arrow.array([0, 1, None], arrow.timestamp("ms")),
        "kind": arrow.array(["a", "b", None]).dictionary_encode(),
        "text": ["a", "b", "c"],
    }
    table = arrow.table(own)
    rows = [list(row.values()) for row in table.to_pylist()]
    content = written("parquet", table.column_names, block_of(rows[:2]), block_of(rows[2:]), schema=table.schema)
    found = parquet.read_table(io.BytesIO(content))
    assert found.select(table.column_names).equals(table)
    assert found.column("label").to_pylist() == ["猫狗", "山水", "猫狗"]
    assert found.column("probability_2").to_pylist() == [0.25] * 3
    assert found.column("note").to_pylist() == [None, NOTE, None]


def test_parquet_of_other_files_is_text() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    content = written("parquet", ["id", "text"], block_of([[1, "a"], [{"x": 1}, "\ud800"], [ABSENT, "c"]]), top_k=1)
    rows = parquet.read_table(io.BytesIO(content)).to_pylist()
    assert [(row["id"], row["text"]) for row in rows] == [("1", "a"), ('{"x": 1}', "?"), (None, "c")]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_pandas_reads_it(form: str, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    path = tmp_path / f"a.{form}"
    path.write_bytes(written(form, ["id", "text"], BLOCK))
    if form == "csv":
        frame = pandas.read_csv(path, dtype={"id": str}, keep_default_na=False, na_values={"probability": [""]})
    elif form == "jsonl":
        frame = pandas.read_json(path, lines=True, dtype={"id": str})
    else:
        frame = pandas.read_parquet(path)
    assert frame["id"].tolist() == ["7", "8", "9", "x"]
    assert frame["text"].tolist() == ['a, "b"', "", "c\nd", "e"]
    assert frame["label"].tolist()[:3] == ["猫狗", "山水", "数字"]
    assert frame["probability"].iloc[:3].tolist() == pytest.approx([0.5, 0.6, 0.7])
    assert frame["probability"].isna().tolist() == [False] * 3 + [True]


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("columns", [["id", "text"], ["row", "text"]])
def test_what_people_label_can_be_learnt_from(form: str, columns: list[str], tmp_path: Path) -> None:
    path = tmp_path / f"unsure.{form}"
    block = block_of([[str(at), f"words, of text {at}"] for at in range(40)])
    path.write_bytes(written(form, columns, block))
    rows = read_rows(path)
    assert rows.texts == [f"words, of text {at}" for at in range(40)]
    assert rows.labels == [NAMES[at % 3] for at in range(40)]


def test_what_is_below_a_probability() -> None:
    block = block_of([[at, f"text {at}"] for at in range(10)], {1: "line 1: no text"})
    block.others = {5: {"late": 1}}
    part = answered(block).below(0.6)
    assert [row[0] for row in part.block.cells] == [0, 5]
    assert part.block.others == {1: {"late": 1}}
    assert part.answers.probabilities[:, 0].tolist() == [0.5, 0.5]
    assert list(part.answers.notes) == [1]


@pytest.mark.parametrize(
    ("columns", "top_k", "names"),
    [
        (["id"], 1, ["label", "probability", "note", "error"]),
        (["id", " Label"], 1, [f"predicted_{name}" for name in ("label", "probability", "note", "error")]),
        (["classes"], 1, [f"predicted_{name}" for name in ("label", "probability", "note", "error")]),
        (["label_2"], 1, ["label", "probability", "note", "error"]),
        (["error", "predicted_note"], 1, [f"predicted_2_{name}" for name in ("label", "probability", "note", "error")]),
        (["label_2"], 2, [f"predicted_{name}" for name in ("label", "probability", "label_2", "probability_2", "note", "error")]),
    ],
)  # fmt: skip
def test_no_name_is_taken_twice(columns: list[str], top_k: int, names: list[str]) -> None:
    assert Added.beside(columns, top_k).flat == names


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("=1+1", "'=1+1"), ("@a", "'@a"), ("  =1", "'  =1"), ("+49 x", "'+49 x"), ("-5", "-5"), ("-0.25", "-0.25"),
     ("+1e-5", "+1e-5"), ("-5 %", "-5 %"), ("-1+1", "'-1+1"), ("a=1", "a=1"), ("\r=1", "'\r=1"), ("x" * 40_000, "x" * 40_000)],
)  # fmt: skip
def test_nothing_is_computed_and_numbers_stay_numbers(cell: str, shown: str) -> None:
    content = written("csv", ["id", "text"], block_of([[cell, "a"]]), top_k=1)
    csv.field_size_limit(1 << 20)
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1][0] == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (ABSENT, ""), (True, "true"), (2.5, "2.5"), ([1, "a"], '[1, "a"]'), (b"\xff", "\ufffd"),
     (np.datetime64("2026-01-02").item(), "2026-01-02")],
)  # fmt: skip
def test_values_in_cells(value: Any, text: str) -> None:
    assert cell_text(value) == text


def test_keys_without_a_column_are_told() -> None:
    writer = answer_writer("csv", lambda part: None, ["text"], top_k=1)
    writer.write(answered(block_of([["a"], ["b"]], others={1: {"x": 1, "y": 2}}), 1))
    assert list(writer.left_out) == ["x", "y"]


CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=12), st.integers(1, 3))
def test_n_rows_in_n_rows_out(cells: list[list[str]], size: int) -> None:
    blocks = [block_of(cells[at : at + size]) for at in range(0, len(cells), size)]
    lines = written("jsonl", ["id", "text"], *blocks).decode().split("\n")[:-1]
    assert [[record["id"], record["text"]] for record in map(json.loads, lines)] == cells
    table = csv.reader(io.StringIO(written("csv", ["id", "text"], *blocks).decode("utf-8-sig"), newline=""))
    rows = [row[:2] for row in table][1:]
    assert [[cell.removeprefix("'") for cell in row] for row in rows] == [
        [c.removeprefix("'") for c in row] for row in cells
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("answers.xlsx", "`output` answers.xlsx: nothing can be written in a format of that ending; expected a name that ends in .csv, .tsv, .jsonl, .ndjson, .parquet"),
        ("answers", "`output` answers: nothing can be written in a format of that ending; expected a name that ends in .csv, .tsv, .jsonl, .ndjson, .parquet"),
        (".", "`output` .: a folder; expected the name of a file in it, such as answers.csv"),
    ],
)  # fmt: skip
def test_endings(name: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        format_of(Path(name), "output")
    assert str(error.value) == message
