from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from textrnn import files
from textrnn.errors import ArtifactError


def test_tensors_and_document_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.safetensors"
    tensors = {"x": torch.arange(6).reshape(2, 3), "y": torch.rand(4, dtype=torch.float64)}
    files.save_tensors(path, tensors, {"名": "值", "loss": 0.1 + 0.2})
    loaded, document = files.load_tensors(path)
    assert files.load_document(path) == document
    assert document == {"名": "值", "loss": 0.1 + 0.2}
    assert set(loaded) == {"x", "y"}
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)
    assert [file.name for file in path.parent.iterdir()] == ["b.safetensors"]


def test_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtifactError) as caught:
        files.write_atomically(path, b"x" * 2_000_000)
    assert str(caught.value) == (
        f"{path}: no space left on the disk for 2.0 MB; expected room for it: free some space or choose another disk "
        "with `save_dir` (what was saved before is untouched)"
    )
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtifactError, match=r"cannot be written \(File exists\); expected a folder you may write to"):
        files.write_atomically(tmp_path / "file" / "model", b"x")


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40, b"\x02\0\0\0\0\0\0\0{}more"])
def test_damaged_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    for load in (files.load_tensors, files.load_document):
        with pytest.raises(ArtifactError, match=r"x\.safetensors: not a whole safetensors file"):
            load(path)


def test_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    files.save_tensors(path, {"x": torch.rand(100)})
    path.write_bytes(path.read_bytes()[:-10])
    for load in (files.load_tensors, files.load_document):
        with pytest.raises(ArtifactError, match="not a whole safetensors file"):
            load(path)


def test_missing_file(tmp_path: Path) -> None:
    for load in (files.load_tensors, files.load_document):
        with pytest.raises(ArtifactError, match="no such file; expected a model or checkpoint saved by textrnn"):
            load(tmp_path / "x.safetensors")


@pytest.mark.parametrize("document", ["{", "[" * 100_000])
def test_a_document_that_is_none(tmp_path: Path, document: str) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(save({"x": torch.rand(3)}, {"document": document}))
    for load in (files.load_tensors, files.load_document):
        with pytest.raises(ArtifactError, match="not a whole safetensors file"):
            load(path)


