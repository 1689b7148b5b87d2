"""``--mlflow``: runs in the store of MLflow, a local one unless another is named."""

from __future__ import annotations

import importlib
import json
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from textrnn.errors import ConfigError, Note, missing_package, one_line
from textrnn.files import json_bytes, write_atomically
from textrnn.report.repeat import command_line, every_setting
from textrnn.report.tracking.tracker import FAILED, FINISHED, STOPPED, Figures, Tracker, without_password

RUN_FILE = "mlflow.json"  # in the model folder: which run it is
FOLDER, STORE = "mlflow", "mlflow.db"  # beside the folders of the models
STATES = {FINISHED: "FINISHED", STOPPED: "KILLED", FAILED: "FAILED"}
MOST_PARAMETERS, LONGEST_VALUE = 100, 500  # that MLflow takes at once
QUIET = {  # before MLflow is imported: it tells nobody that it is used, and gives up soon on a server that is gone
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
LOGGERS = ("mlflow", "alembic", "urllib3")


class MLflow(Tracker):
    """Keeps settings, figures of every evaluation, samples and the report as a run of MLflow.

    Args:
        store: a tracking URI such as ``http://127.0.0.1:5000``, or a folder; by default ``mlflow`` beside the folders
            of the models. Nothing is sent to any other place.
        tell: takes notes on the tracker itself; by default they are warnings.

    Raises:
        ConfigError: if a package is missing or the URI is none.
    """

    title = "MLflow"

    def __init__(self, store: Path | str | None = None, tell: Callable[[Note], None] | None = None):
        super().__init__(tell)
        self.store = None if store is None else str(store)
        self.client: Any = None
        self.run_id = ""
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.mlflow = importlib.import_module("mlflow")
                if self.store is None or not _is_uri(self.store):
                    importlib.import_module("sqlalchemy")
                    importlib.import_module("alembic")
        except ImportError as error:
            raise missing_package("mlflow", str(error.name), "mlflow-skinny sqlalchemy alembic") from error
        for logger in LOGGERS:
            logging.getLogger(logger).setLevel(logging.CRITICAL)
        if self.store is not None and _is_uri(self.store):
            self._refuse_unknown_uri(self.store)

    def _refuse_unknown_uri(self, uri: str) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.mlflow.MlflowClient(tracking_uri=uri)
        except Exception as error:
            reason = one_line(without_password(str(error)), widest=100)
            raise ConfigError(
                f"`mlflow` {without_password(uri)}: cannot be used ({reason}); expected a folder, or a tracking URI "
                "such as http://127.0.0.1:5000 or sqlite:///runs.db"
            ) from error

    def begin(self, done_steps: int) -> str:
        uri, artifacts = self._place()
        self.client = self.mlflow.MlflowClient(tracking_uri=uri)
        if not (done_steps and self._take_up(uri)):
            self._new_run(artifacts)
            if self.folder is not None and not self.name:
                write_atomically(
                    self.folder / RUN_FILE, json_bytes({"store": without_password(uri), "run": self.run_id})
                )
        return command_line(["mlflow", "ui", "--backend-store-uri", uri]) if artifacts else without_password(uri)

    def _place(self) -> tuple[str, Path | None]:
        """The tracking URI, and where a local store has its files."""
        if self.store is not None and _is_uri(self.store):
            return self.store, None
        if self.store is None and self.folder is None:
            raise OSError("the run has no folder; expected a store for the tracker")
        root = Path(self.store) if self.store is not None else _beside_models(self.folder) / FOLDER
        root.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{(root / STORE).as_posix()}", root / "artifacts"

    def _take_up(self, uri: str) -> bool:
        """Go on with the run that was stopped here, if it is known and still there."""
        if self.folder is None or self.name:
            return False
        try:
            kept = json.loads((self.folder / RUN_FILE).read_bytes())
            if kept["store"] != without_password(uri):
                return False
            self.run_id = self.client.get_run(kept["run"]).info.run_id
        except (OSError, ValueError, KeyError, TypeError, self.mlflow.exceptions.MlflowException):
            return False
        self.client.update_run(self.run_id, status="RUNNING")
        return True

    def _new_run(self, artifacts: Path | None) -> None:
        name = self.path.parts[0] if self.path.parts else "textrnn"
        experiment = self.client.get_experiment_by_name(name)
        if experiment is None:
            place = None if artifacts is None else artifacts.resolve().as_uri()
            number = self.client.create_experiment(name, artifact_location=place)
        else:
            number = experiment.experiment_id
        settings = every_setting(self.settings) if self.settings else {}
        run_name = " ".join(self.path.parts[1:]) or str(settings.get("model", "run"))
        self.run_id = self.client.create_run(number, run_name=run_name).info.run_id
        entities = importlib.import_module("mlflow.entities")
        parameters = [entities.Param(key, str(value)[:LONGEST_VALUE]) for key, value in settings.items()]
        for first in range(0, len(parameters), MOST_PARAMETERS):
            self.client.log_batch(self.run_id, params=parameters[first : first + MOST_PARAMETERS])

    def log_figures(self, figures: Figures, step: int) -> None:
        entities, now = importlib.import_module("mlflow.entities"), int(time.time() * 1000)
        metrics = [entities.Metric(name, value, now, step) for name, value in figures.items()]
        self.client.log_batch(self.run_id, metrics=metrics)

    def log_sample(self, text: str, step: int) -> None:
        self.client.log_text(self.run_id, text, f"samples/step_{step:08}.txt")

    def log_report(self, figures: Figures, files: Mapping[str, bytes], step: int) -> None:
        self.log_figures(figures, step)
        with tempfile.TemporaryDirectory() as folder:
            for name, content in {**files, "report.txt": f"{self.text}\n".encode()}.items():
                (Path(folder) / name).write_bytes(content)
            self.client.log_artifacts(self.run_id, folder)

    def end(self, how: str) -> None:
        self.client.set_terminated(self.run_id, STATES[how])


def _is_uri(store: str) -> bool:
    """Whether it is no folder."""
    return "://" in store or store.startswith(("databricks", "file:"))


def _beside_models(folder: Path | None) -> Path:
    assert folder is not None
    return folder.parents[1] if len(folder.parents) > 1 else folder.parent
