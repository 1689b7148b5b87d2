"""What every task does alike: whose folder it is, whether a run goes on, what is built and what is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch

from textrnn.config import TASK_CONFIGS, DataIdentity, Run, RunSettings
from textrnn.errors import ArtifactError, ConfigError, Note, one_line
from textrnn.files import exclusive_use, remove_file
from textrnn.models.registry import AUTO, SOLVED, find_model
from textrnn.randomness import seeded
from textrnn.report.inside.page import INSIDE_FILE
from textrnn.report.repeat import RUN_FILE, run_file
from textrnn.saved.folder import CONFIG_FILE, IDENTITY, SavedModel, described, is_saved, kept_identity, read_json
from textrnn.tasks.settings import saved_settings
from textrnn.training.checkpoint import CHECKPOINT_NAME, Checkpoint, read_checkpoint_settings
from textrnn.training.events import Listener
from textrnn.training.threads import thread_count

NAMED = "named"  # in the checkpoint, the settings that were named
CARRIED_ON = ("began_from", "pretrained", "tokens")  # in the checkpoint, what the part of a run before it has found out
Kept = Mapping[str, Any]  # the settings of a run as a checkpoint or config.json keeps them, and the digest of its data


def held(run: Run) -> AbstractContextManager[None]:
    """The folder of a run, for this run alone; nothing where nothing is kept."""
    return nullcontext() if run.folder is None else exclusive_use(run.folder)


def is_finished(run: Run, listener: Listener) -> bool:
    """Whether a run that is to go on is finished already, with these settings; says so.

    Raises:
        ConfigError: if the finished run had other settings, or other data of the same name.
    """
    folder = run.folder
    if not run.resume or folder is None or not is_saved(folder) or (folder / CHECKPOINT_NAME).is_file():
        return False
    with explain_unreadable_settings(folder / CONFIG_FILE):
        kept = read_json(folder / CONFIG_FILE)
        refuse_changes(run, kept, folder)
        identity = DataIdentity.from_kept(kept.get(IDENTITY)) or DataIdentity(digest=kept.get("digest"))
        if run.data_identity is not None and run.data_identity.has_changed_since(identity):
            refuse_other_data(folder)
    listener.on_note(Note("finished", folder=folder))
    return True


def kept_settings(run: Run, listener: Listener) -> Kept | None:
    """What the run that goes on has kept, or None where a new one begins; says which.

    Raises:
        ConfigError: if a setting was named that differs from the run's.
        ArtifactError: if the checkpoint cannot be read.
    """
    if run.folder is None:
        return None
    checkpoint = run.folder / CHECKPOINT_NAME
    if not checkpoint.is_file():
        if run.resume:
            listener.on_note(Note("nothing_to_resume", file="checkpoint", folder=run.folder))
        return None
    if not run.resume:
        listener.on_note(Note("started_over", what=f"an unfinished run in {run.folder}"))
        return None
    with explain_unreadable_settings(checkpoint):
        kept, steps = read_checkpoint_settings(checkpoint)
        refuse_changes(run, kept, checkpoint)
    listener.on_note(Note("going_on", steps=steps, checkpoint=checkpoint))
    return kept


@contextmanager
def explain_unreadable_settings(path: Path) -> Iterator[None]:
    """Says which file it is whose settings are not of the expected form.

    Raises:
        ArtifactError: in the place of what Python raised.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"{path}: its settings cannot be read ({one_line(error)}); delete it and train from the beginning"
        ) from error


def refuse_changes(run: Run, kept: Kept, place: Path) -> None:
    """What was named beside ``resume`` must be what the run was started with (the data is compared later)."""
    settings, named = saved_settings(run.task, kept), run.named
    if run.model_name == AUTO and settings.model_name == SOLVED:  # what only the network reads is not kept
        group, unread = TASK_CONFIGS[run.task], find_model(SOLVED).unread
        read = {field.name for part in (group.data, group.training) for field in dataclasses.fields(part)}
        named = {name: value for name, value in named.items() if name in read.difference(unread)}
    different = settings.changes(named)
    if different:
        raise ConfigError(
            f"`resume`: {'; '.join(different)}; expected the settings of {place}: leave the flags out, "
            "or leave out `resume` to start over"
        )


def refuse_other_data(place: Path | None) -> None:
    """Raises the error for a run that would go on with data that is not its own."""
    raise ConfigError(
        f"`resume`: the data is not what the run was started with; expected that of {place}: "
        "bring it back, or leave out `resume` to start over"
    )


