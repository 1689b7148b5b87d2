"""What every saved model folder has: ``config.json`` with a format version, weights, and the errors of reading them.

``config.json`` is written last and read first: a folder without it is not a model yet. No pickle anywhere.
"""

from __future__ import annotations

import json
import platform
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from textrnn.config import DataIdentity, RunSettings
from textrnn.errors import ArtifactError, ConfigError, listed, one_line
from textrnn.files import json_bytes, load_tensors, write_together
from textrnn.version import __version__

FORMAT_VERSION = 2  # the newest that is read; what is written says which it is
WHOLE_NUMBERS = "ngram/"  # tensors of counts and positions, by the start of their names
MODEL_FILE, CONFIG_FILE, VOCAB_FILE = "model.safetensors", "config.json", "vocab.json"
IDENTITY = "data_identity"  # in config.json and the checkpoint, which data was learnt
METRICS_FILE = "metrics.json"  # of the report beside the model


class SavedModel(ABC):
    """A model that can be kept in a folder.

    Attributes:
        settings: settled, by which it was trained
        data_identity: of what it has learnt, where that is a file or folder
    """

    settings: RunSettings[Any, Any, Any]
    data_identity: DataIdentity | None

    @abstractmethod
    def to_files(self) -> dict[str, bytes]:
        """The files of the model folder, ``config.json`` last."""

    def save(self, folder: Path | str, others: Mapping[str, bytes] | None = None) -> None:
        """Write the model into `folder`, with `others` (the report) beside it.

        Raises:
            ArtifactError: if the folder cannot be written or the disk is full; a model that was there stays as it was.
        """
        write_together(Path(folder), {**(others or {}), **self.to_files()})


def is_saved(folder: Path) -> bool:
    """Whether a whole model stands in `folder`."""
    return (folder / CONFIG_FILE).is_file()


def read_json(path: Path) -> Any:
    """A JSON file of a saved model.

    Raises:
        ArtifactError: if it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtifactError(f"{path}: no such file; expected a folder that training wrote: see `save_dir`") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactError(
            f"{path}: cannot be read ({one_line(error)}); expected what training wrote: train again"
        ) from error


def saved_models(save_dir: Path, task: str) -> list[tuple[Path, str, str]]:
    """The models of a task that are kept under a folder, in the order of their paths: folder, model, what it learnt."""
    found = []
    for path in sorted(save_dir.glob(f"*/*/{CONFIG_FILE}")):
        try:
            config = read_config(path.parent, task)
            data = config["data"]
            found.append((path.parent, str(config["model"]), str(data.get("dataset") or _corpus(data["corpus"]))))
        except (ArtifactError, KeyError, TypeError, AttributeError):
            continue  # of another task, or no model at all
    return found


def _corpus(kept: object) -> object:
    """The names of a text, as they are typed; one, or as several a list."""
    return " ".join(map(str, kept)) if isinstance(kept, list) else kept


def described(folder: Path) -> str:
    """A saved model in a few words: what it learnt, how well it did, when it was made."""
    try:
        config, made = read_json(folder / CONFIG_FILE), (folder / CONFIG_FILE).stat().st_mtime
        data = config["data"]
        learnt = data.get("dataset") or _corpus(data.get("corpus")) or f"sequences of length {config['length']}"
    except (ArtifactError, KeyError, TypeError, AttributeError, OSError):
        return "a model that cannot be read"
    figure = _figure_of(folder)
    return f"a model of {one_line(learnt, widest=80)} ({figure}made {datetime.fromtimestamp(made):%Y-%m-%d %H:%M})"


def _figure_of(folder: Path) -> str:
    """The figure that a report is about, with a comma behind it; nothing where there is no report."""
    try:
        metrics = read_json(folder / METRICS_FILE)
        part, figure = {"classify": ("test", "accuracy"), "lm": ("valid", "perplexity")}[metrics["task"]]
        figure = "macro_f1" if metrics.get("multi_label") else figure
        return f"{figure.replace('_f1', ' F1')} {metrics[part][figure]:.4f}, "
    except (ArtifactError, KeyError, TypeError, ValueError):
        return ""


def kept_identity(identity: DataIdentity | None) -> dict[str, Any]:
    """What ``config.json`` and the checkpoint say of the data; nothing of data in memory."""
    return {} if identity is None else {IDENTITY: identity.to_kept()}


def config_bytes(settings: dict[str, Any], *, version: int = 1) -> bytes:
    """The content of ``config.json``: the settings, with the versions of the format and of all that wrote it.

    Args:
        version: of the format, the oldest that says everything: earlier versions of textrnn read what they can.
    """
    versions = {
        "textrnn": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
    return json_bytes({"format_version": version, **settings, "versions": versions})


def read_config(folder: Path, task: str) -> dict[str, Any]:
    """The ``config.json`` of a model for `task`.

    Raises:
        ArtifactError: if it is missing, of a newer format, or of a model for another task.
    """
    config_path = folder / CONFIG_FILE
    config: dict[str, Any] = read_json(config_path)
    version = config.get("format_version") if isinstance(config, dict) else None
    if not isinstance(version, int):
        raise ArtifactError(f"{config_path}: no format version; expected what training wrote: train again")
    if version > FORMAT_VERSION:
        versions = config.get("versions")
        writer = versions.get("textrnn", "?") if isinstance(versions, dict) else "?"
        raise ArtifactError(
            f"{config_path}: format version {version}; expected {FORMAT_VERSION} or older: a newer textrnn "
            f"({one_line(writer, widest=20)}) wrote it, upgrade this one ({__version__})"
        )
    if config.get("task") != task:
        raise ArtifactError(
            f"{config_path}: a model for the task {one_line(config.get('task'), widest=20)}; expected one for {task}: "
            "name its folder with `save_dir`, or train one"
        )
    return config


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The weights of a model folder.

    Raises:
        ArtifactError: if they are missing, damaged, or no finite real numbers.
    """
    weights, _ = load_tensors(folder / MODEL_FILE)
    unusable = [
        name
        for name, values in weights.items()
        if not (
            name.startswith(WHOLE_NUMBERS)
            or values.dtype == torch.int64
            or (values.is_floating_point() and values.isfinite().all())
        )
    ]
    if unusable:
        raise ArtifactError(
            f"{folder / MODEL_FILE}: {listed(unusable)} holds what are no finite real numbers; expected what training "
            "wrote: train again"
        )
    return weights


@contextmanager
def explain_mismatched_files(folder: Path) -> Iterator[None]:
    """Turns whatever goes wrong when a model is put together from its files into one error.

    Raises:
        ArtifactError: in its place.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError, ConfigError) as error:
        raise ArtifactError(
            f"{folder}: its files do not belong together ({one_line(error)}); expected those of one training: "
            "train again"
        ) from error
