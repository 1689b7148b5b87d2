"""The Dockerfile, as far as that can be checked without Docker."""

from __future__ import annotations

import re
import shlex

from tests.commands import ROOT
from textrnn.cli import build_parser, command_line_of
from textrnn.cli.flags import parse

LINES = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def instructions(name: str) -> list[str]:
    return [line.removeprefix(name).strip() for line in LINES if line.startswith(f"{name} ")]


def test_what_is_copied_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "**"
    kept = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert all((ROOT / name).exists() for name in kept)
    for copied in instructions("COPY"):
        for name in shlex.split(copied)[:-1]:
            assert any(path == name or path.startswith(f"{name}/") for path in kept), name


def test_its_command_is_one_that_the_program_takes() -> None:
    (entry,), (rest,) = instructions("ENTRYPOINT"), instructions("CMD")
    words = re.findall('"([^"]*)"', entry + rest)
    assert words[0] == "textrnn"
    options = parse(build_parser("classify"), words[1:])
    command_line_of("classify").to_runs(options)
    assert (options.serve, options.host, options.save_dir) == (True, "0.0.0.0", "/models")
    assert instructions("USER") == ["textrnn"]
    assert instructions("EXPOSE") == [str(options.port)]


def test_torch_is_the_pinned_one() -> None:
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert re.search("^torch==", pinned, re.MULTILINE)
    assert "grep '^torch==' requirements.txt" in "".join(instructions("RUN"))
