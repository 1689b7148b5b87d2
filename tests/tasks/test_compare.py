"""``--compare``: several models on one data set, end to end."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.metrics import f1_score

from tests.commands import Result, error_of
from tests.factories import small_rows, write_rows
from textrnn.cli import build_parser
from textrnn.cli.classify import to_runs
from textrnn.cli.flags import parse
from textrnn.config import Run
from textrnn.corpus.readers import read_rows
from textrnn.errors import Note
from textrnn.models.registry import all_models
from textrnn.report.notes import line, words
from textrnn.saved.classifier import load_classifier
from textrnn.tasks.compare import compare
from textrnn.training.events import Listener

BASELINE_NAME = "TF-IDF (characters 1-3, words 1-2) + LinearSVC"
COMPARED = ["--embedding-size", "8", "--learning-rate", "0.01", "--epochs", "4", "--quiet"]


def test_the_table_is_what_the_models_answer(run: Callable[..., Result], small_dataset: Path) -> None:
    result = run("--dataset", small_dataset, "--compare", "rnn", "FastText", "RNN", "--hidden-size", "12", *COMPARED)
    assert result.status == 0, result.err
    folder = Path("saved_dict") / small_dataset.name
    document = json.loads((folder / "comparison" / "comparison.json").read_text(encoding="utf-8"))
    assert document["dataset"] == small_dataset.name
    assert {entry["model"] for entry in document["models"]} == {BASELINE_NAME, "RNN", "FastText"}
    accuracies = [entry["accuracy"] for entry in document["models"]]
    assert accuracies == sorted(accuracies, reverse=True)
    rows = read_rows(small_dataset / "test.txt")
    for entry in document["models"]:
        low, high = entry["accuracy_interval"]
        assert low <= entry["accuracy"] <= high
        assert entry["texts_per_second"] > 0
        assert f"{entry['accuracy']:.4f}  {low:.4f} to {high:.4f}" in result.out
        if entry["model"] == BASELINE_NAME:
            continue
        classifier = load_classifier(folder / entry["model"])
        predicted = classifier.predict_probabilities(rows.texts).argmax(axis=1)
        truth = [classifier.class_names.index(label) for label in rows.labels]
        assert entry["accuracy"] == pytest.approx((predicted == truth).mean())
        assert entry["macro_f1"] == pytest.approx(f1_score(truth, predicted, average="macro"))
        assert entry["parameters"] == sum(p.numel() for p in classifier.network.parameters())
        metrics = json.loads((folder / entry["model"] / "metrics.json").read_text(encoding="utf-8"))
        assert metrics["baseline"]["name"] == BASELINE_NAME  # trained once, shown in every report
        assert metrics["train"]["seconds"] == entry["seconds"]
    with open(folder / "comparison" / "comparison.csv", encoding="utf-8", newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == [entry["model"] for entry in document["models"]]
    files = {path.name for path in (folder / "comparison").iterdir() if not path.name.startswith(".")}
    assert files == {"run.toml", "comparison.json", "comparison.csv", "comparison.png", "comparison.svg", "report.html"}
    assert "FastText" in (folder / "comparison" / "report.html").read_text(encoding="utf-8")


def test_without_names_all_are_compared() -> None:
    runs = to_runs(parse(build_parser("classify"), ["--num-filters", "7", "--compare"]))
    assert [run.model_name for run in runs] == list(all_models())
    of_model = {run.model_name: run.named for run in runs}
    assert of_model["TextCNN"] == {"num_filters": 7}
    assert of_model["LSTM"] == {}


def test_resumed_it_does_not_train_again(run: Callable[..., Result], small_dataset: Path) -> None:
    flags = ["--dataset", small_dataset, "--compare", "RNN", "--hidden-size", "12", *COMPARED]
    run(*flags)
    weights = Path("saved_dict") / small_dataset.name / "RNN" / "model.safetensors"
    before = weights.stat().st_mtime_ns
    again = run(*flags, "--resume")
    assert f"note: RNN: the run in {weights.parent} is finished: nothing to resume\n" in again.out
    assert weights.stat().st_mtime_ns == before


def test_a_finished_model_of_other_data_is_not_compared(run: Callable[..., Result], small_dataset: Path) -> None:
    flags = ["--dataset", small_dataset, "--compare", "RNN", "--hidden-size", "12", *COMPARED]
    run(*flags)
    test = small_dataset / "test.txt"
    test.write_text(test.read_text(encoding="utf-8") + "山水河\t山水\n", encoding="utf-8")
    folder = Path("saved_dict") / small_dataset.name / "RNN"
    assert error_of(run(*flags, "--resume")) == (
        f"--resume: the data is not what the run was started with; expected that of {folder}: bring it back, or leave "
        "out --resume to start over"
    )
    kept = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    del kept["data_identity"]  # as an earlier version wrote it
    (folder / "config.json").write_text(json.dumps(kept), encoding="utf-8")
    assert error_of(run(*flags, "--resume")) == (
        f"--resume: the finished model in {folder} was scored on other data (30 test texts instead of 31, or other "
        "classes); expected one of this data: leave out --resume to train it again"
    )


class Ears(Listener):
    """Hears the notes."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def on_note(self, note: Note) -> None:
        self.notes.append(note)


