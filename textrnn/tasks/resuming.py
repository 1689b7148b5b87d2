"""Going on with a run that was stopped: what every task has to ask and to refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textrnn.corpus.texts import file_digest
from textrnn.errors import ArtifactError, ConfigError, one_line
from textrnn.saved.folder import CONFIG_FILE, is_saved, read_json
from textrnn.tasks.request import Request, changed_settings
from textrnn.training.checkpoint import read_checkpoint_settings
from textrnn.training.events import Listener

Say = Callable[[str], None]
ShouldStop = Callable[[], bool]


class StopWhen(Listener):
    """Ends a training when it is asked to."""

    def __init__(self, asked: ShouldStop):
        self.asked = asked

    def should_stop(self) -> bool:
        return self.asked()


def is_finished(request: Request, say: Say, *, text: Path | None = None) -> bool:
    """Whether ``--resume`` finds a finished run of these settings, and says so.

    Args:
        text: the file at hand, where the run is known by the digest of one.

    Raises:
        ConfigError: if the finished run had other settings, or another text of the same name.
    """
    folder = request.folder
    if not (request.resume and is_saved(folder) and not request.checkpoint.is_file()):
        return False
    with naming_unreadable_settings(folder / CONFIG_FILE):
        kept = read_json(folder / CONFIG_FILE)
        refuse_changes(kept, request, folder)
        if text is not None and kept.get("digest") != file_digest(text):
            refuse_other_data(request, folder)
    say(f"the run in {folder} is finished: nothing to resume")
    return True


def settings_to_resume(request: Request, say: Say) -> dict[str, Any] | None:
    """The settings of the run to go on with, or None where a new one begins; says which.

    Raises:
        ConfigError: if a setting was named that differs from the run's.
        ArtifactError: if the checkpoint cannot be read.
    """
    checkpoint = request.checkpoint
    if not checkpoint.is_file():
        if request.resume:
            say(f"nothing to resume: no checkpoint in {checkpoint.parent}; starting from the beginning")
        return None
    if not request.resume:
        say(f"note: an unfinished run in {checkpoint.parent} is started over; --resume would have gone on with it")
        return None
    with naming_unreadable_settings(checkpoint):
        kept, steps = read_checkpoint_settings(checkpoint)
        refuse_changes(kept, request, checkpoint)
        say(f"going on after step {steps:,} with the settings of {checkpoint}")
        if "device" in request.train_settings:
            kept = {**kept, "training": {**kept["training"], "device": request.train_settings["device"]}}
    return kept


@contextmanager
def naming_unreadable_settings(path: Path) -> Iterator[None]:
    """Says which file it is whose settings are not of the expected form."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"{path}: its settings cannot be read ({one_line(error)}); delete it and train from the beginning"
        ) from error


def refuse_changes(kept: Mapping[str, Any], request: Request, place: Path) -> None:
    """What was asked for beside ``--resume`` must be what the run was started with (the data is compared later)."""
    different = changed_settings(kept, request)
    if different:
        raise ConfigError(
            f"--resume: {'; '.join(different)}; expected the settings of {place}: leave the flags out, "
            "or leave out --resume to start over"
        )


def refuse_other_data(request: Request, place: Path | None = None) -> None:
    """Raises the error for a run that would go on with data that is not its own."""
    raise ConfigError(
        f"--resume: the data is not what the run was started with; expected that of {place or request.checkpoint}: "
        "bring it back, or leave out --resume to start over"
    )


def can_go_on(request: Request) -> bool:
    """Whether an unfinished run with the same settings waits in the request's folder."""
    checkpoint = request.checkpoint
    if not checkpoint.is_file():
        return False
    try:
        return not changed_settings(read_checkpoint_settings(checkpoint)[0], request)
    except (ArtifactError, KeyError, TypeError, AttributeError):
        return False


def model_folder(request: Request) -> Path | None:
    """Where the saved model is: the folder of the run, or ``--save-dir`` itself if that is a model folder."""
    return next((folder for folder in (request.folder, request.save_dir) if is_saved(folder)), None)
