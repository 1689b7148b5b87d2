"""The READMEs and docs/ as they stand: links, pictures, flags that they name, length."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pages import CHINESE_README, PAGES, README, ROOT, all_flags, anchors_of, images_of, links_of, name_of


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target, heading in links_of(page):
        assert target.is_file(), f"{page.name}: no {target}"
        assert not heading or heading in anchors_of(target), f"{page.name}: no heading {heading} in {target.name}"


def test_every_page_can_be_found() -> None:
    index = ROOT / "docs" / "README.md"
    for readme in (README, CHINESE_README):
        assert index in {target.resolve() for target, _ in links_of(readme)}
    assert {target.resolve() for target, _ in links_of(index)} >= {*PAGES} - {index}


def test_pictures_are_there_and_small() -> None:
    shown = {image.resolve() for page in PAGES for image in images_of(page)}
    assert shown == set((ROOT / "docs" / "images").glob("*.png"))
    assert {path.name: size for path in shown if (size := path.stat().st_size) > 100_000} == {}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_flag_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", page.read_text(encoding="utf-8")))
    # Of the benchmarks, pip and mypy:
    others = {"--data", "--fresh-venv", "--index-url", "--no-deps", "--platform", "--soak"}
    assert named - all_flags() - others == set()


@pytest.mark.parametrize("page", [README, CHINESE_README], ids=name_of)
def test_the_readmes_are_short(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 160
