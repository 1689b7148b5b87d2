"""Data sets whose rows have several labels: classes, splits, checks, the cleaned copy, texts in memory."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from tests.factories import small_rows, write_rows
from textrnn.config import DataConfig
from textrnn.corpus.check import ReadDataset, ReadFiles, findings
from textrnn.corpus.dataset import Dataset, load_dataset, read_files, with_splits
from textrnn.corpus.fixing import fixed
from textrnn.corpus.in_memory import dataset_in_memory, more_of_a_dataset
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.readers import Rows
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.errors import DataError
from textrnn.report.notes import words
from textrnn.report.reading import all_understood, understood
from textrnn.tasks.check import examine

NAMES = ["山水", "数字", "猫狗"]
Row = tuple[str, tuple[str, ...]]


def several(count: int = 60, seed: int = 0) -> list[Row]:
    """Rows of which every fifth has two labels, and the others one."""
    rows = small_rows(count, seed)
    return [
        (f"{text} {seed} {i}", (label, NAMES[(NAMES.index(label) + 1 + i % 2) % 3]) if i % 5 == 0 else (label,))
        for i, (text, label) in enumerate(rows)
    ]


def write_lists(path: Path, rows: list[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"text": text, "labels": labels}, ensure_ascii=False) for text, labels in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def load(path: Path, **named: object) -> Dataset:
    return load_dataset(find_dataset(str(path)), DataConfig(dataset=str(path), **named))  # type: ignore[arg-type]


def sets_of(dataset: Dataset, split: str) -> list[tuple[str, ...]]:
    found = getattr(dataset, split).label_sets
    assert isinstance(found, LabelSets)
    return [tuple(dataset.class_names[index] for index in each) for each in found]


def test_a_folder_of_splits(tmp_path: Path) -> None:
    parts = {"train": several(60), "dev": several(20, 1), "test": [*several(20, 2), ("nothing of these", ())]}
    for split, rows in parts.items():
        write_lists(tmp_path / "s" / f"{split}.jsonl", rows)
    dataset = load(tmp_path / "s")
    assert (dataset.class_names, dataset.multi_label, dataset.train.labels) == (NAMES, True, [])
    for split, rows in parts.items():
        assert getattr(dataset, split).texts == [text for text, _ in rows]
        assert list(map(set, sets_of(dataset, split))) == [set(labels) for _, labels in rows]
    assert words(next(note for note in dataset.notes if note.kind == "read")) == (
        "train.jsonl, dev.jsonl, test.jsonl: UTF-8, JSON lines; text = text, label = labels; 60, 20 and 21 rows; "
        "several labels a row; 20.0, 20.0 and 19.0 % of rows have two or more, 0, 0 and 1 have none"
    )


def test_splits_that_are_made(tmp_path: Path) -> None:
    dataset = load(write_lists(tmp_path / "a.jsonl", several(200)))
    assert [len(part) for part in (dataset.train, dataset.dev, dataset.test)] == pytest.approx([160, 20, 20], abs=5)
    counts = np.stack([part.label_sets.counts(3) for part in (dataset.train, dataset.dev, dataset.test)])  # type: ignore[union-attr]
    np.testing.assert_allclose(counts, np.outer([0.8, 0.1, 0.1], counts.sum(axis=0)), atol=1.5)


def test_indices_with_a_class_file_and_a_column_of_ids(tmp_path: Path) -> None:
    """The layout of GoEmotions: text, indices joined by commas, an id."""
    for split, rows in {"train": several(60), "dev": several(20, 1), "test": several(20, 2)}.items():
        lines = [
            f"{text}\t{','.join(str(NAMES.index(x)) for x in labels)}\te{i}x{split}"
            for i, (text, labels) in enumerate(rows)
        ]
        (tmp_path / f"{split}.tsv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "labels.txt").write_text("\n".join(NAMES), encoding="utf-8")
    dataset = load(tmp_path)
    assert list(map(set, sets_of(dataset, "train"))) == [set(labels) for _, labels in several(60)]
    assert dataset.class_names == NAMES


def test_a_label_that_is_no_class(tmp_path: Path) -> None:
    rows = [*several(60), ("new", (NAMES[0], "狗"))]
    write_lists(tmp_path / "s" / "train.jsonl", rows)
    (tmp_path / "s" / "labels.txt").write_text("\n".join(NAMES), encoding="utf-8")
    with pytest.raises(DataError, match=r"train\.jsonl:61: unknown class '狗'; expected one of 山水, 数字, 猫狗"):
        load(tmp_path / "s")


def test_merged_labels(tmp_path: Path) -> None:
    rows: list[Row] = [
        (f"text {i}", (("Sport", "food"), ("sport", "Sport", "money"), ("Sport",))[i % 3]) for i in range(60)
    ]
    dataset = load(write_lists(tmp_path / "a.jsonl", rows), merge_labels=True)
    assert dataset.class_names == ["Sport", "food", "money"]
    assert set(sets_of(dataset, "train")) == {("Sport", "food"), ("Sport", "money"), ("Sport",)}


def test_the_digest_is_of_the_sets(tmp_path: Path) -> None:
    settings = DataConfig().fitted_to(words_are_spaced=False, pad_size=20)
    first = load(write_lists(tmp_path / "a.jsonl", several(60)))
    changed = dataclasses.replace(first, _encoded={})
    assert first.encoded(settings).digest == changed.encoded(settings).digest
    assert changed.train.label_sets is not None
    sets = list(changed.train.label_sets)
    sets[0] = tuple(set(range(3)) - set(sets[0])) or (0,)
    changed.train = dataclasses.replace(changed.train, label_sets=LabelSets.of(sets))
    changed._encoded = {}
    assert first.encoded(settings).digest != changed.encoded(settings).digest


def test_many_labels_stay_sparse() -> None:
    """A row costs what it has of labels, not what there are of them."""
    generator = np.random.default_rng(0)
    sets = [tuple(f"l{i}" for i in set(generator.zipf(1.3, 5) % 14_000)) for _ in range(2000)]
    dataset = dataset_in_memory(([f"text {i}" for i in range(2000)], sets))
    assert dataset.train.label_sets is not None
    assert len(dataset.class_names) == len({label for each in sets for label in each})
    assert len(dataset.train.label_sets.indices) < 5 * 2000


def test_in_memory() -> None:
    texts, sets = map(list, zip(*several(60), strict=True))
    dataset = dataset_in_memory((texts, sets))
    assert (dataset.class_names, dataset.multi_label, len(dataset.dev)) == (NAMES, True, 6)
    by_text = dict(several(60))
    for split in ("train", "dev"):
        own = getattr(dataset, split)
        assert list(map(set, sets_of(dataset, split))) == [set(by_text[text]) for text in own.texts]
    weighted = dataset_in_memory((texts, sets), weights=np.arange(60.0))
    assert weighted.train.weights is not None
    assert [texts[int(weight)] for weight in weighted.train.weights] == weighted.train.texts
    more = more_of_a_dataset((["新"], [()]), dataset.class_names, None, None)
    assert more.train.label_sets is not None
    assert list(more.train.label_sets) == [()]
    named = dataset_in_memory((texts, sets), class_names=[*NAMES, "never"])
    assert named.class_names[-1] == "never"


def test_in_memory_refusals() -> None:
    texts, sets = map(list, zip(*several(60), strict=True))
    with pytest.raises(DataError, match=r"^y_val\[0\]: 'x' is no class of the training texts; expected one of 山水"):
        dataset_in_memory((texts, sets), (["a"], [("山水", "x")]))
    with pytest.raises(DataError, match=r"^texts: some rows have one label, others a tuple of them; expected one kind"):
        dataset_in_memory((texts, [*sets[:-1], "山水"]))
    with pytest.raises(DataError, match=r"^texts: the only label is 'a'; expected two classes or more"):
        dataset_in_memory((["x", "y", "z"], [("a",), (), ()]))


def files_of(rows: list[Row], test: list[Row] | None = None) -> ReadFiles:
    parts = {
        split: Rows(Path(f"{split}.csv"), [t for t, _ in part], [], list(range(2, len(part) + 2)), label_sets=[x for _, x in part])
        for split, part in {"train": rows, **({} if test is None else {"test": test})}.items()
    }  # fmt: skip
    return ReadFiles(parts, sorted({x for part in parts.values() for x in part.every_label}), None)


def found_in(path: Path, **named: object) -> dict[str, str]:
    source = find_dataset(str(path))
    data = DataConfig(dataset=str(path), **named)  # type: ignore[arg-type]
    return {f.id: f"{f.severity}: {f.problem}" for f in examine(source, data).findings}


def test_checks(tmp_path: Path) -> None:
    rows = several(200)
    odd: list[Row] = [
        (rows[0][0], ("数字",)),
        (rows[1][0], rows[1][1]),
        ("text that looks alike", ("猫狗", "猫狗。")),
        ("text of one", ("稀有", "猫狗")),
        ("text of nothing", ("nan", "山水")),
    ]
    found = found_in(write_lists(tmp_path / "a.jsonl", [*rows, *odd]))
    cats = sum("猫狗" in labels for _, labels in [*rows, *odd])
    assert {id: found[id] for id in found if "small" not in id and "unknown" not in id} == {
        "look-alike-labels": "warning: labels that look alike are classes of their own: '猫狗' "
        f"({cats}) and '猫狗。' (1)",
        "labels-for-nothing": "warning: 1 row with a word for nothing as the label, learnt as a class: 'nan' 1",
        "classes-of-one-row": "warning: 1 class has one row only: '稀有'",
        "contradictory-labels": f"warning: 2 rows whose text stands under other labels, too: {rows[0][0][:23]!r} under "
        f"{' | '.join(sorted(rows[0][1]))!r} and '数字'",
        "duplicate-rows": "warning: 1 row repeats an earlier one, text and label",
    }
    plain = found_in(write_lists(tmp_path / "b.jsonl", rows))
    assert [id for id in plain if "small" not in id] == []


def test_labels_that_the_training_split_lacks_are_no_error(tmp_path: Path) -> None:
    for split, extra in {"train": [], "dev": [], "test": [("odd", ("rare", "山水"))]}.items():
        write_lists(tmp_path / f"{split}.jsonl", [*several(40, len(split)), *extra])  # type: ignore[misc]
    read, _ = read_files(find_dataset(str(tmp_path)), DataConfig())
    whole, _ = with_splits(read, DataConfig())
    assert isinstance(whole, ReadDataset)
    assert [(f.id, f.severity) for f in findings(whole)] == [("class-without-training-row", "warning")]
    assert load(tmp_path).class_names == ["rare", *NAMES]


def test_what_is_mended() -> None:
    rows: list[Row] = [
        *((f"plain {i}", ("a",) if i % 2 else ("a", "b")) for i in range(60)),
        ("look alike", ("A", "a", "b")),
        ("nothing", ("nan", "a")),
        ("only nothing", ("nan",)),
        ("plain 0", ("b",)),
        ("plain 1", ("a",)),
    ]
    result = fixed(files_of(rows, [("held out", ("b", "z"))]))
    assert result.label_sets["train"][59:] == [("a", "b"), ("a",), ()]
    assert result.label_sets["test"] == [("b",)]
    assert [(c.line, c.what, c.before, c.after) for c in result.changes] == [
        (2, "contradictory label", "a | b: plain 0", ""),
        (62, "look-alike label", "A | a | b", "a | b"),
        (63, "label for nothing left out", "a | nan", "a"),
        (64, "label for nothing left out", "nan", ""),
        (65, "contradictory label", "b: plain 0", ""),
        (66, "repeats line 3", "a: plain 1", ""),
        (2, "class without a training row left out", "b | z", "b"),
    ]  # fmt: skip


def test_one_of_a_text_and_its_labels_in_the_account(tmp_path: Path) -> None:
    dataset = load(write_rows(tmp_path / "a.txt", [(text, "|".join(labels)) for text, labels in several(60)]))
    (reading,) = dataset.readings[:1]
    assert understood(reading) == (
        "a.txt: UTF-8, tab, no header; text = column 1, label = column 2; 60 rows; several labels a row, joined by '|'; "
        "20.0 % of rows have two or more"
    )
    assert all_understood([reading]) == [understood(reading)]


def test_real_goemotions(real_data: Path) -> None:
    folder = real_data / "goemotions"
    if not folder.is_dir():
        pytest.skip("goemotions is not there")
    dataset = load(folder)
    assert dataset.class_names == ["anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"]
    assert [len(part) for part in (dataset.train, dataset.dev, dataset.test)] == [43_410, 5426, 5427]
    assert dataset.train.label_sets is not None
    assert int((dataset.train.label_sets.sizes > 1).sum()) == 3855
