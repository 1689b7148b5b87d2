"""The checkpoint from which a killed run continues: its name, and the settings of the run in it.

A checkpoint is one safetensors file: tensors of any kind by name, and one JSON document in the header. One file means
that one rename makes it current, so there is no moment at which half of it is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textrnn.errors import ArtifactError
from textrnn.files import load_document

CHECKPOINT_NAME = "checkpoint.safetensors"
CHECKPOINT_VERSION = 3


@dataclass(frozen=True)
class Checkpoint:
    """Where a training is kept while it runs.

    Attributes:
        settings: of the run, kept in the checkpoint
        resume: whether to go on from what is there
    """

    path: Path
    settings: dict[str, Any]
    resume: bool = False


def read_checkpoint_settings(path: Path) -> tuple[dict[str, Any], int]:
    """The settings that the run of a checkpoint was started with, and the steps done.

    Raises:
        ArtifactError: if the checkpoint is damaged or of another format.
    """
    document = load_document(path)
    version, settings, steps = (
        (document.get(key) for key in ("format_version", "settings", "steps"))
        if isinstance(document, dict)
        else (None, None, None)
    )
    if not (isinstance(version, int) and isinstance(settings, dict) and isinstance(steps, int)):
        raise ArtifactError(f"{path}: not a checkpoint; delete it and train from the beginning")
    if version < CHECKPOINT_VERSION:
        raise ArtifactError(
            f"{path}: format version {version}; expected {CHECKPOINT_VERSION}: an older textrnn wrote it, finish the "
            "run with that one, or leave out `resume` to start over"
        )
    if version > CHECKPOINT_VERSION:
        raise ArtifactError(
            f"{path}: format version {version}; expected {CHECKPOINT_VERSION}: a newer textrnn wrote it, upgrade "
            "this one"
        )
    return settings, steps
