"""Few labels and a heap, from files to a model folder and back: what is kept, what the report says, what comes next."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.commands import Result, error_of, run_in, without_seconds
from tests.factories import small_rows, write_rows
from textrnn.cli import build_parser
from textrnn.cli.classify import to_runs
from textrnn.config import DataConfig, Run
from textrnn.corpus.dataset import Dataset, Split, load_dataset
from textrnn.corpus.heap import heap_in_memory
from textrnn.corpus.readers import read_rows
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.saved.classifier import load_classifier
from textrnn.tasks.few_labels.label_next import to_label
from textrnn.tasks.few_labels.linear import as_linear
from textrnn.tasks.few_labels.student import taught_dataset
from textrnn.tasks.few_labels.train import learn_few
from textrnn.tasks.few_rows import without_dev
from textrnn.training.events import Listener

FEW = ["--dataset", "./few", "--unlabelled", "heap.txt", "--budget", "10", "--no-baseline"]


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A training that all tests of this file look at, and where it was."""
    place = tmp_path_factory.mktemp("few")
    write_rows(place / "few" / "train.txt", small_rows(18, 1))
    write_rows(place / "few" / "test.txt", small_rows(60, 2))
    heap = [text for text, _ in small_rows(600, 3)]
    (place / "heap.txt").write_text("\n".join([*heap, small_rows(60, 2)[0][0]]), encoding="utf-8")
    return place, run_in(place, *FEW)


@pytest.fixture
def place(training: tuple[Path, Result], tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(training[0], tmp_path / "few")
    return tmp_path / "few"


def test_the_report_says_what_each_rung_gave(training: tuple[Path, Result]) -> None:
    place, result = training
    assert result.status == 0, result.err
    folder = place / "saved_dict" / "few" / "Linear"
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    names = [rung["name"] for rung in metrics["ladder"]]
    assert names == [
        "the labels alone",
        "a mixture of classes, fitted to all texts (EM)",
        "a linear model that learns from its guesses",
        "BiLSTM_Ngram, which learns from those guesses",
    ]
    assert metrics["ladder"][0]["kept"]
    assert metrics["ladder"][1]["kept"]
    assert metrics["ladder"][3]["accuracy"] is None  # there was no time for that
    kept = [rung for rung in metrics["ladder"] if rung["kept"]][-1]
    assert metrics["dev"]["accuracy"] == kept["accuracy"]
    assert metrics["dev"]["cross_validated"]
    assert metrics["test"]["accuracy"] > 0.9
    assert metrics["train"]["examples"] == 18 + metrics["unlabelled"]
    assert "What the texts without labels gave" in (folder / "report.html").read_text(encoding="utf-8")
    assert "texts without labels, beside 18 labelled rows of 3 classes; left out: " in result.out
    assert "that stand in dev or test" in result.out
    assert f"{names[1]}: " in result.out


def test_what_was_kept_answers_like_any_model(place: Path) -> None:
    answer = run_in(place, "--dataset", "./few", "--predict", "猫的了狗", "--output", "a.jsonl")
    assert answer.status == 0, answer.err
    assert json.loads((place / "a.jsonl").read_text(encoding="utf-8"))["label"] == "猫狗"
    again = run_in(place, "--dataset", "./few", "--evaluate", "./few", "--model", "Linear")
    assert again.status == 0, again.err


def few(labelled: int = 18) -> tuple[Dataset, list[str]]:
    names = sorted({label for _, label in small_rows(3)})
    splits = []
    for count, seed in ((labelled, 1), (60, 2)):
        rows = small_rows(count, seed)
        splits.append(Split([text for text, _ in rows], [names.index(label) for _, label in rows]))
    return Dataset("few", names, splits[0], Split([], []), splits[1]), [text for text, _ in small_rows(300, 3)]


def test_the_same_seed_gives_the_same_model_and_a_named_network_is_kept() -> None:
    dataset, heap = few(labelled=6)
    run = Run("classify", "FastText", {"dataset": "few", "budget": 1000.0, "epochs": 1, "embedding_size": 8})
    found = []
    for _ in range(2):
        learnt = learn_few(dataset, heap_in_memory(heap), run, Listener(), choose=False)
        rungs = without_seconds([rung.to_dict() for rung in learnt.rungs])
        found.append((learnt.learnt.classifier.predict_probabilities(dataset.test.texts), rungs))
        assert learnt.learnt.classifier.settings.model_name == "FastText"
        assert learnt.rungs[-1].accuracy is not None
    assert np.array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]


