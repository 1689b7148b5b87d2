"""Finds the files of a data set that the user gives as a name, a folder or a file.

A name is looked up in ``data/``, then in each folder of ``$TEXTRNN_DATA``, then downloaded where its files are known.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.corpus.sources.content import STDIN
from textrnn.corpus.sources.kinds import refuse_url
from textrnn.corpus.sources.splits import (
    CLASS_FILES,
    PACKED_ENDINGS,
    data_files,
    only_folder,
    sisters_of,
    splits_in,
    splits_in_archive,
    splits_in_folders,
    splits_of_class_folders,
    stem_and_ending,
)
from textrnn.errors import DataError, did_you_mean, listed, user_path
from textrnn.files import exclusive_use, portable_name

if TYPE_CHECKING:
    from textrnn.corpus.sources.download import Progress

PROJECT_DATA = Path(__file__).resolve().parents[3] / "data"  # in a checkout
INSTALLED_DATA = Path(__file__).resolve().parents[2] / "data"  # in an installed package


@dataclass(frozen=True)
class PublishedDataset:
    """A published data set: where its files are and the git blob id of each."""

    url: str
    blob_ids: dict[str, str]


PUBLISHED_DATASETS = {
    "thucnews": PublishedDataset(
        "https://raw.githubusercontent.com/649453932/Chinese-Text-Classification-Pytorch/master/THUCNews/data",
        {
            "class.txt": "4c20bac1a8a6be2c207f0e97be4c279651d76d21",
            "dev.txt": "cf7f8de6fc3e3c72284ab59e7ed850f49b7185c0",
            "test.txt": "9c216ace7d0cf2c89fec1b4c9d49a92dc1791d0a",
            "train.txt": "ffe8979a12879da0747847aca49e9a6c1d29898f",
        },
    )
}


@dataclass(frozen=True)
class Source:
    """The files of a data set. `dev`, `test` and `class_names` may be missing; they are then made from `train`.

    Attributes:
        beside: dev and test, where only the training file was named
    """

    name: str
    folder: Path
    train: Path
    dev: Path | None = None
    test: Path | None = None
    class_names: Path | None = None
    beside: tuple[Path, ...] = ()


def data_folders() -> list[Path]:
    """Where names are looked up: the working folder's ``data/``, the project's own, then ``$TEXTRNN_DATA``."""
    named = [Path(folder) for folder in os.environ.get("TEXTRNN_DATA", "").split(os.pathsep) if folder]
    folders = [Path("data"), PROJECT_DATA, INSTALLED_DATA, *named]
    return list(dict.fromkeys(folder.resolve() for folder in folders))


def known_names() -> list[str]:
    """The names that ``--dataset`` accepts: downloadable, or in one of the data folders."""
    found = {*PUBLISHED_DATASETS}
    for folder in data_folders():
        if folder.is_dir():
            found.update(child.name for child in folder.iterdir() if child.is_dir() and _has_training_split(child))
    return sorted(found)


def dataset_name(dataset: str) -> str:
    """What the folder of saved models is called: the catalog's name, or the folder's or file's own without ending."""
    path = user_path(dataset, "dataset")
    if dataset == STDIN:
        return "stdin"
    ending = stem_and_ending(path.name)[1] or path.suffix.lower() in PACKED_ENDINGS
    if path.is_file() or (ending and not path.is_dir()):
        return portable_name(stem_and_ending(path.resolve().name)[0] if ending else path.resolve().stem)
    return portable_name(path.resolve().name if _is_path(dataset) or path.is_dir() else dataset.lower())


def _is_path(dataset: str) -> bool:
    """Whether this can only be a path: `reviews` may be a name, `./reviews` is not."""
    return any(separator in dataset for separator in ("/", os.sep)) or dataset in (".", "..", "~")


def _split_files(folder: Path) -> dict[str, Path]:
    """The split files of a folder, ``DIR/train.txt`` and ``DIR/data/train.txt`` both."""
    outer = _files_directly_in(folder)
    if "train" in outer or not (folder / "data").is_dir():
        return outer
    inner = _files_directly_in(folder / "data")
    return outer | inner if "train" in inner else outer


def _files_directly_in(folder: Path) -> dict[str, Path]:
    found = splits_in(folder)
    for name in CLASS_FILES:
        if (folder / name).is_file():
            found.setdefault("class_names", folder / name)
    return found


def _has_training_split(folder: Path) -> bool:
    try:
        return "train" in _split_files(folder)
    except (DataError, OSError):  # not the folder that was asked for
        return False


