"""Where the tokens of a text stand in it, as it was given: before it was cleaned, and before lower case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textrnn.corpus.readers.rows import CLEANING, STRANGE, cleaned
from textrnn.corpus.tokenizers import Tokenizer


@dataclass(frozen=True)
class Span:
    """A token and its place: ``text[start:end]`` is what it was made of.

    Attributes:
        token: as the model reads it, in lower case where that is so
    """

    token: str
    start: int
    end: int


def token_spans(text: str, tokenizer: Tokenizer, *, max_tokens: int | None = None) -> tuple[list[Span], int | None]:
    """The tokens of a text as a model reads it, and the position from which on nothing was read; None if all was.

    Args:
        text: as it was given.
        max_tokens: read at most this many.
    """
    read, positions = cleaned_in_place(text)
    if max_tokens is not None and tokenizer.name == "char":  # need not be cut into tokens to its end
        read, positions = read[: max_tokens + 1], positions[: max_tokens + 1]
    if tokenizer.lowercase:
        read, positions = _lowered(read, positions)
    spans, at = list[Span](), 0
    for token in tokenizer(read):  # every tokenizer takes a text from left to right, and leaves out white space alone
        start = read.index(token, at)
        at = start + len(token)
        if len(spans) == max_tokens:
            return spans, positions[start]
        spans.append(Span(token, positions[start], positions[at - 1] + 1))
    return spans, None


def cleaned_in_place(text: str) -> tuple[str, Sequence[int]]:
    """:func:`cleaned`, with the position that each character has in the text."""
    if not STRANGE.search(text):
        stripped = text.strip()
        start = len(text) - len(text.lstrip())
        return stripped, range(start, start + len(stripped))
    read, positions = text, list(range(len(text)))
    for pattern, replacement in CLEANING:
        pieces, kept, at = [], list[int](), 0
        for found in pattern.finditer(read):
            pieces += [read[at : found.start()], replacement]
            kept += positions[at : found.start()] + positions[found.start() : found.start() + len(replacement)]
            at = found.end()
        read, positions = "".join(pieces) + read[at:], kept + positions[at:]
    stripped = read.strip()
    start = len(read) - len(read.lstrip())
    assert stripped == cleaned(text)
    return stripped, positions[start : start + len(stripped)]


def _lowered(text: str, positions: Sequence[int]) -> tuple[str, Sequence[int]]:
    """The text in lower case; a character that becomes two, as in Turkish, has one position."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered, positions
    widened = [position for character, position in zip(text, positions, strict=True) for _ in character.lower()]
    return lowered, widened
