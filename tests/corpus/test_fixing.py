"""What is mended is not found any more, nothing else is changed, and every change is told."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.planted import rows_of as rows_of_sentences
from textrnn.corpus.check import ExaminedFiles, ReadFiles, findings
from textrnn.corpus.fixing import MENDED, fixed
from textrnn.corpus.readers import Rows
from textrnn.corpus.readers.rows import LeftOut, Reading

Row = tuple[str, str]
TRAIN, TEST = Path("train.csv"), Path("test.csv")


def rows_of(pairs: list[Row], path: Path = TRAIN) -> Rows:
    return Rows(path, [text for text, _ in pairs], [label for _, label in pairs], list(range(2, len(pairs) + 2)))


def read(
    train: list[Row], class_file: Path | None = None, names: list[str] | None = None, **held_out: list[Row]
) -> ReadFiles:
    parts = {
        "train": rows_of(train),
        **{split: rows_of(part, Path(f"{split}.csv")) for split, part in held_out.items()},
    }
    return ReadFiles(parts, names or sorted({label for part in parts.values() for label in part.labels}), class_file)


def changes_of(files: ReadFiles) -> list[tuple[int, str, str]]:
    return [(change.line, change.what, change.after) for change in fixed(files).changes]


PLAIN = [(text, "ab"[i % 2]) for i, (text, _) in enumerate(rows_of_sentences(60, 1))]


def test_what_is_right_stays_as_it_is() -> None:
    files = read(PLAIN, test=[("another", "a")])
    result = fixed(files)
    assert result.rows == {"train": PLAIN, "test": [("another", "a")]}
    assert result.changes == []


def test_rows_that_cannot_be_used_are_left_out_everywhere() -> None:
    bad = [("\u200b", "a"), ("one", "a|b"), ("two", "nan")]
    result = fixed(read([*PLAIN, *bad], test=[("kept", "b"), *bad]))
    assert result.rows == {"train": PLAIN, "test": [("kept", "b")]}
    assert [(change.path, change.line, change.what) for change in result.changes] == [
        (TRAIN, 62, "no visible text"),
        (TRAIN, 63, "several labels"),
        (TRAIN, 64, "label for nothing"),
        (TEST, 3, "no visible text"),
        (TEST, 4, "several labels"),
        (TEST, 5, "label for nothing"),
    ]
    assert result.changes[1].before == "a|b: one"


def test_a_word_for_nothing_with_many_rows_may_be_a_class() -> None:
    rows = [*PLAIN, *((text, "none") for text, _ in rows_of_sentences(10, 2))]
    assert fixed(read(rows)).rows["train"] == rows


def test_labels_that_look_alike_get_the_commonest_form() -> None:
    rows = [*PLAIN, ("one", "A"), ("two", "b。")]
    assert changes_of(read(rows)) == [
        (62, "look-alike label", "a"),
        (63, "look-alike label", "b"),
    ]
    assert fixed(read(rows)).rows["train"][-2:] == [("one", "a"), ("two", "b")]


def test_classes_of_a_file_are_what_labels_are_joined_to() -> None:
    names = read([*PLAIN, ("one", "A."), ("two", "c"), ("three", "zz")], Path("class.txt"), ["a", "b", "c"])
    assert changes_of(names) == [(62, "look-alike label", "a"), (64, "label that is no class", "")]
    indices = read(
        [(text, str("ab".index(label))) for text, label in PLAIN] + [("one", "01"), ("two", "7")],
        Path("class.txt"),
        ["a", "b"],
    )
    assert changes_of(indices) == [(63, "label that is no class", "")]
    assert fixed(indices).rows["train"] == [*PLAIN, ("one", "b")]


def test_what_a_model_is_scored_on_stays() -> None:
    test = [("same", "a"), ("same", "a"), ("same", "b"), ("Nearly the same!", "a"), ("nearly the same", "a")]
    rows = [*PLAIN, ("same", "a"), ("NEARLY, the same", "b")]
    result = fixed(read(rows, test=test))
    assert result.rows == {"train": PLAIN, "test": test}
    assert [(change.line, change.what) for change in result.changes] == [
        (62, "stands in test.csv:2, too"),
        (63, "stands in test.csv:5, too"),
    ]


def test_copies_and_contradictions_leave_the_training_file() -> None:
    rows = [
        *PLAIN,
        ("copy", "a"),
        ("copy", "a"),
        ("Copy!", "a"),
        ("most", "a"),
        ("most", "a"),
        ("most", "b"),
        ("tie", "a"),
        ("tie", "b"),
    ]
    assert changes_of(read(rows)) == [
        (63, "repeats line 62", ""),
        (64, "repeats line 62", ""),
        (66, "repeats line 65", ""),
        (67, "contradictory label", ""),
        (68, "contradictory label", ""),
        (69, "contradictory label", ""),
    ]


def test_copies_in_a_folder_for_each_class() -> None:
    pairs = [*PLAIN, (PLAIN[4][0], PLAIN[4][1])]
    rows = rows_of(pairs)
    rows.files, rows.line_numbers = (
        [Path(f"all/{label}/{i}.txt") for i, (_, label) in enumerate(pairs)],
        [1] * len(pairs),
    )
    (change,) = fixed(ReadFiles({"train": rows}, ["a", "b"], None)).changes
    assert (change.path, change.what) == (Path("all/a/60.txt"), "repeats 4.txt")


def test_texts_are_mended() -> None:
    rows = [
        *PLAIN,
        ("caf\u00c3\u00a9 &amp; <b>bar</b>", "a"),
        ("lost\ufffd", "b"),
        ("\ufffd", "b"),
        ("long " * 5000, "b"),
    ]
    result = fixed(read(rows))
    assert result.rows["train"][60:62] == [("café & bar", "a"), ("lost", "b")]
    assert len(result.rows["train"][62][0]) == 9999
    assert [(change.line, change.what) for change in result.changes] == [
        (62, "misread-characters"),
        (62, "markup"),
        (63, "lost-characters"),
        (64, "lost-characters"),
        (64, "no visible text"),
        (65, "very long text cut"),
    ]
    assert result.changes[0].before.startswith("cafÃ©")


def test_sorted_rows_are_shuffled_the_same_way_every_time() -> None:
    rows = sorted(PLAIN, key=lambda row: row[1])
    once, again = fixed(read(rows)), fixed(read(rows))
    assert once.rows == again.rows
    assert once.rows["train"] != rows
    assert sorted(once.rows["train"]) == sorted(rows)
    assert [(change.line, change.what) for change in once.changes] == [(0, "shuffled")]


def test_what_the_reader_left_out_is_told() -> None:
    files = read(PLAIN)
    files.rows["train"].reading = Reading(
        TRAIN, left_out=(LeftOut(7, "no-label", "no label", "a text,"),), stripped_lines=(9,)
    )
    assert changes_of(files) == [(7, "left out: no-label", ""), (9, "control-characters", "")]


LETTERS = st.text(st.sampled_from("ab .!?\u200b\x07\ufffd<>&;é锟斤拷1"), min_size=1, max_size=12)
TEXTS = st.one_of(
    LETTERS,
    st.sampled_from(
        [
            "a<br>b",
            "&amp;lt;",
            "cafÃ©",
            "&#65533;",
            "\x1b[m",
            "a good film, a very good one",
            "A good film, a very good one!",
        ]
    ),
)
LABELS = st.sampled_from(["a", "b", "A", "b.", "a|b", "b|a", "nan", "-", "+", "c", "0", "0.0", "00"])
ROWS = st.lists(st.tuples(TEXTS, LABELS), min_size=1, max_size=40)


@given(ROWS, st.one_of(st.none(), ROWS))
@settings(deadline=None)
def test_what_is_mended_is_not_found_again(train: list[Row], test: list[Row] | None) -> None:
    files = read(train) if test is None else read(train, test=test)
    result = fixed(files)
    if not result.rows["train"]:
        return
    left = {split: rows_of(part, files.rows[split].path) for split, part in result.rows.items() if part}
    names = sorted({label for part in left.values() for label in part.labels})
    found = [*findings(ReadFiles(left, names, None)), *findings(ExaminedFiles(left, names, None))]
    mended = {f.id for f in found if not f.where.startswith("test.csv")} & (MENDED - {"labels-for-nothing"})
    assert mended == set()
    unusable = {"nothing-visible", "several-labels-in-a-cell", "look-alike-labels", "control-characters", "markup"}
    assert not {f.id for f in found} & unusable  # in what a model is scored on, either
    assert fixed(ReadFiles(left, names, None)).changes == [] or found  # once more changes nothing
    gone = sum(len(part) for part in files.rows.values()) - sum(map(len, result.rows.values()))
    assert gone <= len(result.changes)


def test_a_class_that_the_file_of_classes_lacks_is_added_where_many_rows_have_it() -> None:
    rows = [(text, "abc"[i % 3]) for i, (text, _) in enumerate(rows_of_sentences(60, 1))]
    files = read([*rows, ("a slip", "d")], Path("class.txt"), ["a", "b", "e"])
    result = fixed(files)
    assert result.rows == {"train": rows}
    assert result.class_names == ["a", "b", "c"]
    assert [(change.path, change.line, change.what, change.before, change.after) for change in result.changes] == [
        (Path("class.txt"), 0, "class added", "", "c"),
        (Path("class.txt"), 0, "class without a training row", "e", ""),
        (Path("train.csv"), 62, "label that is no class", "d: a slip", ""),
    ]


def test_rows_of_a_class_that_is_never_learnt_are_left_out() -> None:
    result = fixed(read(PLAIN, test=[("kept", "a"), ("never learnt", "z")]))
    assert result.rows == {"train": PLAIN, "test": [("kept", "a")]}
    assert [(change.path, change.line, change.what) for change in result.changes] == [
        (TEST, 3, "class without a training row")
    ]
