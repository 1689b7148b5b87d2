"""The file behind ``--embedding``."""

from __future__ import annotations

from pathlib import Path

from textrnn.corpus.embeddings.formats import TextLayout, recognise
from textrnn.errors import DataError, did_you_mean, listed, user_path

ENDINGS = (".npz", ".vec", ".vec.gz", ".vec.bz2", ".vec.xz", ".vec.zip")  # vectors, even where they are damaged
MOST_LOOKED_INTO = 200  # files of a folder


def find_embedding(embedding: str, dataset_folder: Path | None) -> Path | None:
    """The file behind ``--embedding random | pretrained | PATH``; None for random.

    Raises:
        DataError: if there is no such file, or several could be meant.
    """
    if embedding == "random":
        return None
    if embedding != "pretrained":
        path = user_path(embedding, "embedding")
        if not path.is_file():
            raise _missing(embedding, path)
        return path
    if dataset_folder is None:
        raise DataError("`embedding=pretrained`: texts in memory have no file beside them; expected `embedding=PATH`")
    candidates = vector_files(dataset_folder)
    if not candidates:
        raise DataError(
            f"`embedding=pretrained`: no vectors among the files in {dataset_folder} ({_seen(dataset_folder)}); "
            "expected word2vec, GloVe or fastText vectors or an .npz beside the data: put a file there, name one with "
            "`embedding=PATH`, or use `embedding=random`"
        )
    if len(candidates) > 1:
        raise DataError(
            f"`embedding=pretrained`: {listed(path.name for path in candidates)} are all in {dataset_folder}; "
            "expected one: choose it with `embedding=PATH`"
        )
    return candidates[0]


def _missing(embedding: str, path: Path) -> DataError:
    if path.is_dir():
        there = vector_files(path)
        names = f"{listed(str(file) for file in there)}" if there else "none of its files holds vectors"
        return DataError(f"`embedding` {embedding}: a folder; expected a file of vectors ({names})")
    folder = path.parent
    if not folder.is_dir():
        return DataError(f"`embedding` {embedding}: no folder {folder}; expected the path of a file of vectors")
    there = vector_files(folder)
    beside = f" (vectors in {folder}: {listed(file.name for file in there)})" if there else ""
    known = {str(folder / file.name) if folder != Path() else file.name for file in there}
    return DataError(
        f"`embedding` {embedding}: no such file; expected random, pretrained, or the path of a file of vectors{beside}"
        f"{did_you_mean(embedding, {*known, 'random', 'pretrained'})}"
    )


def vector_files(folder: Path) -> list[Path]:
    """The files in a folder that hold vectors, in the order of their names: told by what is in them."""
    files = _files(folder)
    looked_into = {path for path in files[:MOST_LOOKED_INTO] if _holds_vectors(path)}
    return [path for path in files if path in looked_into or path.name.lower().endswith(ENDINGS)]


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); expected a readable folder") from error


def _holds_vectors(path: Path) -> bool:
    try:
        layout = recognise(path)
    except DataError:
        return False
    # Rows of whole numbers without a header may be anybody's data.
    return not isinstance(layout, TextLayout) or layout.rows is not None or layout.has_fractions


def _seen(folder: Path) -> str:
    """The names of the files in a folder, those that were meant for vectors with what they are."""
    named = []
    for path in _files(folder)[:MOST_LOOKED_INTO]:
        try:
            recognise(path)
            reason = ""
        except DataError as error:
            kinds = {"sparse vectors": "sparse vectors", "fastText's own": "fastText model"}
            reason = next((f" ({kind})" for words, kind in kinds.items() if words in str(error)), "")
        named.append(path.name + reason)
    return listed(named, widest=60) if named else "there are none"
