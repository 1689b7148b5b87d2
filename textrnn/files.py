"""Files that are written whole or not at all under names that every system takes, and folders for one run at a time."""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import json
import math
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn.errors import ArtifactError, one_line

if TYPE_CHECKING:
    from torch import Tensor

# Windows refuses these characters in a name, a dot or a space at its end, and devices, whatever ending they have.
_NOT_IN_A_NAME = re.compile(r'[<>:"/\\|?*\x00-\x1f]|[. ]\Z')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|\Z)", re.IGNORECASE)
LONGEST_PATH = 259  # characters, on Windows as it comes
WAITS = (0.01, 0.03, 0.1, 0.3, 0.5, 1.0)  # seconds between attempts on a file that another program has open


def portable_name(name: str) -> str:
    """A name for a file or folder that every system takes: what one of them refuses is written ``%3A`` for ``:``.

    A name that is legal everywhere stays as it is.
    """
    name = _NOT_IN_A_NAME.sub(lambda found: f"%{ord(found[0]):02X}", name)
    return f"%{ord(name[0]):02X}{name[1:]}" if _DEVICE.match(name) else name


def _patiently(action: Callable[[], object]) -> None:
    """On Windows, nobody replaces or removes a file that is open elsewhere; virus scanners soon let go of it."""
    for wait in WAITS:
        with contextlib.suppress(PermissionError):
            action()
            return
        time.sleep(wait)
    action()


def is_same(path: Path, other: Path) -> bool:
    """Whether two paths name one file, which need not be there yet."""
    with contextlib.suppress(OSError):
        if path.exists() and other.exists():
            return path.samefile(other)
    return path.absolute() == other.absolute()


def replace_file(new: Path, old: Path) -> None:
    """Rename `new` to `old`, which it replaces; for two seconds, until no other program has either open."""
    _patiently(lambda: os.replace(new, old))


def remove_file(path: Path) -> None:
    """Remove a file if it is there; for two seconds, until no other program has it open."""
    _patiently(lambda: path.unlink(missing_ok=True))


def write_together(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files that belong together: first all under temporary names, flushed to the disk, then the renames.

    A full disk shows before the first rename, and so does a file that another program has open where that is in the
    way (Windows), so a reader sees the old files or the new ones. The last file is removed first and renamed last: a
    folder without it was interrupted between two renames.

    Raises:
        ArtifactError: if the disk is full, the folder cannot be written or a name is not one for every system; what
            was there before is untouched.
    """
    for name in files:
        if portable_name(name) != name:
            raise ArtifactError(f"{folder / name}: not a name that every system takes; expected {portable_name(name)}")
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
        _refuse_files_in_use(folder, files)
        if len(files) > 1:
            remove_file(folder / name)
        for name, path in temporary.items():
            replace_file(path, folder / name)
    except BaseException as error:
        for path in temporary.values():
            with contextlib.suppress(OSError):
                path.unlink()
        if isinstance(error, OSError):
            raise _write_error(folder / name, sum(map(len, files.values())), error) from error
        raise


def _refuse_files_in_use(folder: Path, names: Iterable[str]) -> None:
    """Find out before anything is changed: a rename onto itself does nothing, and fails where a replacement would."""
    for path in (folder / name for name in names if (folder / name).exists()):
        try:
            _patiently(functools.partial(os.rename, path, path))
        except PermissionError as error:
            raise ArtifactError(
                f"{path}: cannot be replaced ({error.strerror}); expected that no other program has it open: close it "
                "there and run this again (what was saved before is untouched)"
            ) from error


def write_atomically(path: Path, content: bytes) -> None:
    """One file, whole or not at all; see :func:`write_together`."""
    write_together(path.parent, {path.name: content})


class GrowingFile(io.RawIOBase):
    """A file under a temporary name, while it is written; see :func:`written_whole`.

    Args:
        path: the name that it will have.
        setting: that names it, for messages.
    """

    def __init__(self, path: Path, setting: str):
        super().__init__()
        self.path, self.setting, self.size = path, setting, 0
        self.temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.temporary, "wb")  # noqa: SIM115  # as long as this one
        except OSError as error:
            raise _write_error(path, 0, error, setting) from error

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        """All of `content`.

        Raises:
            ArtifactError: if the disk is full.
        """
        try:
            self._file.write(content)
        except OSError as error:
            raise _write_error(self.path, self.size + len(content), error, self.setting) from error
        self.size += len(content)
        return len(content)

    def finish(self) -> None:
        """Put it in its place.

        Raises:
            ArtifactError: if that cannot be done.
        """
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            replace_file(self.temporary, self.path)
        except OSError as error:
            raise _write_error(self.path, self.size, error, self.setting) from error

    def discard(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            remove_file(self.temporary)


@contextlib.contextmanager
def written_whole(path: Path, setting: str) -> Iterator[GrowingFile]:
    """A file that is written piece by piece, and has its name only once it is whole; what had that name is replaced.

    Args:
        setting: that names it, for messages.

    Raises:
        ArtifactError: if it cannot be written; what was there before is untouched.
    """
    if portable_name(path.name) != path.name:
        raise ArtifactError(f"{path}: not a name that every system takes; expected {portable_name(path.name)}")
    file = GrowingFile(path, setting)
    try:
        yield file
        file.finish()
    except BaseException:
        file.discard()
        raise


def _write_error(path: Path, size: int, error: OSError, setting: str = "save_dir") -> ArtifactError:
    if error.errno == errno.ENOSPC:
        return ArtifactError(
            f"{path}: no space left on the disk for {size / 1e6:.1f} MB; expected room for it: free some space or "
            f"choose another disk with `{setting}` (what was saved before is untouched)"
        )
    if error.errno in (errno.ENAMETOOLONG, errno.ENOENT) and (length := len(str(path.absolute()))) > LONGEST_PATH - 60:
        return ArtifactError(
            f"{path}: cannot be written ({error.strerror or error}), {length} characters long; expected a shorter path "
            f"(Windows takes {LONGEST_PATH} characters, most systems 255 bytes a name): see `{setting}`"
        )
    return ArtifactError(
        f"{path}: cannot be written ({error.strerror or error}); expected a folder you may write to: see `{setting}`"
    )


def json_bytes(value: Any) -> bytes:
    """A JSON document for people to read: indented, without escapes for other scripts.

    A number that is not finite becomes null: JSON has none, and other readers than Python's refuse ``NaN``.
    """
    return (json.dumps(_finite(value), ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode("utf-8")


def json_line(value: Any) -> bytes:
    """The same on one line, of a file of JSON lines."""
    return (json.dumps(_finite(value), ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


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
            with contextlib.suppress(OSError):
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
