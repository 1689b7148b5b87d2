"""What 8 bits cost: the graph of fp32 and that of 8 bits answer for the same texts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.export.runtime import Session

ROUNDS, TIMED = 3, 2000  # the graphs take turns, so often, on at most so many texts; the quickest round counts


@dataclass(frozen=True)
class Measured:
    """How a graph does on texts that the model has not learnt from.

    Attributes:
        figure: accuracy of a classifier, nats a character of a language model
        speed: texts a second, or characters
    """

    figure: float
    speed: float


@dataclass(frozen=True)
class Comparison:
    """The graph of fp32 and that of 8 bits on the same texts.

    Attributes:
        count: of texts, or of characters
    """

    count: int
    fp32: Measured
    int8: Measured


@dataclass(frozen=True)
class Unlearnt:
    """Texts that a model has not learnt from.

    Attributes:
        count: of texts, or of characters
        answer: a session's answers for the first of them, as many as are asked for
        figure: how good the answers for all of them are
    """

    count: int
    answer: Callable[[Session, int], NDArray[Any]]
    figure: Callable[[NDArray[Any]], float]


def compare(fp32: Session, int8: Session, texts: Unlearnt) -> Comparison:
    """How well both answer, and how quickly."""
    sessions, timed = (fp32, int8), min(texts.count, TIMED)
    figures = [texts.figure(texts.answer(session, texts.count)) for session in sessions]
    seconds = [np.inf, np.inf]
    for _ in range(ROUNDS):
        for which, session in enumerate(sessions):
            started = time.perf_counter()
            texts.answer(session, timed)
            seconds[which] = min(seconds[which], time.perf_counter() - started)
    measured = [Measured(figure, timed / spent) for figure, spent in zip(figures, seconds, strict=True)]
    return Comparison(texts.count, *measured)
