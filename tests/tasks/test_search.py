"""A search: what is tried, what is kept, and what it never looks at. Most trainings here are only acted."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.commands import TINY, Result, error_of
from tests.factories import write_rows, write_small_dataset
from textrnn.cli import build_parser
from textrnn.cli.classify import to_runs
from textrnn.cli.flags import parse
from textrnn.config import ClassifierSettings, Run
from textrnn.errors import DivergedError, Interrupted, Note
from textrnn.report.search import SearchResult
from textrnn.tasks import classify
from textrnn.tasks.search import search
from textrnn.training.events import Listener

Command = Callable[..., Result]
NAMED = {"hidden_size": 8, "embedding_size": 8, "epochs": 2}


class Killed(BaseException):
    """As if the process had ended."""


class Acted:
    """Takes the place of the trainings of a search.

    Args:
        accuracy: of settings.
        killed_in: the training that does not end; counted from 1.
    """

    def __init__(self, accuracy: Callable[[ClassifierSettings], float], *, killed_in: int = 0, seconds: float = 0.0):
        self.accuracy, self.killed_in, self.seconds = accuracy, killed_in, seconds
        self.tried: list[dict[str, Any]] = []
        self.trained: list[Run] = []
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def learn(self, dataset: object, settings: ClassifierSettings, listener: Listener, **_: object) -> Any:
        self.tried.append(settings.to_flat())
        listener.on_note(Note("network", settings=settings))
        listener.on_start(20, 0, None)
        if len(self.tried) == self.killed_in:
            raise Killed
        accuracy = self.accuracy(settings)
        for step in range(1, 21):
            row = {"step": step, "seconds": 0.0, "dev_loss": 1 - accuracy, "dev_accuracy": accuracy * (1 + step / 1e6)}
            listener.on_evaluation(row, True)
            self.now += self.seconds / 20
            if listener.should_stop():
                raise Interrupted("stopped")
        return SimpleNamespace(history=SimpleNamespace(best=row))

    def train_on(self, dataset: object, run: Run, listener: Listener, **_: object) -> None:
        self.trained.append(run)


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Acted], Acted]]:
    def act(play: Acted) -> Acted:
        monkeypatch.setattr(classify, "learn", play.learn)
        monkeypatch.setattr(classify, "train_on", play.train_on)
        monkeypatch.setattr(SearchResult, "_plot", lambda result: {})
        return play

    return act


def run_of(dataset: Path, place: str, *, resume: bool = False, model: str = "LSTM", **named: Any) -> Run:
    folder = dataset.parent / place / dataset.name / model
    return Run("classify", model, {"dataset": str(dataset), **NAMED, **named}, folder, resume)


def trials_of(run: Run) -> list[dict[str, Any]]:
    assert run.folder is not None
    document = json.loads((run.folder / "search" / "search.json").read_text(encoding="utf-8"))
    return [{name: value for name, value in trial.items() if name != "seconds"} for trial in document["trials"]]


def by_learning_rate(settings: ClassifierSettings) -> float:
    return 0.9 - abs(settings.training.learning_rate - 0.005)


def test_a_killed_search_goes_on_as_if_nothing_had_happened(
    small_dataset: Path, acting: Callable[[Acted], Acted]
) -> None:
    whole = acting(Acted(by_learning_rate))
    first = run_of(small_dataset, "a {0}%20#猫;'")
    search(first, 6)
    killed = acting(Acted(by_learning_rate, killed_in=4))
    second = run_of(small_dataset, "b")
    with pytest.raises(Killed):
        search(second, 6)
    assert trials_of(second) == trials_of(first)[:3]
    again = acting(Acted(by_learning_rate))
    search(run_of(small_dataset, "b", resume=True), 6)
    assert killed.tried[:3] + again.tried == whole.tried
    assert trials_of(second) == trials_of(first)
    # What was named stays, the first are the defaults, the others differ from them and from each other.
    for settings in whole.tried:
        assert {name: settings[name] for name in NAMED} == NAMED
        assert settings["split_seed"] == 0
    assert whole.tried[0]["learning_rate"] == 0.003
    assert len({settings["learning_rate"] for settings in whole.tried}) == 6
    # The best is trained, and what was named and found is in its run.
    best = min(whole.tried, key=lambda settings: abs(settings["learning_rate"] - 0.005))
    for (trained,) in (whole.trained, again.trained):
        assert trained.named["learning_rate"] == best["learning_rate"]
        assert {name: trained.named[name] for name in NAMED} == NAMED
    # More trials of the same search; with the same number, only the training at the end is looked at.
    more = acting(Acted(by_learning_rate))
    search(run_of(small_dataset, "b", resume=True), 7)
    assert len(more.tried) == 1
    assert trials_of(second)[:6] == trials_of(first)


def test_each_trial_is_a_training_for_who_listens(small_dataset: Path, acting: Callable[[Acted], Acted]) -> None:
    class Following(Listener):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def on_training(self, settings: Any, name: str, folder: Path | None) -> None:
            self.heard.append(f"{name} {settings.training.learning_rate}")
            assert folder == run.folder

        def on_start(self, total_steps: int | None, done_steps: int, seconds_left: float | None) -> None:
            self.heard.append("start")

    play, listener = acting(Acted(by_learning_rate)), Following()
    run = run_of(small_dataset, "a")
    search(run, 2, listener)
    rates = [settings["learning_rate"] for settings in play.tried]
    assert listener.heard == [f"trial 1 {rates[0]}", "start", f"trial 2 {rates[1]}", "start"]


def test_another_seed_another_search(small_dataset: Path, acting: Callable[[Acted], Acted]) -> None:
    tried = []
    for seed in (1, 1, 2):
        play = acting(Acted(by_learning_rate))
        search(run_of(small_dataset, "a", seed=seed), 2)
        tried.append([settings["learning_rate"] for settings in play.tried])
    assert tried[0] == tried[1] != tried[2]
    assert tried[0][0] == tried[2][0] == 0.003


def test_what_does_worse_is_stopped_early(small_dataset: Path, acting: Callable[[Acted], Acted]) -> None:
    """The first four are at least as good as all others, which are stopped once their scores say something."""

    def accuracy(settings: ClassifierSettings) -> float:
        return 0.9 if len(play.tried) <= 4 else 0.5

    play = acting(Acted(accuracy))
    said: list[Note] = []
    run = run_of(small_dataset, "a")
    search(run, 12, _Writing(said))
    states = [(trial["state"], trial["progress"]) for trial in trials_of(run)]
    assert states == [("done", 1.0)] * 4 + [("stopped early", 0.3)] * 8
    assert {note.kind for note in said} >= {"tried", "searched"}
    assert "network" not in {note.kind for note in said}  # of trials, nothing else is said
    assert run.folder is not None
    with open(run.folder / "search" / "search.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == [str(number) for number in range(1, 13)]
    assert rows[5]["state"] == "stopped early"
    assert rows[0]["dropout"] == "0.4"


class _Writing(Listener):
    def __init__(self, said: list[Note]):
        self.said = said

    def on_note(self, note: Note) -> None:
        self.said.append(note)


def test_the_defaults_are_never_lost(small_dataset: Path, acting: Callable[[Acted], Acted]) -> None:
    """Where nothing is better they are trained, and nothing but what the user named is named."""
    play = acting(Acted(lambda settings: 0.9 if settings.training.learning_rate == 0.003 else 0.8))
    run = run_of(small_dataset, "a")
    search(run, 4)
    assert play.trained[0].named == run.named


def test_a_trial_that_fails_is_one_of_them(small_dataset: Path, acting: Callable[[Acted], Acted]) -> None:
    def accuracy(settings: ClassifierSettings) -> float:
        if len(play.tried) == 2:
            raise DivergedError("training: the loss is nan")
        return 0.5

    play = acting(Acted(accuracy))
    run = run_of(small_dataset, "a")
    search(run, 3)
    assert [(trial["state"], trial["reason"]) for trial in trials_of(run)] == [
        ("done", ""), ("failed", "training: the loss is nan"), ("done", ""),
    ]  # fmt: skip


def test_a_budget_is_shared(small_dataset: Path, acting: Callable[[Acted], Acted]) -> None:
    """Each training gets its share, and the last one's is kept for it."""
    play = acting(Acted(lambda settings: 0.5, seconds=2.5))
    run = run_of(small_dataset, "a", budget=12.0)
    said: list[Note] = []
    search(run, 5, _Writing(said), clock=play.clock)
    assert {settings["budget"] for settings in play.tried} == {2.0}
    assert {settings["epochs"] for settings in play.tried} == {2}
    assert len(play.tried) == 4  # the fifth would have begun after 10 seconds, when 2 were left
    (note,) = [note for note in said if note.kind == "search_out_of_time"]
    assert (note["done"], note["wanted"], note["budget"]) == (4, 5, 12.0)
    assert play.trained[0].named["budget"] == 2.0


