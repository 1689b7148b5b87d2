"""fastText's format: ``__label__NAME`` anywhere in a line of text.

Source: Joulin et al. 2016 and the program itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from textrnn.corpus.readers.delimited import Blocks
from textrnn.corpus.readers.form import FASTTEXT_MARK
from textrnn.corpus.readers.json_records import Several

COMMAS = ",，、;"
MARKED_WORD = re.compile(rf"(?<![^ \t])({FASTTEXT_MARK}[^ \t]*)([ \t]?)")


def read_fasttext(blocks: Blocks, *, glued: bool) -> Iterator[tuple[int, list[str]]]:
    """(line, [text, label]); several labels of a line are one :class:`Several`.

    Args:
        glued: a comma ends a label, and what follows it in the same word is text.
    """
    for first, lines in blocks:
        for number, line in enumerate(lines, first):
            if not line.strip():
                continue
            labels: list[str] = []

            def taken(found: re.Match[str], labels: list[str] = labels) -> str:
                rests = []
                # fastText itself would take `__label__a,__label__b` for one label.
                for part in found[1].split(FASTTEXT_MARK)[1:]:
                    label, rest = _split(part.strip(COMMAS)) if glued else (part.strip(COMMAS), "")
                    labels.append(label)
                    rests += [rest] if rest else []
                return " ".join(rests) + found[2] if rests else ""

            text = MARKED_WORD.sub(taken, line).strip()
            yield number, [text, labels[0] if len(labels) == 1 else Several.of(labels) if labels else ""]


def _split(part: str) -> tuple[str, str]:
    at = min((part.index(comma) for comma in COMMAS if comma in part), default=len(part))
    return part[:at], part[at + 1 :]


def has_glued_commas(lines: Sequence[str]) -> bool:
    """Whether commas after labels glue the first word of the text to them: then nearly every line has its own label."""
    found = [
        word.removeprefix(FASTTEXT_MARK).rstrip(COMMAS)
        for line in lines
        for word in line.replace("\t", " ").split(" ")
        if word.startswith(FASTTEXT_MARK) and word.count(FASTTEXT_MARK) == 1
    ]
    with_comma = [label for label in found if _split(label)[1]]
    before = {_split(label)[0] for label in with_comma}
    labels_after = sum(
        _split(label)[1] in {*before, *found} for label in with_comma
    )  # several labels, joined by commas
    return (
        len(with_comma) > len(found) / 2
        and 2 * len(before) <= len(set(with_comma))
        and labels_after < len(with_comma) / 2
    )
