"""The page says everything in both languages, and nothing that is not in words.js."""

from __future__ import annotations

import json
import re

import pytest

from tests.serve.page.conftest import Open
from tests.serve.page.fake_server import PAGE

SOURCES = {path.name: path.read_text(encoding="utf-8") for path in PAGE.iterdir()}
Words = dict[str, dict[str, str | list[str]]]


@pytest.fixture
def words(open_page: Open) -> Words:
    found: Words = open_page().evaluate("import('/words.js').then((found) => found.words)")
    return found


def holes(wording: str | list[str]) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", json.dumps(wording)))


def test_both_languages_are_complete(words: Words) -> None:
    assert list(words) == ["en", "zh"]
    assert list(words["en"]) == list(words["zh"])
    for name, wording in words["en"].items():
        assert holes(wording) == holes(words["zh"][name]), name
        assert wording != words["zh"][name] or name == "errors.f1", f"{name}: the same in both languages"


def test_every_word_is_said_and_every_said_word_is_there(words: Words) -> None:
    everything = "".join(text for name, text in SOURCES.items() if name not in ("english.js", "chinese.js"))
    named = set(re.findall(r'data-words(?:-label|-placeholder)?="([^"]+)"', everything))
    named |= set(re.findall(r'"([a-z]+(?:\.[a-z_0-9]+)*)"', everything)) & set(words["en"])
    beginnings = tuple(re.findall(r"`([a-z]+\.(?:[a-z]+\.)*)\$\{", everything))
    missing = named - set(words["en"])
    unsaid = {name for name in words["en"] if name not in named and not name.startswith(beginnings)}
    assert (missing, unsaid) == (set(), set())


def test_nothing_but_text_nodes_and_nothing_from_elsewhere() -> None:
    for name, text in SOURCES.items():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            name
        )
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(", text), name
    index = SOURCES["index.html"]
    assert not re.search(r"<style|style=|\son\w+=|<script(?! type=\"module\" src=)", index)
