"""Each family of checks, on rows that have the defect and on rows that nearly have it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.factories import small_rows
from textrnn.corpus.check import ExaminedDataset, ExaminedFiles, Finding, ReadDataset, ReadFiles, findings, shown
from textrnn.corpus.readers import Rows
from textrnn.corpus.readers.rows import LeftOut, Reading
from textrnn.corpus.tokenizers import Tokenizer
from textrnn.corpus.vocab import Vocabulary

TRAIN, TEST = Path("t.csv"), Path("test.csv")
Row = tuple[str, str]


def rows_of(pairs: list[Row], path: Path = TRAIN, *, files: bool = False) -> Rows:
    texts, labels = [text for text, _ in pairs], [label for _, label in pairs]
    names = [path / f"{i}.txt" for i in range(len(pairs))] if files else None
    return Rows(path, texts, labels, list(range(2, len(pairs) + 2)), names)


def examined(
    train: list[Row], *, on_bad_row: str | None = None, reading: Reading | None = None, **held_out: list[Row]
) -> list[Finding]:
    """What is found in these rows and in those of other splits, once the files are read."""
    parts = {
        "train": rows_of(train),
        **{split: rows_of(part, Path(f"{split}.csv")) for split, part in held_out.items()},
    }
    parts["train"].reading = reading
    names = sorted({label for part in parts.values() for label in part.labels})
    files = ReadFiles(parts, names, None)
    return [*findings(files), *findings(ExaminedFiles(parts, names, None, on_bad_row))]


def plain(count: int = 40) -> list[Row]:
    return [(f"{text}{i}", label) for i, (text, label) in enumerate(small_rows(count))]


def ids(found: list[Finding]) -> list[str]:
    return [finding.id for finding in found]


def only(found: list[Finding], id: str) -> Finding:
    (finding,) = [finding for finding in found if finding.id == id]
    return finding


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert examined(plain()) == []
    assert examined(plain(), dev=[("一二三四五六", "数字")], test=[("天下大事", "数字")]) == []


def test_lines_of_a_finding_are_cut_with_their_count() -> None:
    few, many = (Finding("x", "warning", "a:1", "p", "r", "é\x1b", 9, tuple(range(1, n))) for n in (9, 33))
    assert str(few) == "a:1: p (for instance é; lines 1, 2, 3, 4, 5, 6, 7, 8); r"
    assert str(many) == "a:1: p (for instance é; lines 1, 2, 3, ... (32 in all)); r"
    assert many.to_dict()["lines"] == list(range(1, 33))
    assert Finding("x", "error", "", "p", "r", lines=(3,)).details == ""


def test_nothing_that_a_terminal_obeys_is_shown() -> None:
    assert shown("a\x1b[31m\n b\u202e") == "a [31m b"


def test_look_alike_labels() -> None:
    finding = only(examined([*plain(), ("x", "猫狗。"), ("y", "Cat"), ("z", "cat"), ("w", "cat")]), "look-alike-labels")
    assert finding.lines == (42, 43)
    assert str(finding) == (
        "t.csv:42: labels that look alike are classes of their own: '猫狗' (14) and '猫狗。' (1), 'cat' (2) and 'Cat' (1) "
        "(lines 42, 43); write them alike, or join them with `merge_labels`"
    )


def test_labels_for_nothing() -> None:
    finding = only(examined([*plain(), ("x", "nan"), ("y", "NULL"), ("z", "nan")]), "labels-for-nothing")
    assert (finding.lines, finding.severity) == ((42, 43, 44), "warning")
    assert "'nan' 2, 'NULL' 1" in finding.problem
    ratings = [(f"text {i}", "+-"[i % 2]) for i in range(40)]
    assert "labels-for-nothing" not in ids(examined(ratings))


@pytest.mark.parametrize("mark", ["|", ",", ";", "、", "/"])
def test_several_labels_in_a_cell(mark: str) -> None:
    rows = [*plain(), ("x", f"猫狗{mark}山水"), ("y", f"山水{mark}数字")]
    if mark == "/":  # two of them may be names, more are not
        assert only(examined(rows), "perhaps-several-labels").severity == "warning"
        rows.append(("z", "数字/猫狗"))
    finding = only(examined(rows), "several-labels-in-a-cell")
    assert (finding.lines[:2], finding.severity) == ((42, 43), "error")
    assert f"'猫狗{mark}山水' is '猫狗' and '山水'" in finding.problem


def test_both_orders_are_several_labels_though_none_stands_alone() -> None:
    rows = [(f"text {i}", ("a|b", "b|a", "c|d")[i % 3]) for i in range(30)]
    assert len(only(examined(rows), "several-labels-in-a-cell").lines) == 30


@pytest.mark.parametrize(
    "labels", [["food, drink", "books, music"], ["1", "1,5", "2", "2,5", "5"], ["AC/DC", "rock"], ["a|", "a"]]
)
def test_one_label_with_a_mark_in_it(labels: list[str]) -> None:
    rows = [(f"text {i}", labels[i % len(labels)]) for i in range(60)]
    assert "several-labels-in-a-cell" not in ids(examined(rows))


def test_bars_in_most_labels() -> None:
    rows = [(f"text {i}", ("a|z", "b|z", "c|z")[i % 3]) for i in range(30)]
    finding = only(examined(rows), "bars-in-labels")
    assert finding.problem == "3 of 3 classes have a '|' in their names, such as 'a|z', and each is a class of its own"
    rows = [(f"text {i}", ("a|z", "b", "c")[i % 3]) for i in range(30)]
    assert "bars-in-labels" not in ids(examined(rows))
    many = [(f"text {i}", f"{i}|{i + 1}|{i + 3}") for i in range(100)]
    finding = only(examined(many), "nearly-as-many-classes-as-rows")
    assert finding.remedy.endswith(": if '|' joins the labels of a row, say so with `multi_label`")


@pytest.mark.parametrize(("sets", "told"), [([("a b",), ("b",)], True), ([("a",), ()], False), ([("a", "b")], False)])
def test_rows_that_may_have_several_labels_and_never_do(sets: list[tuple[str, ...]], told: bool) -> None:
    rows = Rows(TRAIN, ["x"] * len(sets), [], list(range(len(sets))), label_sets=sets)
    found = findings(ReadFiles({"train": rows}, ["a", "a b", "b"], None))
    assert ("never-several-labels" in ids(found)) == told


def test_classes_of_one_row() -> None:
    finding = only(examined([*plain(), ("x", "狗猫"), ("y", "nan")]), "classes-of-one-row")
    assert (finding.lines, finding.problem) == ((42,), "1 class has one row only: '狗猫'")


def test_text_and_label_swapped() -> None:
    rows = [("good" if i % 2 else "bad", f"review number {i}") for i in range(40)]
    finding = only(examined(rows), "text-and-label-swapped")
    assert (finding.severity, finding.problem) == ("error", "40 different labels and 2 different texts in 40 rows")


def test_unknown_labels_are_all_named() -> None:
    rows = rows_of([*plain(), ("x", "4"), ("y", "鸟"), ("z", "4")])
    finding = only(
        findings(ExaminedFiles({"train": rows}, ["猫狗", "山水", "数字"], Path("class.txt"))), "unknown-labels"
    )
    assert (finding.severity, finding.lines) == ("error", (42, 43, 44))
    assert "no class: '4', '鸟'" in finding.problem
    indices = rows_of([(f"{i}", str(i % 3)) for i in range(30)] + [("x", "03"), ("y", "02")])
    finding = only(findings(ExaminedFiles({"train": indices}, ["a", "b", "c"], Path("class.txt"))), "unknown-labels")
    assert finding.lines == (32,)
    assert "indices, 0 to 2, of the lines of class.txt" in finding.remedy


def test_duplicates_and_contradictions() -> None:
    rows = [*plain(), ("甲乙丙", "猫狗"), ("甲乙丙", "猫狗"), ("甲乙丙！", "猫狗"), ("甲乙丙", "山水")]
    found = examined(rows)
    assert only(found, "duplicate-rows").lines == (43,)
    assert only(found, "duplicate-rows").same_as == ("line 42",)
    assert only(found, "near-duplicates").lines == (44,)
    assert only(found, "contradictory-labels").lines == (42, 43, 45)
    assert "'甲乙丙' under '猫狗' and '山水'" in only(found, "contradictory-labels").problem


def test_contradictions_between_files() -> None:
    found = [
        f
        for f in examined([*plain(), ("甲", "猫狗")], test=[("乙", "山水"), ("甲", "山水")])
        if f.id == "contradictory-labels"
    ]
    assert [(finding.where, finding.lines) for finding in found] == [("t.csv:42", (42,)), ("test.csv:3", (3,))]


def test_nearly_repeated_texts() -> None:
    finding = only(
        examined([*plain(), ("A good film.", "猫狗")], dev=[("a good film", "猫狗"), ("x", "猫狗")]),
        "nearly-repeated-texts",
    )
    assert (finding.where, finding.lines, finding.same_as) == ("dev.csv:2", (2,), ("t.csv:42",))


@pytest.mark.parametrize(
    ("id", "text"),
    [
        ("nothing-visible", "\u200b\u200d"),
        ("markup", "one<br>two"),
        ("misread-characters", "cafÃ©"),
        ("lost-characters", "caf\ufffd"),
        ("very-long-texts", "字" * 20_000),
    ],
)
def test_what_is_in_texts(id: str, text: str) -> None:
    found = examined(
        [*plain(), (text, "猫狗")], test=[("x", "猫狗"), (text + "x", "猫狗")] if id != "nothing-visible" else []
    )
    lines = [(finding.where, finding.severity) for finding in found if finding.id == id]
    assert lines == [("t.csv:42", "warning"), ("test.csv:3", "warning")][: 1 if id == "nothing-visible" else 2]
    assert all(finding.id in (id, "misread-characters") for finding in found)


def test_long_texts_among_long_texts_are_none() -> None:
    assert "very-long-texts" not in ids(
        examined([(f"{i}" + "字" * 3000, f"{i % 2}") for i in range(20)] + [("字" * 30_000, "1")])
    )


def test_what_the_reader_replaced_is_not_told_twice() -> None:
    reading = Reading(TRAIN, damaged_lines=(42,), rows=41)
    found = examined([*plain(), ("caf\ufffd", "猫狗")], reading=reading)
    assert ids(found) == ["damaged-bytes"]
    assert str(found[0]) == (
        "t.csv:42: 1 line with bytes that are not UTF-8; each was read as \ufffd; save the file as UTF-8 where it is from, "
        "or name its `encoding` if it is not UTF-8"
    )


def test_control_characters() -> None:
    found = examined(plain(), reading=Reading(TRAIN, rows=40, stripped_lines=(5, 8)))
    assert list(map(str, found)) == [
        "t.csv:5: 2 texts with control characters (lines 5, 8); they are not read; see whether the texts are whole without them"
    ]


def left_out(reason: str, *lines: int) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(line, reason, "what is wrong", f"content {line}") for line in lines)


@pytest.mark.parametrize(
    ("reason", "lines", "rows", "on_bad_row", "severity"),
    [
        ("no-text", (3, 9), 198, None, "warning"),
        ("no-text", (3, 9), 197, None, "error"),
        ("no-label", (3,), 99, None, "warning"),
        ("no-label", (3,), 99, "stop", "error"),
        ("fields", (3,), 10_000, None, "error"),
        ("fields", (3,), 10_000, "skip", "warning"),
        ("swallowed-rows", (3,), 10_000, None, "error"),
        ("a-new-one", (3,), 10_000, None, "error"),
    ],
)
def test_rows_left_out(reason: str, lines: tuple[int, ...], rows: int, on_bad_row: str | None, severity: str) -> None:
    """Up to 1 % without text or label are usual; what else was left out would have stopped a training."""
    reading = Reading(TRAIN, rows=rows, left_out=left_out(reason, *lines))
    (finding,) = examined(plain(), reading=reading, on_bad_row=on_bad_row)
    assert (finding.id, finding.severity, finding.where, finding.lines) == (
        f"rows-{reason}",
        severity,
        "t.csv:3",
        lines,
    )


def test_reasons_are_told_one_by_one() -> None:
    reading = Reading(TRAIN, rows=10, left_out=left_out("no-text", 3, 5) + left_out("open-quote", 4))
    messages = list(map(str, examined(plain(), reading=reading)))
    assert messages == [
        "t.csv:3: 2 rows without a text (for instance content 3; lines 3, 5); expected none of them: write one, or leave "
        "the row out; `on_bad_row=skip` leaves them out",
        "t.csv:4: 1 row with a quotation mark that is never closed (for instance content 4); expected none of them: close it, "
        'or double it (""), where it belongs to the text; `on_bad_row=skip` leaves them out',
    ]


def test_label_in_text() -> None:
    rows = [(f"{text} [{label}]", label) for text, label in plain(60)]
    finding = only(examined(rows), "label-in-text")
    assert finding.rows == 60
    assert "'猫狗' in 20 of its 20 texts" in finding.problem
    one = [(f"{text} sport" if label == "猫狗" else text, label) for text, label in plain(60)]
    renamed = [(text, "sport" if label == "猫狗" else label) for text, label in one]
    assert only(examined(renamed), "label-in-text").rows == 20
    everywhere = [(f"{text} sport", "sport" if label == "猫狗" else label) for text, label in plain(60)]
    assert "label-in-text" not in ids(examined(everywhere))
    part_of_a_word = [(f"{text} sporty", label) for text, label in renamed]
    assert only(examined(part_of_a_word), "label-in-text").rows == 20


def test_machine_made() -> None:
    generator = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz "
    rows = [("".join(generator.choices(letters, k=20 + 5 * (i % 3))), f"{i % 3}") for i in range(60)]
    rows = [(f"x{text[1:-1]}x", label) for text, label in rows]
    assert "0 20, 1 25, 2 30 characters" in only(examined(rows), "machine-made").problem
    all_alike = [(text[:20], label) for text, label in rows]
    assert "machine-made" not in ids(examined(all_alike))


def test_same_beginning() -> None:
    rows = [(("Review: " if label == "猫狗" else "") + text, label) for text, label in plain(60)]
    finding = only(examined(rows), "same-beginning")
    assert (finding.rows, finding.severity) == (20, "warning")
    assert "those of '猫狗' with 'Review:'" in finding.problem
    assert "same-beginning" not in ids(examined([("Review: " + text, label) for text, label in plain(60)]))


def test_sorted_by_label() -> None:
    assert ids(examined(sorted(plain(60), key=lambda row: row[1]))) == ["sorted-by-label"]
    assert ids(examined(plain(60))) == []


def dataset(train: list[Row], dev: list[Row], test: list[Row]) -> ReadDataset:
    parts = {"train": rows_of(train), "dev": rows_of(dev), "test": rows_of(test, TEST)}
    names = sorted({label for part in parts.values() for label in part.labels})
    return ReadDataset(
        parts, names, None, {split: [names.index(label) for label in part.labels] for split, part in parts.items()}
    )


def with_tokens(read: ReadDataset, pad_size: int = 512) -> list[Finding]:
    vocabulary = Vocabulary.build(read.rows["train"].texts, Tokenizer())
    encoded = {split: vocabulary.encode(part.texts, max_tokens=pad_size) for split, part in read.rows.items()}
    return findings(ExaminedDataset(read.rows, read.class_names, None, read.labels, vocabulary, encoded, pad_size))


def test_classes_never_tested() -> None:
    found = findings(
        dataset(
            [*plain(), ("x", "鸟"), ("y", "鸟"), ("z", "鱼")],
            plain(9),
            [(f"{i}", label) for i, (_, label) in enumerate(plain(9))],
        )
    )
    assert only(found, "classes-never-tested").problem == "1 class has no row in the test split: '鸟'"


def test_sizes_of_splits_and_classes() -> None:
    held_out = [(f"{i}{text}", label) for i, (text, label) in enumerate(small_rows(100, 2))]
    assert with_tokens(dataset(plain(300), held_out, held_out)) == []
    found = with_tokens(dataset([*plain(300), ("二三", "鸟"), ("三二", "鸟")], held_out, held_out[:99]))
    assert ids(found) == ["few-rows-of-a-class", "unequal-classes", "small-split"]
    assert found[0].problem == "1 class has fewer than 10 training rows: '鸟' 2"
    assert found[1].problem == "class '山水' has 100 training rows (33%), '鸟' 2"
    assert "about 8 points up or down" in found[2].remedy


def test_one_class_has_nearly_all_rows() -> None:
    rows = [(f"{i}", "rare" if i < 60 else "common") for i in range(400)]
    assert "unequal-classes" in ids(with_tokens(dataset(rows, rows[:100], rows[:100])))


def test_tokens() -> None:
    held_out = [(f"{text}", label) for text, label in small_rows(100, 2)]
    (cut,) = with_tokens(dataset(plain(300), held_out, held_out), pad_size=6)
    assert (cut.id, cut.remedy) == ("texts-cut", "see `pad_size`, or `tokenizer=word` for fewer, longer tokens")
    (unknown,) = with_tokens(dataset(plain(300), [("xyz" + text, label) for text, label in held_out], held_out))
    assert (unknown.id, unknown.example) == ("unknown-tokens", "x")
    assert "dev: 2" in unknown.problem


def test_files_of_a_folder_for_each_class() -> None:
    rows = rows_of([*plain(), ("\u200b", "猫狗"), ("\u2060", "猫狗")], Path("all"), files=True)
    (finding,) = findings(ReadFiles({"train": rows}, ["山水", "数字", "猫狗"], None))
    assert (finding.lines, finding.files) == ((), (str(Path("all/40.txt")), str(Path("all/41.txt"))))
    assert finding.where == str(Path("all/40.txt"))
    assert finding.details.endswith(f"files {Path('all/40.txt')}, {Path('all/41.txt')})")
