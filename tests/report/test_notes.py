"""Notes in words."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import string
from pathlib import Path

import numpy as np
import pytest

from textrnn.corpus.embeddings import PretrainedEmbedding
from textrnn.errors import Note
from textrnn.report.label_errors import doubted
from textrnn.report.notes import MESSAGES, WITHOUT_PREFIX, line, words

PACKAGE = Path(__file__).resolve().parents[2] / "textrnn"


def notes_in_the_code() -> dict[str, list[set[str]]]:
    """Every ``Note("kind", name=...)`` and ``bench.note("kind", name=...)``: its kind, and the names of what it says."""
    found: dict[str, list[set[str]]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Note", "bench.note", "self.note"):
                if not isinstance(node.args[0], ast.Constant):
                    assert ast.unparse(node) == "Note(kind, **facts)", f"{path}:{node.lineno}: a kind is a literal"
                    continue
                if all(word.arg for word in node.keywords):  # else it has what another note or function says
                    found.setdefault(node.args[0].value, []).append({str(word.arg) for word in node.keywords})
                else:
                    found.setdefault(node.args[0].value, [])
    return found


def test_every_kind_has_words_and_all_words_are_used() -> None:
    assert set(notes_in_the_code()) == set(MESSAGES)
    assert set(MESSAGES) >= WITHOUT_PREFIX


@pytest.mark.parametrize("kind", MESSAGES)
def test_the_words_find_what_they_need(kind: str) -> None:
    said = MESSAGES[kind]
    if isinstance(said, str):
        needed = {name.split(".")[0] for _, name, _, _ in string.Formatter().parse(said) if name}
    else:
        parameters = inspect.signature(said).parameters.values()
        needed = {parameter.name for parameter in parameters if parameter.default is parameter.empty}
    for given in notes_in_the_code()[kind]:
        assert needed <= given


def test_what_is_beside_the_matter_is_marked() -> None:
    assert line(Note("finished", folder="x")) == "the run in x is finished: nothing to resume"
    assert line(Note("empty_text")) == "note: the text is empty; the answer is a guess"
    assert words(Note("of_model", model="RNN", note=Note("empty_text"))).startswith("RNN: the text is empty")
    assert Note("a", b=1) == Note("a", b=1) != Note("a", b=2)
    assert Note("a", b=1)["b"] == 1


def test_what_was_left_out_of_vectors_is_told() -> None:
    vectors = PretrainedEmbedding(np.zeros((5, 3), np.float32), np.ones(5, bool), Path("v"), "word2vec text")
    facts = {"found": 3, "tokens": 4, "of_occurrences": 0.5}
    plain = "embedding: v (word2vec text), size 3; has 3 of 4 tokens (75.00%), 50.00% of their occurrences"
    assert line(Note("vectors", vectors=vectors, **facts)) == plain
    counts = {"by_case": 2, "not_finite": 1, "repeated": 3, "damaged": 1_000, "promised": (2_000_000, 50_000)}
    assert line(Note("vectors", vectors=dataclasses.replace(vectors, **counts), **facts)) == (
        f"{plain}; 2 of them in another case; 1 left out for NaN or huge numbers; 3 left out as repeated; 1,000 tokens of "
        "the file with damaged bytes; 50,000 of the 2,000,000 rows that its first line names"
    )


def test_doubts_that_are_too_many_are_not_called_errors() -> None:
    assert doubted(1, 3) == "1 row"
    assert doubted(500, 1500) == "500 rows"
    assert doubted(1_875, 2_000) == (
        "1,875 of 2,000 rows, too many to be errors: the models know too little of these classes to judge"
    )
