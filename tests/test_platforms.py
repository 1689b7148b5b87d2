"""What must hold on Windows and macOS, read from the source: no call that only POSIX has, and every encoding named."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.commands import ROOT, Result
from textrnn.corpus.sources.catalog import dataset_name
from textrnn.corpus.texts import corpus_name
from textrnn.errors import ArtifactError, ConfigError
from textrnn.files import portable_name, write_together
from textrnn.models.registry import all_models
from textrnn.tasks.memory.registry import all_experiments, all_problems

PROGRAM = sorted([ROOT / "run.py", *(ROOT / "textrnn").rglob("*.py")])
ONLY_ON_SOME = {  # modules
    *("fcntl", "grp", "mmap", "msvcrt", "posix", "pty", "pwd", "readline", "resource", "select", "selectors", "syslog"),
    *("termios", "tty", "winreg"),
}
ONLY_OF_POSIX = {  # of os
    *("chown", "fchmod", "fork", "forkpty", "getegid", "geteuid", "getgid", "getloadavg", "getpgid", "getuid", "kill"),
    *("killpg", "lchown", "mkfifo", "mknod", "nice", "openpty", "pread", "pwrite", "sched_getaffinity", "sendfile"),
    *("sched_setaffinity", "setsid", "statvfs", "sysconf", "uname", "wait", "waitpid"),
    *("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW"),
}
NOT_ON_EVERY_DISK = {  # of os, and of paths
    *("chmod", "hardlink_to", "is_mount", "link", "readlink", "st_ino", "st_mode", "symlink", "symlink_to"),
}
OPENERS = {"bz2", "codecs", "gzip", "io", "lzma", "os"}  # their open() has the path first
OPEN_AS_BYTES = {"archive", "content", "self", "whole"}  # no paths: their own open() knows no text
SIGNALS = {"SIGINT", "SIG_DFL", "SIG_IGN", "default_int_handler", "getsignal", "signal"}  # what Windows has


def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def keywords(call: ast.Call) -> set[str]:
    return {keyword.arg for keyword in call.keywords if keyword.arg}


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def only_for_some_systems(path: Path) -> Iterator[str]:
    """What does not exist everywhere, but for what stands below ``if sys.platform`` or is asked for with hasattr()."""
    tree = nodes(path)
    guarded = {
        id(inner)
        for node in tree
        if isinstance(node, ast.If) and "sys.platform" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    asked_for = {
        call.args[1].value
        for call in tree
        if isinstance(call, ast.Call) and called(call) == "hasattr" and isinstance(call.args[1], ast.Constant)
    }
    for node in tree:
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert ast.unparse(node).split()[:2] not in (["from", "os"], ["from", "signal"]), "write os.NAME"
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from ONLY_ON_SOME & {name.partition(".")[0] for name in names}
        elif isinstance(node, ast.Attribute) and id(node) not in guarded and node.attr not in asked_for:
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if owner == "signal" and node.attr not in SIGNALS:
                yield f"signal.{node.attr}"
            elif owner == "multiprocessing" and node.attr not in ("get_context", "current_process"):  # begin no process
                yield f"multiprocessing.{node.attr}: processes are spawned, by get_context('spawn')"
            elif node.attr in NOT_ON_EVERY_DISK or (owner == "os" and node.attr in ONLY_OF_POSIX):
                yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"\A/(?:dev|proc|tmp|usr|var)\b", node.value)


def without_encoding(path: Path) -> Iterator[str]:
    """Text that is read or written in whatever encoding, or with whatever line ends, the system likes."""
    for call in (node for node in nodes(path) if isinstance(node, ast.Call)):
        name, given_names = called(call), keywords(call)
        where = f"{path.name}:{call.lineno}: {ast.unparse(call)}"
        owner = ast.unparse(call.func).split(".")[-2:][0]
        if name in ("open", "fdopen") and ast.unparse(call.func) != "os.open" and owner not in OPEN_AS_BYTES:
            of_a_path = "." in ast.unparse(call.func) and ast.unparse(call.func).split(".")[0] not in OPENERS
            given = [
                *call.args[0 if of_a_path else 1 :],
                *(k.value for k in call.keywords if k.arg == "mode"),
            ]
            modes = [part.value for value in given[:1] for part in ast.walk(value) if isinstance(part, ast.Constant)]
            binary = any("b" in str(mode) for mode in modes)
            to_nowhere = call.args and ast.unparse(call.args[0]) == "os.devnull"
            written = any(set(str(mode)) & set("wax") for mode in modes) and not to_nowhere
            if not binary and ("encoding" not in given_names or (written and "newline" not in given_names)):
                yield where
        missing = {
            "read_text": {"encoding"},
            "write_text": {"encoding", "newline"},
            "writer": {"lineterminator"},  # of csv
            **dict.fromkeys(
                ("run", "Popen", "check_output"),
                {"encoding"} if given_names & {"text", "universal_newlines"} else set(),
            ),
        }.get(name, set()) - given_names
        if missing:
            yield where


@pytest.mark.parametrize("path", PROGRAM, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_used_that_only_some_systems_have(path: Path) -> None:
    assert list(only_for_some_systems(path)) == []


@pytest.mark.parametrize("path", PROGRAM, ids=lambda path: str(path.relative_to(ROOT)))
def test_encodings_and_line_ends_are_named(path: Path) -> None:
    assert list(without_encoding(path)) == []


@pytest.mark.parametrize(
    ("line", "finder", "found"),
    [
        ("import os; os.fork()", only_for_some_systems, 1),
        ("import fcntl", only_for_some_systems, 1),
        ("import signal; signal.alarm(1)", only_for_some_systems, 1),
        ("import sys, os\nif sys.platform == 'linux': os.nice(1)", only_for_some_systems, 0),
        ("open('/dev/null', 'wb')", only_for_some_systems, 1),
        ("import multiprocessing; multiprocessing.Pool(2)", only_for_some_systems, 1),
        ("path.stat().st_ino", only_for_some_systems, 1),
        ("path.chmod(0o600)", only_for_some_systems, 1),
        ("open(path)", without_encoding, 1),
        ("open(path, 'rb')", without_encoding, 0),
        ("open(path, 'w', encoding='utf-8')", without_encoding, 1),
        ("path.open('ab' if have else 'wb')", without_encoding, 0),
        ("gzip.open(path, 'rt')", without_encoding, 1),
        ("path.read_text()", without_encoding, 1),
        ("csv.writer(out)", without_encoding, 1),
        ("subprocess.run(command, text=True)", without_encoding, 1),
    ],
)
def test_the_checks_see_what_they_are_for(
    tmp_path: Path, line: str, finder: Callable[[Path], Iterator[str]], found: int
) -> None:
    (tmp_path / "x.py").write_text(line, encoding="utf-8")
    assert len(list(finder(tmp_path / "x.py"))) == found


@pytest.mark.parametrize("path", [ROOT / "run.py", ROOT / "textrnn" / "__main__.py"], ids=lambda path: path.name)
def test_a_spawned_process_may_import_the_program(path: Path) -> None:
    last = ast.parse(path.read_text(encoding="utf-8")).body[-1]
    assert isinstance(last, ast.If)
    assert ast.unparse(last.test) == "__name__ == '__main__'"


DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"
}


def is_legal(name: str) -> bool:
    """As ntpath.isreserved() of Python 3.13 has it."""
    return (
        name.rstrip(". ") == name
        and not any(character in '<>:"/\\|?*' or character < " " for character in name)
        and name.partition(".")[0].rstrip(" ").upper() not in DEVICES
    )


NAMES = st.one_of(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(sorted(DEVICES)),
        st.sampled_from(["", " ", ".", ".csv", " .x", "s"]),
        st.sampled_from(["", ".", " ", ":", "?"]),
    ),
)


@given(NAMES)
@example("~0")  # no user's home: a path that begins with ./
def test_names_that_every_system_takes(name: str) -> None:
    assert is_legal(portable_name(name))
    if is_legal(name):
        assert portable_name(name) == name
    for folder_name in (dataset_name, corpus_name):
        assert is_legal(folder_name(f"./{name}"))


def test_illegal_names_are_told_apart() -> None:
    names = ["a:b", "a?b", "a_b", "CON", "con.csv", "a.", "a ", "console", "小数据", "v1.2 (新)", ".hidden"]
    written = ["a%3Ab", "a%3Fb", "a_b", "%43ON", "%63on.csv", "a%2E", "a%20", *names[-4:]]
    assert [portable_name(name) for name in names] == written


def test_names_in_no_encoding_are_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        dataset_name("./\udcca\udcfd")
    assert str(caught.value) == (
        "`dataset` ./??: not in utf-8, in which this Python reads names of files; expected one that is: rename it"
    )


def test_no_file_is_written_under_an_illegal_name(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError) as caught:
        write_together(tmp_path, {"b": b"", "gates: a.png": b""})
    assert str(caught.value) == (
        f"{tmp_path / 'gates: a.png'}: not a name that every system takes; expected gates%3A a.png"
    )
    assert list(tmp_path.iterdir()) == []


def assert_portable(paths: list[Path]) -> None:
    assert paths
    assert [path for path in paths if not all(map(is_legal, path.parts))] == []
    assert len({str(path).casefold() for path in paths}) == len(paths)


def test_what_runs_leave_has_legal_names(
    classifier_training: tuple[Path, Result], language_model_training: tuple[Path, Result]
) -> None:
    for place, _ in (classifier_training, language_model_training):
        assert_portable([path.relative_to(place) for path in (place / "saved_dict").rglob("*")])


def test_what_folders_are_named_by_is_legal() -> None:
    tables = [*map(all_models, ("classify", "lm", "memory")), all_experiments(), all_problems()]
    for table in tables:
        assert_portable([Path(name) for name in table])


def test_a_clone_has_legal_names_and_the_same_bytes_everywhere() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("no clone")
    assert_portable([Path(name) for name in listed.stdout.decode("utf-8").split("\0") if name])
    command = ["git", "check-attr", "eol", "--", "data/headlines/train.txt", "data/story.txt"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode("utf-8")
    assert [line.rpartition(" ")[2] for line in shown.splitlines()] == ["lf", "lf"]
