"""The READMEs and docs/: their blocks of code, the spans of code in their text, and their links."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from textrnn.cli import TASKS, build_parser

ROOT = Path(__file__).resolve().parents[1]
README, CHINESE_README = ROOT / "README.md", ROOT / "README.zh-CN.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
FOLLOWED = [README, *DOCS, ROOT / "examples" / "README.md"]  # their commands are run
PAGES = [*FOLLOWED, CHINESE_README]  # whose commands are those of the other README


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        line: where its code begins, from 1
        language: the word after the fence
    """

    line: int
    language: str
    code: str


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks, from top to bottom."""
    content = page.read_text(encoding="utf-8")
    return [
        Block(content[: match.start("code")].count("\n") + 1, match["language"], match["code"])
        for match in re.finditer(r"^```(?P<language>.*)\n(?P<code>(?s:.*?))^```$", content, flags=re.MULTILINE)
    ]


def prose_of(page: Path) -> str:
    """The page without its blocks."""
    return re.sub(r"^```.*\n(?s:.*?)^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)


def spans_of(page: Path) -> list[str]:
    """What stands between backticks in the text."""
    return list(dict.fromkeys(re.findall(r"`([^`\n]+)`", prose_of(page))))


def images_of(page: Path) -> list[Path]:
    """The pictures that a page shows."""
    return [
        page.parent / (tag or name)
        for tag, name in re.findall(r'<img src="([^"]+)"|!\[[^\]]*\]\(([^)]+)\)', prose_of(page))
    ]


def links_of(page: Path) -> list[tuple[Path, str]]:
    """Where the links of a page lead: a file, and the heading there, which may be empty."""
    found = []
    for target in re.findall(r"\]\(([^)]+)\)", prose_of(page)):
        if not target.startswith("https://"):
            name, _, heading = target.partition("#")
            found.append((page.parent / name if name else page, heading))
    return found


def anchors_of(page: Path) -> set[str]:
    """The headings, as GitHub names them in links."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def name_of(page: Path) -> str:
    """A page in the list of tests."""
    return str(page.relative_to(ROOT))


@functools.cache
def all_flags() -> set[str]:
    """The flags of all tasks."""
    return {text for task in TASKS for action in build_parser(task)._actions for text in action.option_strings}