def test_a_student_learns_soft_labels_and_is_judged_by_guesses_it_has_not_seen() -> None:
    dataset, heap = few()
    from textrnn.evaluation.folds import parts_of

    part = parts_of(np.array(dataset.train.labels), np.arange(18))[0]
    soft = np.random.default_rng(0).dirichlet(np.ones(3), size=len(part.own) + len(heap))
    taught = taught_dataset(dataset, heap_in_memory(heap), part, soft)
    held_out = {dataset.train.texts[row] for row in part.held_out}
    assert not held_out & {*taught.train.texts, *taught.dev.texts}
    assert len(taught.train) + len(taught.dev) == len(soft)
    assert taught.train.soft_labels is not None
    assert np.allclose(taught.train.soft_labels[: len(part.own)], soft[: len(part.own)], atol=1e-6)
    assert taught.train.labels == taught.train.soft_labels.argmax(axis=1).tolist()
    assert taught.dev.soft_labels is None


def test_rows_that_were_split_off_for_dev_are_learnt(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.txt", small_rows(60, 1))
    write_rows(tmp_path / "test.txt", small_rows(9, 2))
    dataset = load_dataset(find_dataset(str(tmp_path)), DataConfig())
    whole = without_dev(dataset)
    assert len(dataset.dev) == 6
    assert len(whole.dev) == 0
    assert list(zip(whole.train.texts, (whole.class_names[i] for i in whole.train.labels), strict=True)) == small_rows(
        60, 1
    )


def test_rows_to_label_next_come_back_labelled(place: Path) -> None:
    result = run_in(place, "--dataset", "./few", "--unlabelled", "heap.txt", "--label-next", "5", "--output", "n.csv")
    assert result.status == 0, result.err
    assert "5 rows to label written to n.csv" in result.out
    with open(place / "n.csv", encoding="utf-8-sig", newline="") as file:
        columns, *rows = csv.reader(file)
    assert columns == ["text", "label", "proposed_label", "probability"]
    assert [(text, label) for text, label, _, _ in rows[:18]] == small_rows(18, 1)
    asked = rows[18:]
    assert len(asked) == 5
    heap = set((place / "heap.txt").read_text(encoding="utf-8").split("\n"))
    assert all(row[0] in heap and row[1] == "" and row[2] in ("山水", "数字", "猫狗") for row in asked)
    probability = load_classifier(place / "saved_dict" / "few" / "Linear").predict_probabilities([asked[0][0]]).max()
    assert f"{probability:.4f}" == asked[0][3]
    # Two of them are labelled: the file takes the place of the training file.
    for row in asked[:2]:
        row[1] = row[2]
    (place / "few" / "train.txt").unlink()
    with open(place / "few" / "train.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    dataset = without_dev(load_dataset(find_dataset(str(place / "few")), DataConfig()))
    learnt = [(t, dataset.class_names[i]) for t, i in zip(dataset.train.texts, dataset.train.labels, strict=True)]
    assert learnt == [*small_rows(18, 1), *((row[0], row[1]) for row in asked[:2])]
    (reading,) = [r for r in dataset.readings if r.path.name == "train.csv"]
    assert [row.reason for row in reading.left_out] == ["no-label"] * 3


def test_the_file_to_label_keeps_rows_that_were_split_off_and_replaces_nothing_that_is_read(place: Path) -> None:
    rows = small_rows(60, 1)
    write_rows(place / "whole.tsv", rows)
    asked = ["--dataset", "whole.tsv", "--unlabelled", "heap.txt", "--budget", "5", "--model", "Linear"]
    result = run_in(place, *asked, "--label-next", "2", "--output", "next.csv")
    assert result.status == 0, result.err
    with open(place / "next.csv", encoding="utf-8-sig", newline="") as file:
        assert [(text, label) for text, label, *_ in list(csv.reader(file))[1:]][:-2] == rows
    for name in ("whole.csv", "heap.csv"):
        shutil.copy(place / ("whole.tsv" if name == "whole.csv" else "heap.txt"), place / name)
        asked[1 if name == "whole.csv" else 3] = name
        told = error_of(run_in(place, *asked, "--label-next", "2", "--output", name))
        assert told == f"--output {name}: what is read is never written over; expected the name of another file"


def test_several_labels_are_no_ladder(tmp_path: Path) -> None:
    pairs = [(text, f"{label}|{'ab'[at % 2]}") for at, (text, label) in enumerate(small_rows(60, 1))]
    write_rows(tmp_path / "several.tsv", [*pairs, *(("一二三", "a"), ("四五六", "b"), ("七八九", "猫狗")) * 4])
    (tmp_path / "heap.txt").write_text("零零零\n", encoding="utf-8")
    told = error_of(run_in(tmp_path, "--dataset", "several.tsv", "--multi-label", "--unlabelled", "heap.txt"))
    assert told.endswith("expected one: leave --unlabelled out, or use --pretrain")


def test_the_linear_rungs_leave_out_what_only_recurrent_layers_begin_with() -> None:
    named = {"dataset": "few", "pretrain": True, "init_from": "elsewhere", "longest_ngram": 2}
    assert as_linear(Run("classify", "LSTM", named)).named == {"dataset": "few", "longest_ngram": 2}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--label-next", "3"], "--label-next: needs the texts to choose from; expected --unlabelled FILE beside it"),
        (
            ["--unlabelled", "heap.txt", "--label-next", "0"],
            "--label-next 0: must be at least 1 and at most 100000",
        ),
        (
            ["--unlabelled", "heap.txt", "--compare"],
            "--unlabelled: cannot stand beside --compare; expected one of them",
        ),
        (
            ["--unlabelled", "heap.txt", "--label-next", "1", "--output", "a.xlsx"],
            "--output a.xlsx: expected a name that ends in .csv with --label-next",
        ),
    ],
)
def test_flags_that_make_no_sense(tmp_path: Path, flags: list[str], message: str) -> None:
    assert error_of(run_in(tmp_path, "--dataset", "./few", *flags)) == message


