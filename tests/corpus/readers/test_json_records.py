from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.corpus.readers.files import error, pairs, read, some_rows

OBJECTS: list[dict[str, Any]] = [{"text": text, "label": label} for text, label in some_rows()]
SHAPE = 'expected one object a line, {"text": ..., "label": ...}, or an array of such objects'


def lines(objects: list[Any], **form: Any) -> str:
    return "".join(json.dumps(value, **form) + "\n" for value in objects)


@pytest.mark.parametrize(
    "content",
    [
        lines(OBJECTS),
        lines(OBJECTS, indent=1),
        json.dumps(OBJECTS),
        json.dumps(OBJECTS, indent=2),
        json.dumps({"version": 1, "data": OBJECTS}),
        json.dumps({"rows": [{"row_idx": at, "row": one} for at, one in enumerate(OBJECTS)]}),
        lines([{"id": at, "text": one["text"], "label": [one["label"]]} for at, one in enumerate(OBJECTS)]),  # doccano
        json.dumps([{"data": {"text": one["text"]}, "annotations": [{"result": [{"value": {"choices": [one["label"]]}}]}]} for one in OBJECTS]),  # Label Studio
        *(pd.DataFrame(OBJECTS).to_json(orient=orient) for orient in ("records", "columns", "split")),
        pd.DataFrame(OBJECTS).to_json(orient="records", lines=True),
        pd.DataFrame(OBJECTS).to_json(orient="records", force_ascii=True, indent=1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.txt"])
def test_shapes_of_json(tmp_path: Path, content: str, name: str) -> None:
    assert pairs(read(tmp_path, name, content)) == some_rows()


def test_items_of_an_array_have_lines(tmp_path: Path) -> None:
    found = read(tmp_path, "a.json", json.dumps(OBJECTS, indent=1))
    assert list(found.line_numbers[:3]) == [2, 6, 10]


def test_numbers_and_truth_values_are_texts_and_labels(tmp_path: Path) -> None:
    found = read(
        tmp_path, "a.jsonl", lines([{"text": 5, "label": 3}, {"text": "y", "label": True}, {"text": 1.5, "label": 3}])
    )
    assert pairs(found) == [("5", "3"), ("y", "true"), ("1.5", "3")]


def test_null_is_nothing(tmp_path: Path) -> None:
    objects = [*OBJECTS * 5, {"text": None, "label": "account"}, {"label": "account"}]
    found = read(tmp_path, "a.jsonl", lines(objects))
    assert found.reading is not None
    assert [(row.line, row.reason) for row in found.reading.left_out] == [(201, "no-text"), (202, "no-text")]


def test_several_labels(tmp_path: Path) -> None:
    assert error(tmp_path, "a.jsonl", lines([*OBJECTS, {"text": "x", "label": ["billing", "account"]}])) == (
        "a.jsonl:41: 2 labels (billing|account): 'x'; expected text and label in each row: keep the one that matters, or "
        "learn all of them with `multi_label`, or leave such rows out with `on_bad_row=skip`"
    )


def test_unicode_escapes(tmp_path: Path) -> None:
    assert read(tmp_path, "a.jsonl", r'{"text": "\u8d22\u7ecf \ud83d\ude00", "label": "x"}').texts == ["财经 😀"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": "x", "label": "y"}\nnot json\n', "a.jsonl:2: not JSON (Expecting value, column 1); expected "
         "text and label in each row: correct the line, or leave such rows out with `on_bad_row=skip`"),
        ('{"text": "x",\n "label": y}\n', f"a.jsonl:2: not JSON (Expecting value); {SHAPE}"),
        ("[1, 2]\n", f"a.jsonl:1: a JSON number, no object; {SHAPE}"),
        ("5\n", f"a.jsonl:1: a JSON number; {SHAPE}"),
        ("[]\n", f"a.jsonl:1: no row; {SHAPE}"),
        ("[" * 200_000, f"a.jsonl:1: JSON that is nested too deeply; {SHAPE}"),
        ('{"data": [{"paragraphs": [{"text": "x"}]}]}', "a.jsonl:1: no key but paragraphs.text; expected one object a "
         "text, with its label beside it"),
    ],
)  # fmt: skip
def test_what_is_no_record(tmp_path: Path, content: str, message: str) -> None:
    assert error(tmp_path, "a.jsonl", content) == message