def _has_data(folder: Path) -> bool:
    """Whether there is anything in a folder that may be data: it is then what is meant, whatever else has its name."""
    try:
        return bool(_has_training_split(folder) or data_files(folder) or splits_of_class_folders(folder))
    except OSError:
        return False


def _source_of_folder(name: str, folder: Path) -> Source:
    """The data set in a folder: split files, a folder for each class, or its only data file.

    Raises:
        DataError: if it is none of these, with what is there.
    """
    files = _split_files(folder)
    if "train" not in files:
        files |= splits_of_class_folders(folder) or splits_in_folders(folder)
    here = data_files(folder)
    deeper = only_folder(folder) if "train" not in files else None
    if deeper is not None:
        return _source_of_folder(name, deeper)
    if "train" not in files and len(here) == 1:
        return _source_of_file(name, here[0])
    if "train" not in files:
        seen = listed([path.name for path in sorted(folder.iterdir()) if not path.name.startswith(".")], most=8)
        missing = f"none of its files ({seen}) is a training split" if seen else "nothing in the folder"
        raise DataError(
            f"{folder}: {missing}; expected a train.txt, .csv, .tsv, .jsonl or the like there or in its data/ folder, "
            "or a folder for each class: name the file that is meant"
        )
    inside = folder if files["train"] == folder else files["train"].parent
    return Source(name, inside, files["train"], files.get("dev"), files.get("test"), files.get("class_names"))


def _source_of_file(name: str, path: Path) -> Source:
    """The data set of a file, with the dev and test split that lie beside a training split, or in its archive."""
    files = splits_in_archive(path)
    beside = {} if files else sisters_of(path)
    files = files or {"train": path, **beside}
    class_file = path.parent / CLASS_FILES[0]
    classes = files.get("class_names") or (class_file if class_file.is_file() and class_file != path else None)
    return Source(
        name, path.parent, files["train"], files.get("dev"), files.get("test"), classes, tuple(beside.values())
    )


def find_dataset(dataset: str, *, on_progress: Progress | None = None, download: bool = True) -> Source:
    """The files of a data set given as a name, a folder or a file.

    Args:
        download: whether what is published, but not here, is fetched.

    Raises:
        DataError: if there is no such data set, or it cannot be downloaded.
    """
    path = user_path(dataset, "dataset")
    name = dataset_name(dataset)
    if dataset == STDIN:
        return Source(name, Path(), Path(STDIN))
    refuse_url(dataset)
    if path.is_file():
        return _source_of_file(name, path)
    if path.is_dir() and (_is_path(dataset) or _has_data(path)):
        return _source_of_folder(name, path)
    for folder in [] if _is_path(dataset) else data_folders():
        candidate = folder / (dataset if (folder / dataset).is_dir() else dataset.lower())
        # Of a published data set, a folder that has only a part is completed rather than used.
        needed = {"train", "dev", "test", "class_names"} if name in PUBLISHED_DATASETS else {"train"}
        if candidate.is_dir() and needed <= set(_split_files(candidate)):
            return _source_of_folder(name, candidate)
    if path.is_dir():
        return _source_of_folder(name, path)
    if _is_path(dataset) or path.suffix:
        here = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise DataError(
            f"{path}: no such file or folder; expected `dataset` to be a name, a folder or a file"
            f"{did_you_mean(path.name, here)}"
        )
    if name in PUBLISHED_DATASETS and download:
        return _source_of_folder(name, _download(name, on_progress))
    names = known_names()
    raise DataError(
        f"`dataset` {dataset}: no such data set; expected one of {listed(names)}, or the path of a folder or file"
        f"{did_you_mean(dataset, names)}"
    )


def _download(name: str, on_progress: Progress | None) -> Path:
    """Fetch what is missing of a published data set into ``data/NAME`` and return that folder."""
    from textrnn.corpus.sources.download import fetch  # the HTTP client costs start-up time

    known = PUBLISHED_DATASETS[name]
    base = os.environ.get("TEXTRNN_MIRROR", "").rstrip("/")
    folder = Path("data") / name
    with exclusive_use(folder, remedy="wait for it to end"):
        for file_name, blob_id in known.blob_ids.items():
            if not (folder / file_name).is_file():
                url = f"{base}/{name}/{file_name}" if base else f"{known.url}/{file_name}"
                fetch(url, folder / file_name, f"git:{blob_id}", on_progress=on_progress)
    return folder