def test_a_file_without_a_document(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    files.save_tensors(path, {"x": torch.rand(3)})
    assert files.load_document(path) == files.load_tensors(path)[1] == {}


def test_files_that_belong_together_change_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = {"a": b"old a", "b": b"old b", "config": b"old"}
    files.write_together(tmp_path, old)
    real, calls = os.fsync, []

    def full_at_the_last(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full_at_the_last)
    with pytest.raises(ArtifactError, match="no space left on the disk"):
        files.write_together(tmp_path, {"a": b"new a", "b": b"new b", "config": b"new"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == old


def test_cut_off_between_two_renames_leaves_no_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_together(tmp_path, {"a": b"old a", "config": b"old"})
    real = os.replace

    def killed(source: Path, target: Path) -> None:
        if Path(target).name == "config":
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        files.write_together(tmp_path, {"a": b"new a", "config": b"new"})
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


class Held:
    """Another program on Windows, that has files of a name open for so many attempts to rename or remove them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, attempts: float):
        self.name, self.attempts, self.waited = name, attempts, 0.0
        real_replace, real_rename, real_unlink = os.replace, os.rename, Path.unlink
        monkeypatch.setattr(os, "replace", lambda new, old: self.refuse(old) or real_replace(new, old))
        monkeypatch.setattr(os, "rename", lambda new, old: self.refuse(old) or real_rename(new, old))
        monkeypatch.setattr(Path, "unlink", lambda path, **how: self.refuse(path) or real_unlink(path, **how))
        monkeypatch.setattr(time, "sleep", self.wait)

    def refuse(self, path: Path) -> None:
        if path.name == self.name and self.attempts > 0:
            self.attempts -= 1
            raise PermissionError(errno.EACCES, "Access is denied", str(path))

    def wait(self, seconds: float) -> None:
        self.waited += seconds


@pytest.mark.parametrize("name", ["history.csv", "config"])
def test_a_file_that_is_soon_let_go_of_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    files.write_together(tmp_path, {"history.csv": b"old", "config": b"old"})
    held = Held(monkeypatch, name, 4)
    files.write_together(tmp_path, {"history.csv": b"new", "config": b"new"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"history.csv": b"new", "config": b"new"}
    assert (held.attempts, 0 < held.waited < 1) == (0, True)


@pytest.mark.parametrize("name", ["history.csv", "config"])
def test_a_file_that_another_program_keeps_open_is_named_and_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    old = {"model": b"old", "history.csv": b"old", "config": b"old"}
    files.write_together(tmp_path, old)
    held = Held(monkeypatch, name, float("inf"))
    with pytest.raises(ArtifactError) as caught:
        files.write_together(tmp_path, dict.fromkeys(old, b"new"))
    assert str(caught.value) == (
        f"{tmp_path / name}: cannot be replaced (Access is denied); expected that no other program has it open: close "
        "it there and run this again (what was saved before is untouched)"
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == old
    assert 1 < held.waited < 3


def test_a_lock_file_that_cannot_be_removed_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Held(monkeypatch, ".lock", float("inf"))
    for _ in range(2):
        with files.exclusive_use(tmp_path / "run"):
            pass
    monkeypatch.undo()
    with files.exclusive_use(tmp_path / "run"):
        pass


def test_a_left_over_that_cannot_be_removed_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".model.123.tmp").write_bytes(b"half")
    Held(monkeypatch, ".model.123.tmp", float("inf"))
    with files.exclusive_use(tmp_path):
        assert (tmp_path / ".model.123.tmp").exists()


def test_a_path_that_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 300) / "model"
    with pytest.raises(ArtifactError) as caught:
        files.write_atomically(path, b"x")
    assert str(caught.value) == (
        f"{path.parent}: cannot be written (File name too long), {len(str(path.parent))} characters long; expected a "
        "shorter path "
        "(Windows takes 259 characters, most systems 255 bytes a name): see `save_dir`"
    )


def mapped_files() -> str:
    return Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="this system does not show what is mapped")
def test_no_file_stays_mapped_once_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "held.safetensors"
    files.save_tensors(path, {"x": torch.rand(100_000)}, {"a": 1})
    tensors, document = files.load_tensors(path)
    assert path.name not in mapped_files()
    assert files.load_document(path) == document
    assert path.name not in mapped_files()
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ArtifactError) as caught:
        files.load_document(path)
    assert path.name not in mapped_files()
    assert (len(tensors["x"]), caught.type) == (100_000, ArtifactError)


def test_left_overs_of_a_killed_run_are_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint.safetensors.123.tmp").write_bytes(b"half")
    (tmp_path / "kept").write_bytes(b"x")
    with files.exclusive_use(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "kept"]


def test_a_run_that_came_to_nothing_leaves_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "saved" / "data" / "LSTM"
    with files.exclusive_use(folder):
        assert (folder / ".lock").exists()
    assert list((tmp_path / "saved").iterdir()) == []
    with pytest.raises(ValueError, match="of the run"), files.exclusive_use(folder):
        raise ValueError("of the run")
    assert list((tmp_path / "saved").iterdir()) == []


def test_a_folder_that_cannot_be_held(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtifactError, match=r"cannot be written"), files.exclusive_use(tmp_path / "file"):
        pass


def test_the_lock_goes_with_its_process(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from textrnn.files import exclusive_use\n"
        "with exclusive_use(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(files.__file__).parents[1], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(ArtifactError, match="another run is writing here"), files.exclusive_use(tmp_path):
            pass
        process.kill()
    with files.exclusive_use(tmp_path):
        pass


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with files.exclusive_use(tmp_path / "run"):
        with pytest.raises(ArtifactError) as caught, files.exclusive_use(tmp_path / "run"):
            pass
        assert str(caught.value) == (
            f"{tmp_path / 'run'}: another run is writing here; wait for it or give this one its own `save_dir`"
        )
    with files.exclusive_use(tmp_path / "run"):
        pass


def test_json_has_no_number_beyond_all_bounds() -> None:
    content = files.json_bytes(
        {"perplexity": float("inf"), "curve": [1.5, float("nan"), (2, -float("inf"))], "名": "x"}
    )
    assert json.loads(content, parse_constant=pytest.fail) == {
        "perplexity": None,
        "curve": [1.5, None, [2, None]],
        "名": "x",
    }
