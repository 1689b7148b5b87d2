"""Several labels a row, in each format: what is plain, what is doubtful, and what is read back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus.readers.files import LABELS, details, error, pairs, read, some_rows
from textrnn.config import DataConfig
from textrnn.corpus.labels import Joined, joining_marks, parts_of
from textrnn.corpus.readers import Rows, read_rows
from textrnn.corpus.readers.rows import SeveralLabels
from textrnn.corpus.readers.several import listed_in
from textrnn.errors import ConfigError

Sets = Sequence[tuple[str, ...]]


def some_sets(count: int = 40, every: int = 5) -> list[tuple[str, ...]]:
    """One label in most rows, two in each `every`-th."""
    return [(LABELS[at % 4], LABELS[(at + 1) % 4])[: 1 + (at % every == 0)] for at in range(count)]


def texts_of(count: int) -> list[str]:
    return [text for text, _ in some_rows(count)]


def csv_text(rows: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def how(rows: Rows) -> SeveralLabels:
    assert rows.reading is not None
    assert rows.reading.labels is not None
    return rows.reading.labels


def as_fasttext(texts: Sequence[str], sets: Sets) -> str:
    return "".join(
        f"{' '.join(f'__label__{x}' for x in each)} {text}\n" for text, each in zip(texts, sets, strict=True)
    )


def as_json_lists(texts: Sequence[str], sets: Sets) -> str:
    rows = ({"text": text, "labels": each} for text, each in zip(texts, sets, strict=True))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_json_objects(texts: Sequence[str], sets: Sets) -> str:
    rows = [{"text": text, "labels": [{"name": x} for x in each]} for text, each in zip(texts, sets, strict=True)]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def joined_by(mark: str) -> Callable[[Sequence[str], Sets], str]:
    def write(texts: Sequence[str], sets: Sets) -> str:
        rows = [(text, mark.join(each)) for text, each in zip(texts, sets, strict=True)]
        return csv_text([("text", "tags"), *rows])

    return write


def as_lists_in_text(texts: Sequence[str], sets: Sets) -> str:
    rows = [(text, str(list(each))) for text, each in zip(texts, sets, strict=True)]
    return csv_text([("text", "labels"), *rows])


def as_columns(yes: object, no: object, prefix: str = "") -> Callable[[Sequence[str], Sets], str]:
    def write(texts: Sequence[str], sets: Sets) -> str:
        names = sorted({label for each in sets for label in each})
        rows = [(text, *(yes if n in each else no for n in names)) for text, each in zip(texts, sets, strict=True)]
        return csv_text([("text", *(prefix + name for name in names)), *rows])

    return write


FORMATS: dict[str, tuple[str, Callable[[Sequence[str], Sets], str], str, str]] = {
    "fastText": ("a.txt", as_fasttext, "list", ""),
    "JSON lists": ("a.jsonl", as_json_lists, "list", ""),
    "lists in text": ("a.csv", as_lists_in_text, "list", ""),
    **{f"joined by {mark}": ("a.csv", joined_by(mark), "joined", mark) for mark in "|,;、/"},
    "a wide comma": ("a.csv", joined_by("，"), "joined", ","),
    "0 and 1": ("a.csv", as_columns(1, 0), "columns", ""),
    "truth values": ("a.csv", as_columns("TRUE", "FALSE"), "columns", ""),
    "crosses": ("a.csv", as_columns("x", ""), "columns", ""),
    "German words": ("a.csv", as_columns("Ja", "Nein"), "columns", ""),
    "German truth values": ("a.csv", as_columns("WAHR", "FALSCH"), "columns", ""),
    "Japanese words": ("a.csv", as_columns("はい", "いいえ"), "columns", ""),
    "JSON objects": ("a.jsonl", as_json_objects, "list", ""),
    "columns with a word before": ("a.csv", as_columns(1, 0, "label_"), "columns", ""),
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format(tmp_path: Path, name: str) -> None:
    file, write, form, separator = FORMATS[name]
    texts, sets = texts_of(40), some_sets()
    found = read(tmp_path, file, write(texts, sets))
    assert found.texts == texts
    assert found.labels == []
    assert list(map(sorted, found.label_sets or ())) == list(map(sorted, sets))
    assert how(found) == SeveralLabels(form, separator, several=8)


labels = st.text(alphabet="abcXYZ 动物éß-", min_size=1, max_size=6).map(str.strip).filter(bool)


@pytest.mark.parametrize("name", [n for n in FORMATS if n not in ("fastText", "crosses", "columns with a word before")])
@given(st.data())
@settings(max_examples=15, deadline=None)
def test_sets_are_read_back(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    names = data.draw(st.lists(labels, min_size=3, max_size=6, unique_by=lambda x: " ".join(x.split())))
    sets = data.draw(st.lists(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True), min_size=10))
    sets = [*([x] for x in names), *sets, names[:2], names[1:3], [names[0]], names[::-1], names[:3]]
    sets = [tuple(" ".join(x.split()) for x in each) for each in sets]
    file, write, _, _ = FORMATS[name]
    found = read(tmp_path_factory.mktemp("sets"), file, write(texts_of(len(sets)), sets), multi_label=True)
    assert list(map(set, found.label_sets or ())) == list(map(set, sets))


def test_excel_and_parquet(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    texts, sets = texts_of(40), some_sets()
    pytest.importorskip("pyarrow")
    pandas.DataFrame({"text": texts, "labels": list(map(list, sets))}).to_parquet(tmp_path / "a.parquet")
    found = read_rows(tmp_path / "a.parquet")
    assert (found.label_sets, how(found)) == (sets, SeveralLabels("list", several=8))
    pandas.DataFrame({"text": texts, **{x: [x in each for each in sets] for x in LABELS}}).to_parquet(
        tmp_path / "b.parquet"
    )
    found = read_rows(tmp_path / "b.parquet")
    assert (list(map(set, found.label_sets or ())), how(found).form) == (list(map(set, sets)), "columns")


def test_a_row_with_few_labels_more_is_doubtful(tmp_path: Path) -> None:
    """Two of a thousand rows may be slips: the run stops, and says what to do about it."""
    sets = [("a",) if at % 2 else ("b",) for at in range(1000)]
    sets[10] = sets[20] = ("a", "b")
    assert error(tmp_path, "a.txt", as_fasttext(texts_of(1000), sets)) == (
        "a.txt:11: 2 of 1,000 rows: more than one label on lines 11, 21 (the first: 2 labels (a|b): 'the parcel number "
        "10 was late'); expected text and label in each row: keep the one that matters, or learn all of them with "
        "`multi_label`, or leave such rows out with `on_bad_row=skip`"
    )
    found = read(tmp_path, "a.txt", as_fasttext(texts_of(1000), sets), multi_label=True)
    assert how(found) == SeveralLabels("list", several=2)
    found = read(tmp_path, "a.txt", as_fasttext(texts_of(1000), sets), on_bad_row="skip")
    assert (found.label_sets, len(found.labels)) == (None, 998)
    joined = read(tmp_path, "a.csv", joined_by("|")(texts_of(1000), sets))
    assert (joined.label_sets, joined.labels.count("a|b")) == (None, 2)  # a check stops over them


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_decided_can_be_said(tmp_path: Path, name: str) -> None:
    """A run that goes on or is repeated says what the first one found out, and reads the same."""
    file, write, _, _ = FORMATS[name]
    sets = [() if at == 9 else each for at, each in enumerate(some_sets())]
    found, said = (read(tmp_path, file, write(texts_of(40), sets), multi_label=known) for known in (None, True))
    assert (found.texts, found.label_sets, found.reading) == (said.texts, said.label_sets, said.reading)


@pytest.mark.parametrize(
    "values", [["food, drink", "books, music"], ["1,5", "2,5", "1", "2"], ["AC/DC", "rock", "folk"], ["a|", "a"]]
)
def test_marks_in_single_labels(tmp_path: Path, values: list[str]) -> None:
    rows = [(text, values[at % len(values)]) for at, text in enumerate(texts_of(60))]
    found = read(tmp_path, "a.csv", csv_text([("text", "label"), *rows]))
    assert pairs(found) == rows


def test_a_class_with_a_comma_in_its_name_is_one_label(tmp_path: Path) -> None:
    rows = [(text, ("a", "b", "a, b")[at % 3]) for at, text in enumerate(texts_of(60))]
    path = tmp_path / "a.csv"
    path.write_text(csv_text([("text", "label"), *rows]), encoding="utf-8")
    assert read_rows(path, class_names=["a", "b", "a, b"]).labels == [label for _, label in rows]
    assert read_rows(path).label_sets is not None


def test_one_label_a_row_after_all(tmp_path: Path) -> None:
    single = [(label,) for _, label in some_rows()]
    for name in ("fastText", "JSON lists", "lists in text", "0 and 1", "crosses"):
        file, write, _, _ = FORMATS[name]
        assert pairs(read(tmp_path, file, write(texts_of(40), single))) == some_rows()
    twice = as_fasttext(texts_of(40), [(x, x) for _, x in some_rows()])
    assert pairs(read(tmp_path, "a.txt", twice)) == some_rows()


@pytest.mark.parametrize("name", FORMATS)
def test_rows_without_a_label(tmp_path: Path, name: str) -> None:
    """Where rows have several labels, none is an answer, too, and it is said how many have none."""
    sets = [() if at in (6, 7, 8) else each for at, each in enumerate(some_sets())]
    file, write, form, separator = FORMATS[name]
    found = read(tmp_path, file, write(texts_of(40), sets))
    assert how(found) == SeveralLabels(form, separator, several=8, none=3)
    assert found.texts == texts_of(40)
    assert [at for at, each in enumerate(found.label_sets or ()) if not each] == [6, 7, 8]
    if form != "columns":  # of one label a row, it may have been forgotten
        single = [each[:1] for each in sets]
        assert "3 of 40 rows: no label on lines" in error(tmp_path, file, write(texts_of(40), single))
        found = read(tmp_path, file, write(texts_of(40), single), multi_label=True)
        assert how(found).none == 3


def test_flags_of_independent_things(tmp_path: Path) -> None:
    """No row has two, but many have none: each column is a label."""
    sets = [(("a",), ("b",), ())[at % 3] for at in range(60)]
    assert how(read(tmp_path, "a.csv", as_columns(1, 0)(texts_of(60), sets))) == SeveralLabels("columns", none=20)


def test_a_cell_that_is_neither_yes_nor_no(tmp_path: Path) -> None:
    content = as_columns(1, 0)(texts_of(6000), some_sets(6000)).splitlines()
    content[5500] = content[5500][:-1] + "2"  # beyond the rows by which the columns are found
    assert error(tmp_path, "a.csv", "\n".join(content)) == (
        "a.csv:5501: a label's column says neither yes nor no: 'the parcel number 5499 was late,1,0,0,2'; expected text "
        "and label in each row: write 1 or 0, or leave such rows out with `on_bad_row=skip`"
    )


def test_a_column_with_a_slip_is_still_one_of_them(tmp_path: Path) -> None:
    """It would be left out in silence, and its label never learnt."""
    for slip in ("?", "ja"):
        rows = list(csv.reader(io.StringIO(as_columns("yes", "no")(texts_of(40), some_sets()))))
        rows[7][2] = slip
        if slip == "?":
            assert error(tmp_path, "a.csv", csv_text(rows)).startswith(
                "a.csv:8: a label's column says neither yes nor no: 'the parcel number 6 was late,no,?,no,yes'"
            )
        else:
            assert (read(tmp_path, "a.csv", csv_text(rows)).label_sets or [])[6] == ("billing", "quality")
    rows[7][2] = "2"  # a count is none
    assert [*rows[0][1:2], *rows[0][3:]] == list(read(tmp_path, "a.csv", csv_text(rows), multi_label=True).layout.label_columns.names)  # fmt: skip


def test_few_rows_joined_by_a_bar(tmp_path: Path) -> None:
    """As in a short file of answers, where some label never stands alone."""
    cells = ["joy", "neutral|sadness", "joy|neutral", "neutral", "neutral|anger|sadness", "surprise"] * 2
    found = read(tmp_path, "a.csv", csv_text([("text", "labels"), *zip(texts_of(12), cells, strict=True)]))
    assert found.label_sets == [tuple(cell.split("|")) for cell in cells]
    assert read(tmp_path, "b.csv", csv_text([("text", "labels"), *zip(texts_of(40), ["a|b", "a|c"] * 20, strict=True)])).label_sets is None  # fmt: skip


def test_columns_with_a_label_each_that_are_none_of_zeros_and_ones(tmp_path: Path) -> None:
    rows = [("text", "label1", "label2"), *zip(texts_of(40), LABELS * 10, LABELS[1:] * 13 + LABELS[:1], strict=True)]
    assert error(tmp_path, "a.csv", csv_text(rows)) == (
        "a.csv:1: several columns may hold the label (label1: delivery, label2: billing); expected one: name it with "
        "`label_column`; where rows have several labels, join them in one column, a|b, or write 1 and 0 below each name"
    )


def test_lists_of_zeros_and_ones(tmp_path: Path) -> None:
    lines = [json.dumps({"text": text, "labels": [at % 2, 1, 0]}) for at, text in enumerate(texts_of(40))]
    found = read(tmp_path, "a.jsonl", "\n".join(lines))
    assert found.label_sets == [("0", "1") if at % 2 else ("1",) for at in range(40)]


def test_indices_with_a_column_of_ids(tmp_path: Path) -> None:
    rows = [f"{text}\t{','.join(str(LABELS.index(x)) for x in each)}\te{at}q" for at, (text, each) in
            enumerate(zip(texts_of(40), some_sets(), strict=True))]  # fmt: skip
    found = read(tmp_path, "a.tsv", "\n".join(rows))
    assert how(found) == SeveralLabels("joined", ",", several=8)
    assert (found.label_sets or [])[:2] == [("0", "1"), ("1",)]


def test_named_separators(tmp_path: Path) -> None:
    content = joined_by(" + ")(texts_of(40), some_sets())
    assert read(tmp_path, "a.csv", content).label_sets is None
    found = read(tmp_path, "a.csv", content, label_separator="+")
    assert (found.label_sets, how(found).separator) == (some_sets(), "+")
    assert error(tmp_path, "a.csv", content, label_separator="|") == (
        "a.csv: no label has '|' in it; expected `label_separator` to be what joins the labels of a row, or leave it out"
    )
    with pytest.raises(ConfigError, match=r"^`label_separator`: joins the labels of a row, and `multi_label=False`"):
        DataConfig(label_separator="|", multi_label=False)


def test_one_label_where_that_is_said(tmp_path: Path) -> None:
    single = [(label,) for _, label in some_rows()]
    assert pairs(read(tmp_path, "a.csv", as_columns(1, 0)(texts_of(40), single), multi_label=False)) == some_rows()
    found = read(tmp_path, "a.csv", joined_by("|")(texts_of(40), some_sets()), multi_label=False)
    assert (found.label_sets, found.labels[0]) == (None, "delivery|billing")
    assert "8 of 40 rows: more than one label" in error(
        tmp_path, "a.txt", as_fasttext(texts_of(40), some_sets()), multi_label=False
    )


def test_other_files_follow_the_training_file(tmp_path: Path) -> None:
    train = read(tmp_path, "train.csv", joined_by("|")(texts_of(40), some_sets()))
    (tmp_path / "test.csv").write_text(joined_by("|")(["x"], [("delivery", "account")]), encoding="utf-8")
    assert read_rows(tmp_path / "test.csv", like=train).label_sets == [("delivery", "account")]
    (tmp_path / "dev.csv").write_text(joined_by("|")(["x"], [("delivery",)]), encoding="utf-8")
    assert read_rows(tmp_path / "dev.csv", like=train).label_sets == [("delivery",)]


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("['a', 'b']", ["a", "b"]),
        ('["a", "b c"]', ["a", "b c"]),
        ("[2, 6]", ["2", "6"]),
        ("['a' 'b']", ["a", "b"]),
        ("{'a'}", ["a"]),
        ("('a', 'b')", ["a", "b"]),
        ("[]", []),
        ("[sports]", None),
        ("(a)", None),
        ("{'a': 1}", None),
        ("[[1], [2]]", None),
    ],
)
def test_lists_that_are_written_out(cell: str, values: list[str] | None) -> None:
    assert listed_in(cell) == values


def test_marks_that_join() -> None:
    assert joining_marks({"a": 5, "b": 5, "a|b": 3}) == [Joined("|", 3, 3)]
    assert joining_marks({"a": 5, "b": 5, "a|b": 3, "x|y": 2}, ["x|y"]) == [Joined("|", 3, 3)]
    assert joining_marks({"a，b": 2, "b,a": 1, "c": 1}) == [Joined(",", 3, 3)]
    assert joining_marks({"0": 2, "1": 2, "0,1": 2}) == [Joined(",", 2, 2)]
    assert joining_marks({"1": 2, "2": 2, "1,5": 2, "2,5": 1}) == []
    assert joining_marks({"a|b": 3, "a|c": 3, "b|c": 3, "c|a": 1}) == [Joined("|", 10, 10)]
    assert joining_marks({"a/b": 3, "a/c": 3, "d/e": 3}) == []  # a class within a class
    assert joining_marks({"food/drink": 5, "books": 5}) == []
    assert parts_of("a; b；a;", ";") == ("a", "b")


def test_the_account(tmp_path: Path) -> None:
    found = read(tmp_path, "a.csv", as_columns(1, 0)(texts_of(40), some_sets()))
    assert found.reading is not None
    account: dict[str, Any] = found.reading.to_dict()
    assert account["label_columns"] == ["account", "billing", "delivery", "quality"]
    assert account["several_labels"] == {"form": "columns", "separator": "", "several": 8, "none": 0}
    assert details(found) == ()


def test_of_many_rows_a_few_with_several_labels_are_doubtful(tmp_path: Path) -> None:
    """Six of a thousand are less than a hundredth of them; ten are no slips any more."""
    sets = [("a",) if at % 2 else ("b",) for at in range(1000)]
    sets[:6] = [("a", "b")] * 6
    assert "6 of 1,000 rows: more than one label" in error(tmp_path, "a.txt", as_fasttext(texts_of(1000), sets))
    sets[:10] = [("a", "b")] * 10
    assert how(read(tmp_path, "a.txt", as_fasttext(texts_of(1000), sets))) == SeveralLabels("list", several=10)


@pytest.mark.parametrize(("strange", "are_several"), [(1, True), (12, True), (13, False)])
def test_joined_labels_are_labels_elsewhere(tmp_path: Path, strange: int, are_several: bool) -> None:
    """Where most have a part that never stands alone, the mark belongs to their names."""
    values = [*["a", "b"] * 40, *["a|b", "b|a"] * 6, *(f"a|z{at}" for at in range(strange))]
    rows = list(zip(texts_of(len(values)), values, strict=True))
    found = read(tmp_path, "a.csv", csv_text([("text", "label"), *rows]))
    assert (found.label_sets is not None) == are_several


def test_columns_of_labels_beside_another_that_may_be_one(tmp_path: Path) -> None:
    """Which is meant has to be said: `multi_label`, or the name of the other."""
    heads, *rows = csv.reader(as_columns(1, 0)(texts_of(40), some_sets()).splitlines())
    table = csv_text([[*heads, "desk"], *([*row, "AB"[at % 2]] for at, row in enumerate(rows))])
    assert "a column of 0 and 1 for each label" in error(tmp_path, "a.csv", table)
    found = read(tmp_path, "a.csv", table, multi_label=True)
    assert list(map(sorted, found.label_sets or ())) == list(map(sorted, some_sets()))
    assert pairs(read(tmp_path, "a.csv", table, label_column="desk"))[:2] == [
        (text, label) for text, label in zip(texts_of(2), "AB", strict=True)
    ]


def test_columns_that_say_the_same_everywhere_are_no_labels(tmp_path: Path) -> None:
    rows = [(text, label, "x", "x") for text, label in some_rows()]
    assert pairs(read(tmp_path, "a.tsv", "\n".join(map("\t".join, rows)))) == some_rows()
