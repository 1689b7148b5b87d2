"""What the user asks of the classifier, as the command line or a Python caller puts it. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textrnn.checkpoint import CHECKPOINT_NAME
from textrnn.config import DataConfig, flag
from textrnn.corpus.catalog import save_name
from textrnn.models.registry import find_model


@dataclass(frozen=True)
class ClassifyRequest:
    """What the user asked for: each mapping holds only the settings that were named, the rest take their defaults."""

    model: str = "LSTM"
    model_settings: Mapping[str, Any] = field(default_factory=dict)
    data_settings: Mapping[str, Any] = field(default_factory=dict)
    train_settings: Mapping[str, Any] = field(default_factory=dict)
    save_dir: Path = Path("saved_dict")
    resume: bool = False
    baseline: bool = True

    @property
    def dataset(self) -> str:
        """The data set as the user named it."""
        return str(self.data_settings.get("dataset", DataConfig().dataset))

    @property
    def folder(self) -> Path:
        """Where the run is kept."""
        return self.save_dir / save_name(self.dataset) / find_model(self.model).name

    @property
    def checkpoint(self) -> Path:
        """Where the unfinished run is kept."""
        return self.folder / CHECKPOINT_NAME


def changed_settings(kept: Mapping[str, Any], request: ClassifyRequest) -> list[str]:
    """Where the settings named in a request differ from those kept in a checkpoint or ``config.json``.

    The data set is compared by its content, elsewhere; a run may go on on another device.
    """
    before = {**kept["hyper_parameters"], **kept["data"], **kept["training"]}
    asked = {**request.model_settings, **request.data_settings, **request.train_settings}
    return [
        f"{flag(name)} was {before.get(name)}, now {value}"
        for name, value in asked.items()
        if name not in ("dataset", "device") and before.get(name) != value
    ]
