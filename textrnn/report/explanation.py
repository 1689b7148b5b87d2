"""Reasons of answers for people: lines for a terminal, and a page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from textrnn.report.html import render
from textrnn.report.plain import MAX_MARKS, as_cell, plain
from textrnn.report.text import display_width, shortened
from textrnn.report.verdict import bare
from textrnn.saved.answers import as_document
from textrnn.saved.explanation import Explanation, TokenContribution
from textrnn.saved.neighbours import Neighbour

STRONGEST = 5  # tokens named for and against
TOKENS_IN_TERMINAL = 300
TOKENS_IN_TABLE = 500  # of a text on the page
WINDOWS_IN_TERMINAL = 5
LONGEST_GAP = 400  # characters between tokens that a page shows; of more, the two ends
SMALL = 0.05  # logits: what is not shown in a terminal
# Of a terminal, black or white on colours that are told apart by people who see no red or no green.
BLUE, LIGHT_BLUE = "\x1b[97;48;5;25m", "\x1b[30;48;5;153m"
RED, LIGHT_RED = "\x1b[97;48;5;124m", "\x1b[30;48;5;217m"
END = "\x1b[0m"


@dataclass(frozen=True)
class ExplainedAnswer:
    """An answer, why it was given, and the training texts that are most like the text.

    Attributes:
        classes: the most probable ones, best first
        note: what is unusual about the text, in words
        explanation: where the text may have several labels, of the likeliest
        nearest: none where the training texts are not here
        labels: where the text may have several, those that it is given, likeliest first; None: one label a text
        others: why it is given the others of these
    """

    classes: Sequence[tuple[str, float]]
    note: str | None
    explanation: Explanation
    nearest: Sequence[Neighbour] = ()
    labels: Sequence[tuple[str, float]] | None = None
    others: Sequence[Explanation] = ()

    @property
    def every(self) -> list[Explanation]:
        """One, or that of each label that is given."""
        return [self.explanation, *self.others]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        note = None if self.note is None else bare(self.note)
        return {
            **as_document(self.explanation.text, self.classes, note, labels=self.labels),
            **(
                {"explanation": self.explanation.to_dict()}
                if self.labels is None
                else {"explanations": [each.to_dict() for each in self.every]}
            ),
            "nearest": [vars(neighbour) for neighbour in self.nearest],
        }


def terminal_lines(answered: ExplainedAnswer, *, width: int = 80, coloured: bool = False) -> Iterator[str]:
    """What a terminal shows of one text; without colour, it says the same.

    Args:
        width: columns.
    """
    told = answered.explanation
    yield shortened(told.text, width - 4) or "(empty)"
    if answered.labels is None:
        yield f"  {_with_shares(answered.classes)}"
    else:
        others = _with_shares([each for each in answered.classes if each not in answered.labels])
        yield f"  {_with_shares(answered.labels) or 'no label'}" + (f"  (next: {others})" if others else "")
    if answered.note:
        yield f"  note: {answered.note}"
    for each in answered.every:
        yield from _reasons(each, width, coloured)
    if answered.nearest:
        yield "  nearest training texts:"
    for neighbour in answered.nearest:
        where = f"  ({shortened(file_and_line(neighbour), 40)})" if neighbour.where else ""
        label = shortened(neighbour.label, 20)
        text = shortened(neighbour.text, max(20, width - 13 - display_width(label + where)))
        yield f"    {neighbour.similarity:.3f}  {label}  {text}{where}"


def _windows(told: Explanation, width: int) -> Iterator[str]:
    """The strongest windows of a long text, each with its place and its beginning."""
    if not told.windows:
        return
    yield f"  windows, the strongest of {told.window_count:,} (characters, what they add, their weight):"
    for each in told.windows[:WINDOWS_IN_TERMINAL]:
        start = f"    {each.start:>9,}-{each.end:<9,} {each.contribution:+.2f}  x{each.weight:.2f}  "
        yield start + shortened(each.text, max(20, width - len(start)))
    rest = sum(each.contribution for each in told.windows[WINDOWS_IN_TERMINAL:]) + told.other_windows
    if told.window_count > WINDOWS_IN_TERMINAL:
        yield f"    the others: {rest:+.2f}"


def _with_shares(classes: Sequence[tuple[str, float]]) -> str:
    return "  ".join(f"{shortened(name, 30)} {share:.4f}" for name, share in classes)


def _reasons(told: Explanation, width: int, coloured: bool) -> Iterator[str]:
    """Why a text has one class, or one of its labels."""
    label = shortened(told.label, 30)
    against = f"against {label}" if told.against is None else f"for {shortened(told.against, 30)}"
    yield f"  why {question(told, 30)} (+ speaks for {label}, - {against}):"
    yield from _windows(told, width)
    yield from _strip(told, width, coloured)
    of_both = (f"for {label}", told.strongest(STRONGEST)), (against, told.strongest(STRONGEST, against=True))
    for side, tokens in of_both:
        shown = "  ".join(f"{_shown(told.text, each)} {each.contribution:+.2f}" for each in tokens)
        yield f"  most {side}: {shown or 'nothing'}"
    sums, how = balance(told)
    yield f"  logits: {sums}"
    yield f"  ({how})"


def question(told: Explanation, widest: int) -> str:
    """What is explained: one class rather than another, or that a label is given, or is not."""
    label = shortened(told.label, widest)
    if told.against is not None:
        return f"{label} rather than {shortened(told.against, widest)}"
    answered = "is" if told.is_given else "is not"
    return f"{label} {answered} given, {told.probability:.4f} where it takes {told.threshold:.4f}"


def balance(told: Explanation) -> tuple[str, str]:
    """How the contributions add up, and how they were found."""
    if told.windows:
        added = told.logit_difference - told.baseline
        sums = f"{told.baseline:+.2f} by unknown tokens, {added:+.2f} by the windows"
        of_tokens = f"exact of windows; of the tokens in the strongest, {told.method}"
        return f"{sums}, {told.logit_difference:+.2f} in all", of_tokens
    added = sum(each.contribution for each in told.tokens)
    sums = f"{told.baseline:+.2f} without any token, {added:+.2f} by the tokens, {told.logit_difference:+.2f} in all"
    sums += "" if told.logit_threshold is None else f"; given from {told.logit_threshold:+.2f} on"
    if told.steps == 0:
        return sums, told.method
    return sums, f"{told.method}; {told.steps} steps left {abs(told.gap):.1g} open, which is divided among the tokens"


def file_and_line(neighbour: Neighbour) -> str:
    """The place of a training text without its folders."""
    return re.split(r"[\\/]", neighbour.where)[-1]


def _shown(text: str, token: TokenContribution) -> str:
    """A token as it stands in the text, a blank as one that is seen."""
    surface = text[token.start : token.end]
    return shortened(surface, 16) or ("␣" if surface.isspace() else "(nothing)" if not surface else "\ufffd")


def _strip(told: Explanation, width: int, coloured: bool) -> Iterator[str]:
    """The tokens in rows, each above its contribution."""
    most = max((abs(each.contribution) for each in told.tokens), default=0.0)
    above, below, columns = "   ", "   ", 3
    for token in told.tokens[:TOKENS_IN_TERMINAL]:
        name = _shown(told.text, token)
        number = f"{token.contribution:+.1f}" if abs(token.contribution) >= SMALL else "."
        wide = max(display_width(name), len(number)) + 1
        if columns + wide > width and columns > 3:
            yield above
            yield below
            above, below, columns = "   ", "   ", 3
        left = " " * (wide - display_width(name))
        above += left + (_painted(name, token.contribution / most) if coloured and most else name)
        below += number.rjust(wide)
        columns += wide
    yield above
    yield below
    rest = len(told.tokens) - TOKENS_IN_TERMINAL
    if rest > 0:
        yield f"    ... and {rest:,} more tokens, which a page shows"


def _painted(text: str, share: float) -> str:
    """Blue for what speaks for the class, red for what speaks against it; strong where it is more than half of the
    strongest."""
    if abs(share) < 0.1:
        return text
    strong, light = (BLUE, LIGHT_BLUE) if share > 0 else (RED, LIGHT_RED)
    return f"{strong if abs(share) > 0.5 else light}{text}{END}"


def explanations_page(answered: Sequence[ExplainedAnswer], *, model: str, data: str) -> str:
    """One page of all texts: their tokens coloured, with their numbers, and the nearest training texts."""
    return render(
        "explanations",
        title=f"Reasons of {model} on {data}",
        answered=[(each, [(told, pieces(told), balance(told)) for told in each.every]) for each in answered],
        question=question,
        strongest=STRONGEST,
        longest_table=TOKENS_IN_TABLE,
        file_and_line=file_and_line,
    )


@dataclass(frozen=True)
class Piece:
    """A stretch of a text on a page.

    Attributes:
        contribution: of its token; None between tokens
        share: of the strongest contribution of the text
        unread: the model does not read it
    """

    text: str
    contribution: float | None = None
    share: float = 0.0
    unread: bool = False


def pieces(told: Explanation) -> list[Piece]:
    """A text cut into its tokens and what is between them, fit for a page; its end, if it was not read, is cut."""
    most = max((abs(each.contribution) for each in told.tokens), default=0.0) or 1.0
    found, at, marks = [], 0, 0
    for token in told.tokens:
        surface = told.text[token.start : token.end]
        marks = marks + 1 if surface and all(map(unicodedata.combining, surface)) else 0
        if token.start > at:
            found.append(Piece(_fit(_gap(told.text[at : token.start]))))
        if marks <= MAX_MARKS:  # a tower of them would cover the lines around
            found.append(Piece(_fit(surface), token.contribution, abs(token.contribution) / most))
        at = max(at, token.end)
    end = told.text[at:] if told.unread_from is None else told.text[at : told.unread_from]
    found += [Piece(_fit(_gap(end)))] if end else []
    found += [Piece(plain(told.text[told.unread_from :]), unread=True)] if told.unread_from is not None else []
    return found


def _gap(text: str) -> str:
    """What stands between tokens: of a long text, windows that are not told token by token."""
    return text if len(text) <= LONGEST_GAP else f"{text[: LONGEST_GAP // 4]} […] {text[-LONGEST_GAP // 4 :]}"


def _fit(text: str) -> str:
    return as_cell(text, len(text))
