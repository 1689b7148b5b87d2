"""What TensorBoard and MLflow read is what history.csv and the report have; what goes wrong there stops nothing."""

from __future__ import annotations

import csv
import json
import logging
import shlex
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.commands import SMALL, SMALL_MEMORY, Result, error_of
from tests.factories import StopAt, learn, new_classifier, short, write_small_dataset
from textrnn.config import Run
from textrnn.errors import DivergedError, Interrupted, Note
from textrnn.report.tracking.mlflow import MLflow
from textrnn.report.tracking.tensorboard import TensorBoard
from textrnn.report.tracking.tracker import Figures, Tracker, figures_of, final_figures, without_password
from textrnn.tasks.classify import train
from textrnn.tasks.settings import combine
from textrnn.training.events import Listener, ListenerGroup
from textrnn.training.history import Sample

Command = Callable[..., Result]
COLUMNS = {  # of history.csv, and the name under which a tracker has it
    "dev_loss": "loss/dev", "dev_accuracy": "accuracy/dev", "dev_calibrated_loss": "calibrated_loss/dev",
    "learning_rate": "training/learning_rate",
}  # fmt: skip
OTHERS = {"loss/train", "training/examples_per_second", "training/passes", "training/seconds"}


def events(folder: Path) -> Any:
    """What TensorBoard itself reads of a folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        logging.getLogger("tensorboard").setLevel(logging.ERROR)
        found = EventAccumulator(str(folder), size_guidance={"tensors": 0, "scalars": 0, "images": 0})
        found.Reload()
    return found


def texts(found: Any, tag: str) -> list[str]:
    return [event.tensor_proto.string_val[0].decode("utf-8") for event in found.Tensors(f"{tag}/text_summary")]


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Note]]:
    """A classifier whose training was stopped and resumed, told to both; its folder, and what they said."""
    place = tmp_path_factory.mktemp("tracked")
    dataset, said = write_small_dataset(place / "小数据"), []
    named = {"dataset": str(dataset), "epochs": 4, "hidden_size": 8, "embedding_size": 6, "learning_rate": 0.01}
    run = Run("classify", "LSTM", named, place / "saved" / "小数据" / "LSTM")
    for resume, stop in ((False, StopAt(33)), (True, Listener())):
        with TensorBoard(tell=said.append) as board, MLflow(tell=said.append) as store:
            group = ListenerGroup([board, store, stop])
            try:
                train(Run("classify", "LSTM", named, run.folder, resume), group, baseline=False)
            except Interrupted as error:
                for tracker in (board, store):
                    tracker.__exit__(Interrupted, error, None)
    assert run.folder is not None
    return run.folder, said


def history(folder: Path) -> list[dict[str, str]]:
    with open(folder / "history.csv", encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["dev_loss"]]


def test_tensorboard_reads_what_history_has(tracked: tuple[Path, list[Note]]) -> None:
    folder, said = tracked
    found, rows = events(folder / "tensorboard"), history(folder)
    for column, tag in COLUMNS.items():
        read = found.Scalars(tag)
        assert [event.step for event in read] == [int(row["step"]) for row in rows]
        assert [event.value for event in read] == pytest.approx([float(row[column]) for row in rows], rel=1e-4)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert set(found.Tags()["scalars"]) == {
        *COLUMNS.values(), *OTHERS, "test/accuracy", "test/loss", "test/macro_f1",
    }  # fmt: skip
    assert found.Scalars("test/accuracy")[0].value == pytest.approx(metrics["test"]["accuracy"])
    assert found.Scalars("training/examples_per_second")[-1].value > 0
    for kind in ("counts", "normalised"):
        (image,) = found.Images(f"confusion matrix/{kind}")
        assert image.encoded_image_string == (folder / f"confusion_{kind}.png").read_bytes()
        assert min(image.width, image.height) > 100
    (report,) = texts(found, "report")
    assert "    true \\ predicted" in report
    assert "| hidden_size | 8 |\n" in texts(found, "settings")[0]
    assert found.SummaryMetadata("_hparams_/session_start_info").plugin_data.plugin_name == "hparams"
    assert {note["place"] for note in said if note["tracker"] == "TensorBoard"} == {
        shlex.join(["tensorboard", "--logdir", str(folder / "tensorboard")])
    }


def test_mlflow_reads_the_same(tracked: tuple[Path, list[Note]]) -> None:
    folder, said = tracked
    assert {note.kind for note in said} == {"tracked"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow

        store = folder.parents[1] / "mlflow"
        client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{store}/mlflow.db")
        (experiment,) = [found for found in client.search_experiments() if found.name != "Default"]
        assert experiment.name == "小数据"
        (run,) = client.search_runs([experiment.experiment_id])  # the one that was stopped went on
        assert (run.info.status, run.info.run_name) == ("FINISHED", "LSTM")
        assert json.loads((folder / "mlflow.json").read_bytes())["run"] == run.info.run_id
        assert run.data.params["hidden_size"] == "8"
        assert run.data.params["tokenizer"] == "char"
        rows = history(folder)
        for column, name in COLUMNS.items():
            read = sorted(client.get_metric_history(run.info.run_id, name), key=lambda metric: metric.step)
            assert [metric.step for metric in read] == [int(row["step"]) for row in rows]
            assert [metric.value for metric in read] == pytest.approx([float(row[column]) for row in rows], rel=1e-4)
        names = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert names >= {"report.html", "report.txt", "metrics.json", "run.toml", "confusion_counts.png"}
    (report,) = (store / "artifacts").glob("*/artifacts/report.txt")
    assert "true \\ predicted" in report.read_text(encoding="utf-8")


class Noting(Tracker):
    """Writes down what it is told, and fails where it is told to."""

    title = "Noting"

    def __init__(self, fails: str = "", tell: Callable[[Note], None] | None = None):
        super().__init__(tell)
        self.fails, self.heard = fails, list[str]()

    def _hear(self, what: str) -> None:
        self.heard.append(what)
        if self.fails and what.startswith(self.fails):
            raise OSError(28, "No space left on device")

    def begin(self, done_steps: int) -> str:
        self._hear(f"begin {self.path.as_posix()} {done_steps}")
        return "there"

    def log_figures(self, figures: Figures, step: int) -> None:
        warnings.warn("their own business", stacklevel=2)
        self._hear(f"figures {step}")

    def log_sample(self, text: str, step: int) -> None:
        self._hear(f"sample {text} {step}")

    def log_report(self, figures: Figures, files: Mapping[str, bytes], step: int) -> None:
        self._hear(f"report {step}")

    def end(self, how: str) -> None:
        self._hear(how)


ROW = {"step": 10.0, "epoch": 1.0, "dev_loss": 0.5}


@pytest.mark.parametrize("fails", ["", "begin", "figures 10", "sample", "report", "finished"])
def test_one_that_fails_is_told_once(fails: str) -> None:
    said: list[Note] = []
    with Noting(fails, said.append) as tracker:
        for folder in ("saved/a/LSTM", "saved/a/GRU"):
            tracker.on_training(combine(Run("classify")), "", Path(folder))
            tracker.on_start(20, 5, None)
            tracker.on_evaluation(ROW, True)
            tracker.on_sample(Sample(10, 1.0, "猫"))
            tracker.on_end()
            tracker.on_report({})
    whole = [
        part
        for model in ("LSTM", "GRU")
        for part in (f"begin a/{model} 5", "figures 10", "sample 猫 10", "report 10", "finished")
    ]
    assert tracker.heard == (whole[: [part.startswith(fails) for part in whole].index(True) + 1] if fails else whole)
    failed = [note for note in said if note.kind == "tracking_failed"]
    assert len(failed) == bool(fails)
    if fails:
        assert failed[0]["error"] == "[Errno 28] No space left on device"


def test_how_a_run_ends() -> None:
    for stop, error, how in ((StopAt(3), Interrupted, "stopped"), (_Diverging(), DivergedError, "failed")):
        tracker = Noting(tell=lambda note: None)
        with pytest.raises(error), tracker:
            learn(new_classifier(), short(), listener=ListenerGroup([tracker, stop]))
        assert tracker.heard == ["begin . 0", how]
    with pytest.warns(UserWarning, match=r"^Noting: \[Errno 28\] No space left on device; the training goes on"):
        Noting("begin").on_start(1, 0, None)


class _Diverging(Listener):
    def on_step(self, step: int, loss: float) -> None:
        raise DivergedError("training: diverged")


def test_samples_and_what_is_only_drawn(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path, tell=lambda note: None)
    with board:
        board.on_start(10, 0, None)
        board.on_sample(Sample(7, 0.5, "the time\n| traveller"))
    found = events(tmp_path / "training")
    assert texts(found, "sample") == ["    the time\n    | traveller\n"]
    assert found.Tensors("sample/text_summary")[0].step == 7
    with TensorBoard(tmp_path, tell=lambda note: None) as again:  # another one, kept nowhere either
        again.on_start(10, 0, None)
        again.on_evaluation({"step": 1, "dev_loss": 2.0}, True)
    assert events(tmp_path / "training-2").Tags()["tensors"] == []
    assert [len(list((tmp_path / name).glob("events*"))) for name in ("training", "training-2")] == [1, 1]


@pytest.mark.parametrize("password", ["secret", "se@cret", "%2Fsecret"])
def test_a_password_in_an_address_is_not_told(password: str) -> None:
    told = f"API request to http://user:{password}@host:5000/api failed; see https://mlflow.org, mail a@b.org"
    assert without_password(told) == told.replace(f"user:{password}@", "")


def test_names_of_figures() -> None:
    row = {"step": 3, "epoch": 1, "passes": 0.5, "train_loss": 1, "dev_perplexity": 2.0, "learning_rate": 0.1}
    assert figures_of(row) == {
        "training/passes": 0.5, "loss/train": 1.0, "perplexity/dev": 2.0, "training/learning_rate": 0.1,
    }  # fmt: skip
    document = {"valid": {"perplexity": 3.5, "characters": 9}, "baseline": {"test_accuracy": 1}}
    files = {"metrics.json": json.dumps(document).encode()}
    assert final_figures(files) == {"valid/perplexity": 3.5, "baseline/test_accuracy": 1.0}
    assert final_figures({}) == {}


def test_every_training_of_an_experiment(run: Command) -> None:
    flags = ["--task", "memory", "--lengths", "4", "--model", "SRN", "--seeds", "2", *SMALL_MEMORY, "--quiet"]
    result = run(*flags, "--tensorboard", "boards")
    assert result.status == 0
    assert result.out.count("TensorBoard: tensorboard --logdir boards\n") == 1
    folders = sorted(path.name for path in Path("boards/memory/lengths_SRN").iterdir())
    assert folders == [f"SRN, length 4, seed {seed}, learning rate 0.02" for seed in (0, 1)]
    assert events(Path("boards/memory/lengths_SRN") / folders[1]).Scalars("accuracy/dev")


@pytest.mark.parametrize(
    ("flag", "module", "package"),
    [
        ("--tensorboard", "torch.utils.tensorboard", "tensorboard"),
        ("--mlflow", "mlflow", "mlflow-skinny sqlalchemy alembic"),
    ],
)
def test_a_missing_package(
    flag: str, module: str, package: str, small_dataset: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    name = package.partition(" ")[0].removesuffix("-skinny")
    assert error_of(run("--dataset", small_dataset.name, *SMALL, flag)) == (
        f"{flag}: takes the package {name}; expected it installed: `pip install {package}`"
    )
    assert not Path("saved_dict").exists()


def test_what_is_no_store(small_dataset: Path, run: Command) -> None:
    told = error_of(run("--dataset", small_dataset.name, *SMALL, "--mlflow", "gopher://user:secret@x"))
    assert told.startswith("--mlflow gopher://x: cannot be used (")
    assert told.endswith("expected a folder, or a tracking URI such as http://127.0.0.1:5000 or sqlite:///runs.db")
    assert "secret" not in told