def test_the_test_split_changes_nothing_and_is_scored_once(
    tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two data sets that differ in their test split alone are searched alike; the model is judged after all trials."""
    judge, judged = classify.judge, list[int]()
    folder = Path("saved_dict/rows/LSTM/search")

    def spy(*arguments: Any) -> Any:
        judged.append(len(json.loads((folder / "search.json").read_text(encoding="utf-8"))["trials"]))
        return judge(*arguments)

    monkeypatch.setattr(classify, "judge", spy)
    flags = ["--dataset", "./rows", "--epochs", "2", "--hidden-size", "8", "--no-baseline", "--search", "3"]
    write_small_dataset(tmp_path / "rows")
    result = run(*flags)
    assert result.status == 0, result.err
    assert judged == [3]
    lines = result.out.splitlines()
    assert [line[:23] for line in lines[:3]] == [f"trial {n} of 3: dev accur" for n in (1, 2, 3)]
    assert lines[0].endswith("s; the defaults)")
    assert "best: trial " in result.out
    assert "accuracy    loss  macro F1" in result.out
    assert result.err == ""  # nothing of Optuna's
    assert {path.name for path in folder.iterdir()} == {
        "study.db", "search.csv", "search.json", "run.toml", "trials.png", "trials.svg",
    }  # fmt: skip
    document = json.loads((folder / "search.json").read_text(encoding="utf-8"))
    best = document["trials"][document["best"] - 1]
    metrics = json.loads((folder.parent / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["dev"]["accuracy"] == best["scores"]["dev_accuracy"]  # trained again, it is the same
    (again,) = to_runs(parse(build_parser("classify"), ["--config", str(folder / "run.toml")]))
    assert again.named.items() >= {"epochs": 2, "hidden_size": 8, "seed": 0}.items()
    assert {name: again.named.get(name, value) for name, value in best["settings"].items()} == best["settings"]
    assert again.folder == folder.parent
    trials = without_seconds(document)
    write_rows(tmp_path / "rows" / "test.txt", [("山", "猫狗")] * 30)
    monkeypatch.setattr(classify, "train_on", lambda *arguments, **others: None)
    assert "trial 1 of 3" not in run(*flags, "--quiet").out
    assert without_seconds(json.loads((folder / "search.json").read_text(encoding="utf-8"))) == trials


def without_seconds(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in trial.items() if name != "seconds"} for trial in document["trials"]]


def test_a_language_model(small_corpus: Path, run: Command) -> None:
    result = run(*TINY, "--corpus", small_corpus.name, "--epochs", "2", "--search", "2", "--ngram-order", "0")
    assert result.status == 0, result.err
    folder = Path("saved_dict") / small_corpus.stem / "lm_LSTM"
    document = json.loads((folder / "search" / "search.json").read_text(encoding="utf-8"))
    perplexities = [trial["scores"]["dev_perplexity"] for trial in document["trials"]]
    assert document["best"] == 1 + perplexities.index(min(perplexities))
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["train"]["perplexity_by_epoch"][-1]["valid"] >= min(perplexities)
    assert f"{min(perplexities):.4f}" in result.out
    assert "--task lm --model LSTM --corpus" in result.out


def test_ctrl_c(small_dataset: Path, acting: Callable[[Acted], Acted]) -> None:
    class Stop(Listener):
        def should_stop(self) -> bool:
            return len(play.tried) == 2

    play = acting(Acted(by_learning_rate))
    run = run_of(small_dataset, "a")
    with pytest.raises(
        Interrupted, match=r"^the search was stopped in trial 2; the trials before it are kept$"
    ) as caught:
        search(run, 4, Stop())
    assert caught.value.resumable
    assert len(trials_of(run)) == 1


def test_what_is_refused(
    small_dataset: Path, run: Command, acting: Callable[[Acted], Acted], monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = ["--dataset", small_dataset.name, "--epochs", "1"]
    assert error_of(run(*flags, "--search", "0")) == "--search 0: must be at least 1 and at most 10000"
    assert error_of(run(*flags, "--search", "2", "--check")) == (
        "--check: cannot stand beside --search; expected one of them"
    )
    assert error_of(run(*TINY, "--search", "2", "--predict", "a")) == (
        "--predict: cannot stand beside --search; expected one of them"
    )
    acting(Acted(by_learning_rate))
    assert run(*flags, "--search", "2", "--quiet").status == 0
    folder = Path("saved_dict") / small_dataset.name / "LSTM" / "search"
    assert error_of(run(*flags, "--search", "2", "--resume", "--dropout", "0.2")) == (
        f"--resume: the search in {folder} was begun with another value of --dropout; expected the same: bring them "
        "back, or leave out --resume to start over"
    )
    (folder / "study.db").write_bytes(b"not a database, but long enough to be taken for one by its size" * 50)
    told = error_of(run(*flags, "--search", "2", "--resume"))
    assert told.startswith(f"{folder / 'study.db'}: cannot be used (")
    assert told.endswith("); expected what a search left: delete it and start over")
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert error_of(run(*flags, "--search", "2")) == (
        "--search: takes the package optuna; expected it installed: `pip install optuna`"
    )


@pytest.mark.parametrize(
    ("text", "own"),
    [("猫狗鸟鱼兔" * 6, "longest_ngram"), ("some words of a long text there", "longest_words")],
    ids=["characters", "words"],
)
def test_of_a_linear_model_only_what_it_reads_is_tried(
    text: str, own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acted = Acted(lambda settings: 0.5)
    monkeypatch.setattr(classify, "learn", acted.learn)
    monkeypatch.setattr(classify, "train_on", acted.train_on)
    rows = [(f"{text} {text[: index % 30]}", "甲乙"[index % 2]) for index in range(60)]
    data = write_rows(tmp_path / "data.tsv", rows)
    search(Run("classify", "Linear", {"dataset": str(data)}, tmp_path / "m"), 8)
    different = {name for name in acted.tried[0] if len({str(tried[name]) for tried in acted.tried}) > 1}
    assert different == {own, "inverse_penalty"}
    assert all(tried["inverse_penalty"] is None or tried["inverse_penalty"] > 0 for tried in acted.tried)
    assert acted.tried[0]["inverse_penalty"] is None