def test_one_that_diverges_leaves_the_others(small_dataset: Path, tmp_path: Path) -> None:
    small = {"dataset": str(small_dataset), "hidden_size": 12, "embedding_size": 8, "epochs": 2}
    # Steps so long that the loss is soon no number: in single precision, twice 1e38 and more is infinite.
    wild = {**small, "learning_rate": 1e38, "clip_norm": 0.0, "optimizer": "sgd", "schedule": "constant"}
    runs = [Run("classify", name, named, tmp_path / "s" / name) for name, named in (("RNN", wild), ("GRU", small))]
    ears = Ears()
    folder = compare(runs, ears)
    (failed,) = [line(note) for note in ears.notes if note.kind == "failed"]
    assert failed.startswith("note: RNN: training: the loss is ")
    document = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    assert {entry["model"] for entry in document["models"]} == {BASELINE_NAME, "GRU"}
    assert "RNN: training: the loss is " in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--compare", "LSTM", "GRUU"],
         f"--compare GRUU: no such model; expected one of {', '.join(all_models())}; did you mean GRU?"),
        (["--compare", "LSTM", "GRU", "--num-filters", "7"],
         "--num-filters: not a setting of LSTM, GRU; expected a flag that one of them has"),
        (["--compare", "--predict", "x"], "--predict: cannot stand beside --compare; expected one of them"),
        (["--compare", "--model", "LSTM"], "--model: cannot stand beside --compare; expected one of them"),
        (["--compare", "--no-baseline"], "--no-baseline: cannot stand beside --compare; expected one of them"),
        (["--compare", "LSTM", "Transformer", "--hidden-size", "150"],
         "Transformer: --hidden-size 150: must be even and a multiple of --num-heads (4)"),
        (["--compare", "LSTM", "--epochs", "0"], "--epochs 0: must be at least 1"),
    ],
)  # fmt: skip
def test_mistakes(run: Callable[..., Result], flags: list[str], message: str) -> None:
    assert error_of(run(*flags)) == message


def test_a_model_that_cannot_begin_so_is_told_before_any_is_trained(
    run: Callable[..., Result], small_dataset: Path
) -> None:
    told = error_of(run("--dataset", small_dataset, "--compare", "RNN", "FastText", "--pretrain", *COMPARED))
    assert told.startswith("--pretrain: FastText has no recurrent layers")
    assert not (Path("saved_dict") / small_dataset.name / "RNN" / "config.json").exists()
    told = error_of(run("--dataset", small_dataset, "--compare", "RNN", "--init-from", "nowhere", *COMPARED))
    assert told.startswith("--init-from nowhere: no saved model there; expected the folder of a language model")


def test_what_is_the_same_for_all_models_is_told_once(small_dataset: Path, tmp_path: Path) -> None:
    rows = small_rows(30, seed=3) + small_rows(120, seed=1)[:2]  # two of them are in the training split, too
    write_rows(small_dataset / "test.txt", rows)
    named = {"dataset": str(small_dataset), "hidden_size": 4, "embedding_size": 4, "epochs": 1, "learning_rate": 1e-9}
    ears = Ears()
    compare([Run("classify", name, named, tmp_path / "s" / name) for name in ("RNN", "GRU")], ears)
    said = [words(note).removeprefix("RNN: ").removeprefix("GRU: ") for note in ears.notes]
    assert sum("rows repeat texts of the training split" in text for text in said) == 1
    assert sum("the network has learnt nothing" in text for text in said) <= 1
