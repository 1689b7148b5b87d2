"""Which folder a run has: two data sets of the same name never overwrite each other or answer for each other.

``save_dir/<name of the data>/<model>`` as long as nothing of other data is there, else the same with a piece of the
hash of the place behind the name: always the same for the same data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textrnn.config import DataIdentity, Run
from textrnn.corpus.sources.content import STDIN
from textrnn.corpus.sources.identity import identify_dataset, identity_of
from textrnn.corpus.texts import find_local, several
from textrnn.errors import ArtifactError, ConfigError, DataError, Note, listed
from textrnn.saved.folder import CONFIG_FILE, IDENTITY, SavedModel, is_saved, read_json, saved_models
from textrnn.tasks.settings import combine
from textrnn.training.checkpoint import CHECKPOINT_NAME, read_checkpoint_settings
from textrnn.training.events import Listener

HEX_DIGITS = (6, 12, 64)  # of the place, behind the name: more where other data has taken that folder, too


@dataclass(frozen=True)
class Owner:
    """Whose a model folder is.

    Attributes:
        identity: of the data; None of earlier versions, or if it cannot be read
        learnt: the data, as it was named
    """

    folder: Path
    task: str | None = None
    identity: DataIdentity | None = None
    learnt: str = ""


def setting_of_data(task: str) -> str:
    """The setting that names the data."""
    return "corpus" if task == "lm" else "dataset"


def as_named(data: str | Path | Sequence[str | Path]) -> str:
    """The data in a message, as it was typed."""
    return " ".join(several(data))


def identify(run: Run) -> DataIdentity:
    """Which data the run is about, as far as that can be told here; nothing is downloaded."""
    data = combine(run).data
    return identify_corpus(data.corpus) if run.task == "lm" else identify_dataset(data.dataset)


def identify_corpus(corpus: Sequence[str]) -> DataIdentity:
    """The same of the text of a language model."""
    try:
        source = find_local(corpus)
    except DataError:  # it is not what it should be, which is for those to say who read it
        source = None
    if source is None:
        return identity_of(corpus, "corpus", [], None, None)
    try:  # a pipe can be read only once
        digest = source.digest() if all(_can_be_read_again(path) for path in source.paths) else None
    except DataError:
        digest = None
    return identity_of(corpus, "corpus", source.paths, source.name if source.by_name else None, digest)


def _can_be_read_again(path: Path) -> bool:
    return str(path) == STDIN or path.is_file() or path.is_dir()


def placed(run: Run) -> Run:
    """The run with the folder that is its data's own, and with the data's identity."""
    return run if run.data_identity is not None else placed_together([run])[0]


def placed_together(runs: Sequence[Run]) -> list[Run]:
    """The same for runs on the same data; several have their folders side by side."""
    first, identity = runs[0], identify(runs[0])
    if first.folder is None:
        return [replace(run, data_identity=identity) for run in runs]
    usual, own = first.folder.parent, None
    if len(runs) == 1:  # what has its data there stays there, whatever is beside it
        of_model = [folder / first.folder.name for folder in _candidates(usual, identity)]
        own = next((folder.parent for folder in of_model if _is_own(_owners_in(folder), identity)), None)
    own = own or _own_data_folder(usual, first.task, identity)
    folders = [own / run.folder.name for run in runs if run.folder is not None]
    return [replace(run, folder=folder, data_identity=identity) for run, folder in zip(runs, folders, strict=True)]


def announce_folder(run: Run, listener: Listener) -> None:
    """Tell where the usual folder is of other data, so that the run has another.

    Args:
        run: placed.
    """
    if run.folder is None or not run.folder.parent.name or run.data_identity is None or run.data_identity.place is None:
        return
    folder, place = run.folder.parent, run.data_identity.place
    for digits in HEX_DIGITS:
        usual = folder.with_name(folder.name.removesuffix(f"-{place[:digits]}") or folder.name)
        others = _of_other_data(_owners(usual, run.task), run.data_identity)
        if usual != folder and others:
            learnt = listed(dict.fromkeys(owner.learnt for owner in others), most=3, widest=80)
            listener.on_note(Note("kept_apart", taken=usual, learnt=learnt, folder=folder))


def with_content(run: Run) -> Run:
    """The run, once its data was found: only now is that known which had to be downloaded first."""
    known = run.data_identity
    return run if known is not None and known.digest is not None else replace(run, data_identity=identify(run))


def _candidates(usual: Path, identity: DataIdentity) -> list[Path]:
    """The folders that data may have, in the order in which they are tried."""
    if not usual.name or identity.place is None:
        return [usual]
    return [usual, *(usual.with_name(f"{usual.name}-{identity.place[:digits]}") for digits in HEX_DIGITS)]


def _own_data_folder(usual: Path, task: str, identity: DataIdentity) -> Path:
    """The first folder that holds models of this data, else the first that holds none of other data."""
    free = None
    for folder in _candidates(usual, identity):
        owners = _owners(folder, task)
        if not _of_other_data(owners, identity):
            if any(_is_own([owner], identity) and owner.identity is not None for owner in owners):
                return folder
            free = free or folder
    return free or usual


def _owners(data_folder: Path, task: str) -> list[Owner]:
    """Whose the models and unfinished runs of a task in a folder are."""
    files = [path for name in (CONFIG_FILE, CHECKPOINT_NAME) for path in data_folder.glob(f"*/{name}")]
    owners = [owner for folder in sorted({path.parent for path in files}) for owner in _owners_in(folder)]
    return [owner for owner in owners if owner.task == task]


def _owners_in(folder: Path) -> list[Owner]:
    """Whose the model and the unfinished run in a model folder are; none where neither is."""
    return [_owner(folder, kept) for kept in _kept_in(folder)]


def _kept_in(folder: Path) -> Iterator[Any]:
    if is_saved(folder):
        try:
            yield read_json(folder / CONFIG_FILE)
        except ArtifactError:
            yield None
    if (folder / CHECKPOINT_NAME).is_file():
        try:
            yield read_checkpoint_settings(folder / CHECKPOINT_NAME)[0]
        except ArtifactError:
            yield None


def _owner(folder: Path, kept: Any) -> Owner:
    if not isinstance(kept, dict):
        return Owner(folder)
    task, data = str(kept.get("task")), kept.get("data")
    learnt = data.get(setting_of_data(task), "") if isinstance(data, dict) else ""
    return Owner(folder, task, DataIdentity.from_kept(kept.get(IDENTITY)), as_named(learnt))


def _is_own(owners: Sequence[Owner], identity: DataIdentity) -> bool:
    """Whether something is there, and all of it of this data, or of some earlier version that did not say."""
    return bool(owners) and not _of_other_data(owners, identity)


def _of_other_data(owners: Sequence[Owner], identity: DataIdentity) -> list[Owner]:
    return [owner for owner in owners if owner.identity is not None and not identity.is_the_data_of(owner.identity)]


def find_saved(run: Run, save_dir: Path, listener: Listener, *, model_named: bool) -> Path | None:
    """The folder of the saved model that answers; None where one is to be trained first.

    That is the run's own, or `save_dir` itself if that is a model folder, or the only one of this data where no model
    was named.

    Args:
        run: placed.

    Raises:
        ConfigError: if several models of this data could answer.
    """
    own = next((folder for folder in (run.folder, save_dir) if folder is not None and is_saved(folder)), None)
    if own is not None or run.folder is None or model_named:
        return own
    assert run.data_identity is not None
    folders = {path.parent for path in run.folder.parent.glob(f"*/{CONFIG_FILE}")}
    of_data = {
        folder: owners[0]
        for folder in sorted(folders)
        if (owners := _owners_in(folder)) and owners[0].task == run.task and _is_own(owners, run.data_identity)
    }
    models = [str(read_json(folder / CONFIG_FILE).get("model")) for folder in of_data]
    if len(of_data) > 1:
        named = as_named(combine(run).data.to_dict()[setting_of_data(run.task)])
        raise ConfigError(
            f"`predict`: no {run.model_name} of {named} is saved, but {listed(models)}; expected one of them: name it "
            f"with `model` (`model={run.model_name}` trains that one first)"
        )
    for folder, model in zip(of_data, models, strict=True):
        listener.on_note(Note("other_model", wanted=run.model_name, model=model, folder=folder))
        return folder
    return None


def refuse_mistyped_model(run: Run, save_dir: Path, *, model_named: bool, usual: Path) -> None:
    """A model that is missing where one was named is a mistake, not a training to be done first.

    That is so with a `save_dir` that holds no model at all, or none of this data where no data was named, and with a
    `model` that is saved, but for other data only. An unfinished run in the folder is no mistake.

    Args:
        model_named: whether the user said which model.
        usual: the folder of saved models where none is named.

    Raises:
        ConfigError: that lists the models that there are.
    """
    if run.folder is None or (run.folder / CHECKPOINT_NAME).is_file():
        return
    here, data_named = saved_models(save_dir, run.task), setting_of_data(run.task) in run.named
    known = here or ([] if save_dir == usual else saved_models(usual, run.task))
    if save_dir != usual and not here:
        missing = "no model in it" if save_dir.is_dir() else "no such folder"
        raise ConfigError(f"`save_dir` {save_dir}: {missing}; {_models_that_there_are(known)}")
    of_model = [model for _, model, _ in here if model == run.model_name]
    if not data_named and here and ((model_named and of_model) or save_dir != usual):
        raise ConfigError(
            f"{run.folder}: no {run.model_name} of {run.folder.parent.name} there; {_models_that_there_are(known)}"
        )


def _models_that_there_are(known: Sequence[tuple[Path, str, str]]) -> str:
    if not known:
        return "expected a folder that holds a model; none is saved yet: leave `predict` out to train one"
    shown = [f"{folder} ({model} of {learnt})" for folder, model, learnt in known]
    return f"expected one of the models that there are, each named with `save_dir`: {listed(shown, most=8, widest=120)}"


def compare_data(run: Run, kept: DataIdentity, learnt: str, folder: Path, listener: Listener) -> None:
    """Tell where the data that was named is not as it was when a saved model learnt it.

    Args:
        kept: which data the model has learnt.
        learnt: how that was named.
        folder: of the model.

    Raises:
        ArtifactError: if the data is another.
    """
    setting = setting_of_data(run.task)
    if setting not in run.named:
        return
    named, asked = as_named(run.named[setting]), run.data_identity or identify(run)
    if not asked.is_the_data_of(kept):
        another = "another " if named == learnt else ""
        raise ArtifactError(
            f"{folder}: a model of {another}{learnt}; expected one of {named}: leave out `{setting}` to ask this one, "
            "or name the folder of another with `save_dir`"
        )
    if asked.digest is None and asked.name is None:
        listener.on_note(Note("data_gone", named=named))
    if asked.has_changed_since(kept):
        listener.on_note(Note("data_edited", named=named))


def is_as_learnt(model: SavedModel, here: DataIdentity) -> bool:
    """Whether the data of a saved model is still what it was; False where it was edited.

    Raises:
        DataError: if it is not here, or nobody knows whether it is.
    """
    kept = model.data_identity
    if kept is None:
        raise DataError("it is not known where the data is from")
    if here.digest is None or not here.is_the_data_of(kept):
        raise DataError("the data is not here any more")
    return not here.has_changed_since(kept)


def refuse_edited(model: SavedModel, here: DataIdentity) -> None:
    """The data of a saved model must be what it was.

    Raises:
        DataError: if it is not, or not here.
    """
    if not is_as_learnt(model, here):
        raise DataError("the data has changed since the model learnt it")
