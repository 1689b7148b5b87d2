"""Files that are whole or absent, and the checkpoint from which a killed run goes on.

A checkpoint is one safetensors file: tensors of any kind by name, and one JSON document in the header. One file means
that one rename makes it current, so there is no moment at which half of it is new.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn.errors import ArtifactError

if TYPE_CHECKING:
    from torch import Tensor

CHECKPOINT_NAME = "checkpoint.safetensors"
CHECKPOINT_VERSION = 1


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside `path`, flush to the disk, then rename over it: a reader sees the old file or the new one.

    Raises:
        ArtifactError: if the disk is full or the folder cannot be written; what was at `path` before is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise _write_error(path, len(content), error) from error
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _write_error(path: Path, size: int, error: OSError) -> ArtifactError:
    if error.errno == errno.ENOSPC:
        return ArtifactError(
            f"{path}: no space left on the disk for {size / 1e6:.1f} MB; expected room for it: free some space or "
            "choose another disk with --save-dir (what was saved before is untouched)"
        )
    return ArtifactError(
        f"{path}: cannot be written ({error.strerror or error}); expected a folder you may write to: see --save-dir"
    )


def write_text_atomically(path: Path, content: str) -> None:
    """As :func:`write_atomically`, for UTF-8 text."""
    write_atomically(path, content.encode("utf-8"))


def write_json_atomically(path: Path, value: Any) -> None:
    """As :func:`write_atomically`, for a JSON document that people may read: indented, any script kept as it is."""
    write_text_atomically(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def save_tensors(path: Path, tensors: dict[str, Tensor], document: dict[str, Any] | None = None) -> None:
    """Write tensors, and a JSON document in the header, as one safetensors file, atomically."""
    from safetensors.torch import save

    metadata = None if document is None else {"document": json.dumps(document, ensure_ascii=False)}
    content = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, metadata)
    write_atomically(path, content)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`save_tensors` wrote: the tensors and the document (empty where none was given).

    Raises:
        ArtifactError: if the file is missing or is no whole safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        content = path.read_bytes()
        tensors = load(content)
        (header_size,) = struct.unpack("<Q", content[:8])
        metadata = json.loads(content[8 : 8 + header_size]).get("__metadata__", {})
        return tensors, json.loads(metadata.get("document", "{}"))
    except FileNotFoundError as error:
        raise ArtifactError(f"{path}: no such file; expected a model or checkpoint saved by textrnn") from error
    except (OSError, SafetensorError, ValueError, struct.error) as error:
        raise ArtifactError(
            f"{path}: not a whole safetensors file ({error}); delete it and train again, or copy it once more"
        ) from error


@contextlib.contextmanager
def exclusive_use(folder: Path) -> Iterator[None]:
    """Hold `folder` for one run, so that two runs never write the same files.

    The lock goes with the process, however it ends. Where the platform has no file locks, nothing is held.

    Raises:
        ArtifactError: if another run holds the folder or it cannot be made.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    path = folder / ".lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(path, "w")  # noqa: SIM115 - it is closed below, after the lock was tried
    except OSError as error:
        raise _write_error(path, 0, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ArtifactError(
                f"{folder}: another run is writing here; wait for it or give this one its own --save-dir"
            ) from error
        yield
