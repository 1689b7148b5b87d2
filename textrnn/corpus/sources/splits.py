"""Which files of a folder or an archive are the splits of a data set, by their names.

file names -> split and what else is in the name -> the files that belong together
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from textrnn.corpus.sources.content import members
from textrnn.errors import DataError, listed

SPLIT_WORDS = {
    "train": ("train", "training", "trn", "trainset", "训练集", "训练", "训练数据"),
    "dev": ("dev", "valid", "val", "validation", "devset", "验证集", "验证", "开发集", "验证数据"),
    "test": ("test", "tst", "testing", "testset", "测试集", "测试", "测试数据"),
}
DATA_ENDINGS = (
    "", ".txt", ".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".ft", ".xlsx", ".xls", ".ods", ".parquet",
)  # fmt: skip
PACKED_ENDINGS = (".gz", ".bz2", ".xz", ".zip")
CLASS_FILES = ("class.txt", "classes.txt", "labels.txt")
MOST_CLASS_FOLDERS = 10_000


def stem_and_ending(name: str) -> tuple[str, str]:
    """``shop.train.csv.gz`` -> (``shop.train``, ``.csv``)."""
    path = Path(name)
    if path.suffix.lower() in PACKED_ENDINGS:
        path = Path(path.stem)
    known = path.suffix.lower() in DATA_ENDINGS and path.suffix != ""
    return (path.stem, path.suffix.lower()) if known else (path.name, "")


def split_of(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The split that a file's name names, and the other words of it; None if it names none, or several."""
    stem, _ = stem_and_ending(name)
    words = [word for word in re.split(r"[._\-\s]+", stem.casefold()) if word]
    found = [(split, at) for at, word in enumerate(words) for split, known in SPLIT_WORDS.items() if word in known]
    if len(found) != 1:
        return None
    split, at = found[0]
    return split, (*words[:at], *words[at + 1 :])


def data_files(folder: Path) -> list[Path]:
    """The files in a folder that may be data: neither hidden, nor lists of classes, nor of another kind."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file()
        and not path.name.startswith((".", "~"))
        and path.name not in CLASS_FILES
        and not _is_readme(path)
        and stem_and_ending(path.name)[1] in DATA_ENDINGS
        and (stem_and_ending(path.name)[1] or "." not in path.name)
    )


def groups_of_splits(paths: Iterable[Path]) -> dict[tuple[str, ...], dict[str, list[Path]]]:
    """Files by what their names have in common, and by split."""
    groups: dict[tuple[str, ...], dict[str, list[Path]]] = {}
    for path in paths:
        found = split_of(path.name)
        if found is not None:
            groups.setdefault(found[1], {}).setdefault(found[0], []).append(path)
    return groups


def only_files(group: Mapping[str, list[Path]], folder: Path) -> dict[str, Path]:
    """The one file of each split.

    Raises:
        DataError: if a split has several.
    """
    for split, paths in group.items():
        if len(paths) > 1:
            raise DataError(
                f"{folder}: {' and '.join(path.name for path in paths)} could each be the {split} split; "
                "expected one: move the others away"
            )
    return {split: paths[0] for split, paths in group.items()}


def splits_in(folder: Path) -> dict[str, Path]:
    """The splits that the files of a folder are.

    Raises:
        DataError: if more than one set of files could be meant.
    """
    every = groups_of_splits(data_files(folder))
    if () in every:
        return only_files(every[()], folder)
    groups = {words: group for words, group in every.items() if "train" in group}
    if len(groups) > 1:
        names = [paths[0].name for group in groups.values() for paths in [group["train"]]]
        raise DataError(f"{folder}: {len(groups)} training splits ({listed(names)}); expected one: name its file")
    return only_files(next(iter(groups.values())), folder) if groups else {}


def sisters_of(path: Path) -> dict[str, Path]:
    """The dev and test split beside a file whose name says that it is the training split."""
    found = split_of(path.name)
    if found is None or found[0] != "train":
        return {}
    group = groups_of_splits(other for other in data_files(path.parent) if other != path).get(found[1], {})
    alike = {  # of several, those of the same kind of file
        split: [p for p in paths if p.suffix == path.suffix] or paths
        for split, paths in group.items()
        if split != "train"
    }
    return {split: paths[0] for split, paths in alike.items() if len(paths) == 1}


def splits_in_archive(path: Path) -> dict[str, Path]:
    """The splits in an archive of several files; empty for any other file.

    Raises:
        DataError: if none of its files is a training split.
    """
    found = members(path)
    if len(found) < 2:
        return {}
    paths = [content.path for content in found if content.path.name not in CLASS_FILES]
    groups = {words: group for words, group in groups_of_splits(paths).items() if "train" in group}
    if len(groups) == 1:
        files = only_files(next(iter(groups.values())), path)
        classes = [content.path for content in found if content.path.name in CLASS_FILES]
        return files | ({"class_names": classes[0]} if classes else {})
    names = listed(str(member.relative_to(path)) for member in paths)
    raise DataError(
        f"{path}: {len(found)} files in the archive ({names}); expected one, or train, dev and test: unpack it and "
        "name one"
    )


def class_folders(folder: Path) -> list[Path]:
    """The folders of a folder for each class, where that is what it is: nothing but folders with text files in them."""
    folders: list[Path] = []
    files: list[Path] = []
    for path in sorted(folder.iterdir()):
        if not path.name.startswith((".", "__")):
            (folders if path.is_dir() else files).append(path)
    if len(folders) < 2 or len(folders) > MOST_CLASS_FOLDERS or any(path in folders for path in _split_folders(folder)):
        return []
    if any(stem_and_ending(path.name)[1] and path.name not in CLASS_FILES for path in files if not _is_readme(path)):
        return []
    folders = [path for path in folders if any(not entry.name.startswith(".") for entry in path.iterdir())]
    return folders if len(folders) > 1 and all(text_files(path) for path in folders) else []


def text_files(folder: Path) -> list[Path]:
    """The files of a class, each of them one text."""
    return sorted(
        path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".") and path.suffix != ".csv"
    )


def _is_readme(path: Path) -> bool:
    return path.stem.casefold() in ("readme", "license", "licence", "index")


def _split_folders(folder: Path) -> dict[Path, str]:
    found = {}
    for path in sorted(folder.iterdir()):
        split = split_of(path.name) if path.is_dir() else None
        if split is not None and not split[1]:
            found[path] = split[0]
    return found


def splits_in_folders(folder: Path) -> dict[str, Path]:
    """The only data file in each folder that is named as a split: ``train/data.csv``, ``test/data.csv``."""
    found = {split: data_files(path) for path, split in _split_folders(folder).items()}
    only = {split: files[0] for split, files in found.items() if len(files) == 1}
    return only if "train" in only else {}


def only_folder(folder: Path) -> Path | None:
    """The folder in a folder that has nothing else, as an archive that was unpacked into one leaves."""
    inside = [path for path in folder.iterdir() if not path.name.startswith((".", "__")) and not _is_readme(path)]
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else None


def splits_of_class_folders(folder: Path) -> dict[str, Path]:
    """The splits of a data set with a folder for each class: the folder itself, or folders named as splits in it."""
    by_split = {split: path for path, split in _split_folders(folder).items() if class_folders(path)}
    if "train" in by_split:
        return by_split
    return {"train": folder} if class_folders(folder) else {}