def can_go_on(run: Run) -> bool:
    """Whether an unfinished run with the same settings waits in the run's folder."""
    if run.folder is None or not (run.folder / CHECKPOINT_NAME).is_file():
        return False
    try:
        kept, _ = read_checkpoint_settings(run.folder / CHECKPOINT_NAME)
        return not saved_settings(run.task, kept).changes(run.named)
    except (ArtifactError, ConfigError, KeyError, TypeError, AttributeError):
        return False


def checkpoint_of(
    run: Run,
    settings: RunSettings[Any, Any, Any],
    digest: str,
    kept: Kept | None,
    beside: Mapping[str, Any] | None = None,
) -> Checkpoint | None:
    """Where the unfinished run is kept, and with what; None where nothing is.

    Args:
        kept: what the run that goes on has kept; None where a new one begins.
        beside: what a new one keeps besides, by names of CARRIED_ON.

    Raises:
        ConfigError: if a run would go on with data that is not its own.
    """
    if run.folder is None:
        return None
    path = run.folder / CHECKPOINT_NAME
    if kept is not None and kept.get("digest") != digest:
        refuse_other_data(path)
    known = {**settings.to_kept(), **kept_identity(run.data_identity), "digest": digest, NAMED: as_kept(run.named)}
    before = {name: kept[name] for name in CARRIED_ON if name in kept} if kept is not None else dict(beside or {})
    return Checkpoint(path, {**known, **before}, resume=kept is not None)


def announce_replacement(folder: Path | None, listener: Listener) -> None:
    """Tell, before anything is learnt, which model will make room for the new one."""
    if folder is not None and is_saved(folder):
        listener.on_note(Note("to_be_replaced", folder=folder, what=described(folder)))


def build_network(settings: RunSettings[Any, Any, Any], **sizes: int) -> Any:
    """A new network with seeded weights, on the CPU.

    Args:
        sizes: found in the data, see :meth:`ModelEntry.build`.

    Raises:
        ConfigError: for sizes that do not fit the memory.
    """
    with (
        explain_impossible_network(settings),
        seeded(settings.training.seed, torch.device("cpu")),
        thread_count(1),  # orthogonal weights depend on the number of threads
    ):
        return find_model(settings.model_name, settings.task).build(settings.model_config, **sizes)


@contextmanager
def explain_impossible_network(settings: RunSettings[Any, Any, Any]) -> Iterator[None]:
    """Turns what goes wrong when a network is made into one error that says what to make smaller.

    Raises:
        ConfigError: in the place of what torch or Python raised.
    """
    try:
        yield
    except (RuntimeError, TypeError, MemoryError, OverflowError) as error:
        every = ("hidden_size", "embedding_size", "num_layers", "num_filters", "ngram_size", "ngram_rows")
        sizes = [name for name in every if hasattr(settings.model_config, name)]
        named = ", ".join(f"`{name}`" for name in sizes)
        raise ConfigError(
            f"{settings.model_name}: cannot be built ({one_line(error)}); expected sizes that fit the memory: see "
            + " and ".join(named.rsplit(", ", 1))
        ) from error


def as_kept(named: Mapping[str, Any]) -> dict[str, Any]:
    """What was named, for a JSON document."""
    plain = (bool, int, float, str, type(None))
    return {
        name: list(map(str, v)) if isinstance(v, list | tuple) else v if isinstance(v, plain) else str(v)
        for name, v in named.items()
    }


def as_begun(run: Run, kept: Kept | None) -> Run:
    """The run with all that was named when it began: whoever goes on need not name it again.

    Args:
        kept: what the run that goes on has kept; earlier versions did not keep what was named.
    """
    if kept is None:
        return run
    before = kept.get(NAMED) or saved_settings(run.task, kept).to_flat()
    return dataclasses.replace(run, named={**before, **run.named})


def keep(
    run: Run,
    model: SavedModel,
    files: Mapping[str, bytes],
    notes: Sequence[Note],
    listener: Listener,
    *,
    beside: Mapping[str, Any] | None = None,
) -> None:
    """Write the model with its report into the run's folder; the unfinished run is then gone.

    Args:
        notes: on the report, told first.
        beside: flags that repeat the run and are no settings.

    Raises:
        ArtifactError: if the folder cannot be written; a model that was there stays as it was.
    """
    model.data_identity = run.data_identity
    for note in notes:
        listener.on_note(note)
    if run.folder is not None:
        files = {**files, RUN_FILE: run_file(model.settings, run.named, run.folder, beside)}
        model.save(run.folder, files)
        remove_file(run.folder / CHECKPOINT_NAME)
        if INSIDE_FILE not in files:  # of a model that stood there before
            remove_file(run.folder / INSIDE_FILE)
    listener.on_report(files)
