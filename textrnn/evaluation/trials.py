"""The trials of a search, as they are kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

DONE, STOPPED_EARLY, FAILED = "done", "stopped early", "failed"
MAXIMISED = {"dev_accuracy": True, "dev_macro_f1": True, "dev_perplexity": False}  # what trials are judged by


@dataclass(frozen=True)
class Trial:
    """One training of a search.

    Attributes:
        number: from 1; the first is that of the defaults
        settings: those that are searched
        state: DONE, STOPPED_EARLY or FAILED
        scores: of the held-out data, with the weights that were kept: ``dev_accuracy``, ``dev_loss`` ...; empty of one
            that failed
        progress: share of the training that was done
        reason: why it failed
    """

    number: int
    settings: Mapping[str, Any]
    state: str
    scores: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    progress: float = 1.0
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As ``search.json`` has it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """From what :meth:`to_dict` gave."""
        return cls(**kept)


def best_of(trials: Sequence[Trial], judged_by: str) -> Trial | None:
    """The best that was done to its end: by what trials are judged by, then by the dev loss, then the first."""
    sign = -1.0 if MAXIMISED[judged_by] else 1.0
    done = [trial for trial in trials if trial.state == DONE]
    return min(done, key=lambda t: (sign * t.scores[judged_by], t.scores["dev_loss"], t.number), default=None)
