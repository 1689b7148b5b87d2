"""Reasons for people: what a terminal shows, and the page."""

from __future__ import annotations

import html
import re

import pytest

from tests.report.test_html import Page
from textrnn.report.explanation import ExplainedAnswer, explanations_page, pieces, terminal_lines
from textrnn.saved.explanation import Explanation, TokenContribution, WindowContribution
from textrnn.saved.neighbours import Neighbour

HOSTILE = "<script>alert('x')</script>&\u202e\x1b[31m\ud800"


def explanation(text: str, contributions: list[float], **facts: object) -> Explanation:
    """A character a token; what is left over of the text is not read."""
    tokens = [TokenContribution(text[i], i, i + 1, value) for i, value in enumerate(contributions)]
    unread_from = len(tokens) if len(tokens) < len(text) else None
    told = Explanation("", "甲", "乙", 0.75, sum(contributions) + 0.5, 0.5, "exact", tokens, unread_from=unread_from)
    return Explanation(**{**vars(told), "text": text, **facts})


PLAIN = ExplainedAnswer(
    [("甲", 0.75), ("乙", 0.25)],
    "a note",
    explanation("股市 abc", [1.25, -0.5, 0.25, 0.01, -0.125]),
    [Neighbour("股市大涨", "甲", 0.98765, "/data/of mine/train.txt:7"), Neighbour("x", "乙", 0.5)],
)


def test_in_a_terminal() -> None:
    assert list(terminal_lines(PLAIN)) == [
        "股市 abc",
        "  甲 0.7500  乙 0.2500",
        "  note: a note",
        "  why 甲 rather than 乙 (+ speaks for 甲, - for 乙):",
        "      股   市    ␣ a    b",
        "    +1.2 -0.5 +0.2 . -0.1",
        "  most for 甲: 股 +1.25  ␣ +0.25  a +0.01",
        "  most for 乙: 市 -0.50  b -0.12",
        "  logits: +0.50 without any token, +0.89 by the tokens, +1.39 in all",
        "  (exact)",
        "  nearest training texts:",
        "    0.988  甲  股市大涨  (train.txt:7)",
        "    0.500  乙  x",
    ]


LONG = ExplainedAnswer(
    [("甲", 0.75)],
    None,
    explanation(
        "股" * 6000,
        [0.5, 0.25],
        unread_from=None,
        logit_difference=2.5,
        windows=[WindowContribution(n, 1000 * n, 1000 * n + 32, f"股市{n}\n" * 20, 1.5, 2.0 - n) for n in range(6)],
        window_count=188,
        other_windows=5.0,
    ),
)


def test_windows_in_a_terminal() -> None:
    lines = list(terminal_lines(LONG, width=60))
    assert lines[3:7] == [
        "  windows, the strongest of 188 (characters, what they add, their weight):",
        "            0-32        +2.00  x1.50  股市0 股市0 股市0 股…",
        "        1,000-1,032     +1.00  x1.50  股市1 股市1 股市1 股…",
        "        2,000-2,032     +0.00  x1.50  股市2 股市2 股市2 股…",
    ]
    assert lines[9] == "    the others: +2.00"
    assert lines[-2:] == [
        "  logits: +0.50 by unknown tokens, +2.00 by the windows, +2.50 in all",
        "  (exact of windows; of the tokens in the strongest, exact)",
    ]


def test_windows_on_the_page() -> None:
    page = explanations_page([LONG], model="LSTM", data="mine")
    found = Page(page).found
    assert ("td", "5032") in found
    assert ("td", "+2.000") in found
    assert "the strongest of 188 windows; all others add +5.000" in page
    assert page.count("股") < 700  # what is not told token by token is shortened


def test_colours_only_add() -> None:
    coloured = list(terminal_lines(PLAIN, coloured=True))
    assert coloured[4] == (
        "      \x1b[97;48;5;25m股\x1b[0m   \x1b[30;48;5;217m市\x1b[0m    \x1b[30;48;5;153m␣\x1b[0m a"
        "    \x1b[30;48;5;217mb\x1b[0m"
    )
    assert [re.sub("\x1b\\[[0-9;]*m", "", line) for line in coloured] == list(terminal_lines(PLAIN))