def test_the_training_file_is_no_heap(place: Path) -> None:
    told = error_of(run_in(place, "--dataset", "./few", "--unlabelled", "few/train.txt"))
    assert told == (
        "few/train.txt: all 18 texts stand in the data set itself; expected others, without labels: name another file "
        "in --unlabelled, or leave it out"
    )


@pytest.mark.parametrize("dev", [False, True])
@pytest.mark.parametrize("flags", [[], ["--label-next", "2"]])
def test_rows_of_several_labels_are_refused(place: Path, dev: bool, flags: list[str]) -> None:
    for split in ("train", "dev", "test") if dev else ("train",):
        rows = "".join(
            f"的了{label}{number}\t{label}\n" for number in range(9) for label in ("猫狗", "山水", "猫狗|山水")
        )
        (place / "several").mkdir(exist_ok=True)
        (place / "several" / f"{split}.txt").write_text(rows.replace("的", split), encoding="utf-8")
    saved = place / "saved_dict" / "few" / "Linear"
    shutil.copytree(saved, place / "saved_dict" / "several" / "Linear")
    result = run_in(place, "--dataset", "./several", "--multi-label", "--unlabelled", "heap.txt", *flags)
    assert result.status == 2
    assert result.err.splitlines()[-1] == (
        "error: --unlabelled: texts without labels are learnt from where each row has one label, and these have "
        "several; expected one: leave --unlabelled out, or use --pretrain"
    )


def test_texts_like_formulas_come_back_as_they_were(tmp_path: Path) -> None:
    texts = ["=1+1", "-5 度", "'quoted", "好的"]
    labelled = zip(texts, ["a", "b"] * 2, strict=True)
    (tmp_path / "n.csv").write_bytes(to_label(labelled, [("@某人", "a", 0.5)]))
    with open(tmp_path / "n.csv", encoding="utf-8-sig", newline="") as file:
        written = [row[0] for row in csv.reader(file)][1:]
    assert written == ["'=1+1", "'-5 度", "'quoted", "好的", "'@某人"]
    found = read_rows(tmp_path / "n.csv")
    assert (found.texts, found.labels) == (texts, ["a", "b"] * 2)


def test_auto_is_no_model_that_was_named() -> None:
    runs = []
    for more in ([], ["--model", "auto"], ["--model", "AUTO"], ["--model", "LSTM"]):
        options = build_parser("classify").parse_args([*FEW, *more])
        (run,) = to_runs(options)
        runs.append((run.model_name, options.model))
    assert runs == [("BiLSTM_Ngram", None)] * 3 + [("LSTM", "LSTM")]
