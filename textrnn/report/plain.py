"""Other people's texts, made fit for a page or a table: no control characters, nothing that leaves its place."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

MAX_CHARACTERS = 300  # of a text on a page
MAX_MARKS = 3  # combining marks that one character keeps; a tower of them would cover the lines around
KEPT_FORMATS = "\u200c\u200d"  # joiners: Persian and emoji are written with them
# Embeddings, overrides and isolates turn round what follows; the lone marks among them turn nothing.
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_ENDS = re.compile("\r\n|[\r\u0085\u2028\u2029]")
_IN_JSON = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029\x7f"}


def plain(text: str, longest: int = MAX_CHARACTERS) -> str:
    """A text on one line, cut with an ellipsis to `longest` characters; invisible ones are left out or a space.

    However long the text is, only its beginning is looked at.
    """
    beginning = text[: 4 * longest].lstrip()  # white space counts for less than it takes
    seen = beginning if beginning.isprintable() else "".join(map(_seen, beginning))
    line = _without_towers(" ".join(seen.split()))
    if len(line) <= longest and len(beginning) == len(text.lstrip()):
        return line
    end = min(longest - 1, len(line))
    while 0 < end < len(line) and _belongs_to_the_one_before(line[end]):
        end -= 1
    return line[:end].rstrip() + "…"


def _seen(character: str) -> str:
    if character.isprintable() or character in KEPT_FORMATS:
        return character
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return "\ufffd" if category in ("Cs", "Cn", "Co") else " "


def _without_towers(text: str) -> str:
    if text.isascii():
        return text
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def _belongs_to_the_one_before(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Mc", "Me") or character in KEPT_FORMATS


def as_cell(text: str, longest: int) -> str:
    """A text for a cell of a table: its line breaks as LF, control characters as one that shows.

    Args:
        longest: characters; a longer text is cut with an ellipsis.
    """
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    if cut.isprintable():
        return cut
    cut = _LINE_ENDS.sub("\n", cut)
    return _DIRECTIONS.sub("", _CONTROLS.sub("\ufffd", cut))


def json_for_page(value: Any) -> str:
    """A JSON document that may stand in a page's ``<script type="application/json">``: no text in it can end that."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_IN_JSON)
