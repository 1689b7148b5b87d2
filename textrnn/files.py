"""Files that are written whole or not at all, and folders that one run at a time writes to."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn.errors import ArtifactError, one_line

if TYPE_CHECKING:
    from torch import Tensor


def write_together(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files that belong together: first all under temporary names, flushed to the disk, then the renames.

    A full disk shows before the first rename, so a reader sees the old files or the new ones. The last file is removed
    first and renamed last: a folder without it was interrupted between two renames.

    Raises:
        ArtifactError: if the disk is full or the folder cannot be written; what was there before is untouched.
    """
    temporary = {name: folder / f".{name}.{os.getpid()}.tmp" for name in files}
    name = ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            with open(temporary[name], "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for name in files:
            if (folder / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, "a folder stands in its place")
        if len(files) > 1:
            (folder / name).unlink(missing_ok=True)
        for name, path in temporary.items():
            os.replace(path, folder / name)
    except BaseException as error:
        for path in temporary.values():
            with contextlib.suppress(OSError):
                path.unlink()
        if isinstance(error, OSError):
            raise _write_error(folder / name, sum(map(len, files.values())), error) from error
        raise


def write_atomically(path: Path, content: bytes) -> None:
    """One file, whole or not at all; see :func:`write_together`."""
    write_together(path.parent, {path.name: content})


def _write_error(path: Path, size: int, error: OSError) -> ArtifactError:
    if error.errno == errno.ENOSPC:
        return ArtifactError(
            f"{path}: no space left on the disk for {size / 1e6:.1f} MB; expected room for it: free some space or "
            "choose another disk with `save_dir` (what was saved before is untouched)"
        )
    return ArtifactError(
        f"{path}: cannot be written ({error.strerror or error}); expected a folder you may write to: see `save_dir`"
    )


def json_bytes(value: Any) -> bytes:
    """A JSON document for people to read: indented, without escapes for other scripts.

    A number that is not finite becomes null: JSON has none, and other readers than Python's refuse ``NaN``.
    """
    return (json.dumps(_finite(value), ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode("utf-8")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def tensor_bytes(tensors: Mapping[str, Tensor], document: dict[str, Any] | None = None) -> bytes:
    """Tensors, and a JSON document in the header, as a safetensors file."""
    from safetensors.torch import save

    metadata = None if document is None else {"document": json.dumps(document, ensure_ascii=False)}
    return save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, metadata)


def save_tensors(path: Path, tensors: Mapping[str, Tensor], document: dict[str, Any] | None = None) -> None:
    """Write :func:`tensor_bytes` atomically."""
    write_atomically(path, tensor_bytes(tensors, document))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`save_tensors` wrote: the tensors and the document (empty where none was given).

    Raises:
        ArtifactError: if the file is missing or is no whole safetensors file.
    """
    from safetensors.torch import load

    with _explain_damage(path):
        tensors = load(path.read_bytes())  # not memory-mapped: a file in use could not be replaced
    return tensors, load_document(path)


def load_document(path: Path) -> dict[str, Any]:
    """The document of :func:`save_tensors` alone, read from the header without the tensors.

    Raises:
        ArtifactError: if the file is missing or is no whole safetensors file.
    """
    from safetensors import safe_open

    with _explain_damage(path), safe_open(path, framework="numpy") as file:
        document: dict[str, Any] = json.loads((file.metadata() or {}).get("document", "{}"))
    return document


@contextlib.contextmanager
def _explain_damage(path: Path) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except FileNotFoundError as error:
        raise ArtifactError(f"{path}: no such file; expected a model or checkpoint saved by textrnn") from error
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        raise ArtifactError(
            f"{path}: not a whole safetensors file ({one_line(error)}); delete it and train again, or copy it once more"
        ) from error


@contextlib.contextmanager
def exclusive_use(folder: Path, *, remedy: str = "wait for it or give this one its own `save_dir`") -> Iterator[None]:
    """Hold `folder` for one run, so that two runs never write the same files.

    The lock ends with the process, however that ends.

    Raises:
        ArtifactError: if another run holds the folder or it cannot be made.
    """
    from filelock import FileLock, Timeout

    path = folder / ".lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = FileLock(path).acquire(blocking=False)
    except Timeout as error:
        raise ArtifactError(f"{folder}: another run is writing here; {remedy}") from error
    except OSError as error:
        raise _write_error(path, 0, error) from error
    with contextlib.ExitStack() as at_the_end:  # also removes the folder, if nothing was written
        at_the_end.callback(_remove_if_empty, folder, folder.parent)
        at_the_end.enter_context(held)
        at_the_end.callback(_remove_if_alone, path)
        for left_over in folder.glob(".*.tmp"):  # of a run that was killed while it wrote
            left_over.unlink()
        yield


def _remove_if_alone(path: Path) -> None:
    """Remove a lock file that is alone in its folder, while it is held, so that no other run can hold it."""
    with contextlib.suppress(OSError):  # on Windows, where filelock does it on release
        if all(child == path for child in path.parent.iterdir()):
            path.unlink()


def _remove_if_empty(*folders: Path) -> None:
    with contextlib.suppress(OSError):
        for folder in folders:
            folder.rmdir()