def test_a_narrow_terminal() -> None:
    many = ExplainedAnswer([("甲", 1.0)], None, explanation("股" * 400, [0.1] * 400))
    lines = list(terminal_lines(many, width=40))
    strip = lines[3:-4]
    assert strip[-1] == "    ... and 100 more tokens, which a page shows"
    assert "".join(strip[:-1:2]).count("股") == 300
    assert max(map(len, strip[:-1])) <= 40


def test_an_integrated_gradient_says_what_it_left_open() -> None:
    told = explanation("股", [1.0], method="integrated gradients", steps=48, gap=-0.0123)
    lines = list(terminal_lines(ExplainedAnswer([("甲", 1.0)], None, told)))
    assert lines[-1] == "  (integrated gradients; 48 steps left 0.01 open, which is divided among the tokens)"


def test_texts_of_people_do_nothing_in_a_terminal() -> None:
    told = explanation(HOSTILE, [0.5] * len(HOSTILE), label=HOSTILE, against=HOSTILE)
    hostile = ExplainedAnswer([(HOSTILE, 1.0)], None, told, [Neighbour(HOSTILE, HOSTILE, 0.5, HOSTILE)])
    assert all(line.isprintable() for line in terminal_lines(hostile))


def test_the_page() -> None:
    page = explanations_page([PLAIN], model="LSTM", data="mine")
    found = Page(page).found
    assert ("h1", "Reasons of LSTM on mine") in found
    assert ("span", "股") in found
    assert 'style="--s:1.00" data-c="+1.25" tabindex="-1">股</span>' in page
    assert 'class="t against seen" style="--s:0.40" data-c="-0.50"' in page
    assert '<span class="unread" title="not read">c</span>' in page
    assert ("bdi", "train.txt:7") in found
    assert "/data/of mine" not in page  # a page may be handed on
    assert "http" not in page


def test_texts_of_people_are_texts_on_the_page() -> None:
    told = explanation(HOSTILE + "</style>", [0.5] * len(HOSTILE), label=HOSTILE, against=HOSTILE)
    near = [Neighbour(HOSTILE, HOSTILE, 0.5, HOSTILE)]
    page = explanations_page([ExplainedAnswer([(HOSTILE, 1.0)], HOSTILE, told, near)], model=HOSTILE, data=HOSTILE)
    elements = Page(page)
    assert "script" not in {element for element, _ in elements.found}
    assert "<script" not in page
    assert page.count("</style>") == 2  # of the page itself
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202e]", page)
    page.encode("utf-8")


def test_pieces_are_the_text() -> None:
    told = PLAIN.explanation
    assert "".join(piece.text for piece in pieces(told)) == told.text
    assert [piece.unread for piece in pieces(told)] == [False] * 5 + [True]
    between = Explanation(**{**vars(told), "tokens": told.tokens[1:2] + told.tokens[3:4], "unread_from": None})
    assert [(piece.text, piece.contribution) for piece in pieces(between)] == [
        ("股", None), ("市", -0.5), (" ", None), ("a", 0.01), ("bc", None)
    ]  # fmt: skip


def test_a_tower_of_marks_is_cut() -> None:
    text = "a" + "\u0301" * 50 + "b"
    shown = "".join(piece.text for piece in pieces(explanation(text, [0.1] * len(text))))
    assert shown == "a\u0301\u0301\u0301b"


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_text(text: str) -> None:
    told = Explanation(text, "甲", "乙", 0.5, 0.5, 0.5, "exact", [TokenContribution("", 0, 0, 0.0, False)])
    answered = ExplainedAnswer([("甲", 0.5)], None, told)
    assert list(terminal_lines(answered))[:1] == ["(empty)"]
    assert ("span", "(empty)") in Page(explanations_page([answered], model="LSTM", data="mine")).found
    assert html.escape("(nothing)") in explanations_page([answered], model="LSTM", data="mine")
