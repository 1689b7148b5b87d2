"""One answer of a classifier, with the labels' own type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textrnn.saved.answers import as_document


@dataclass(frozen=True)
class Answer:
    """What a classifier says of a text.

    Attributes:
        classes: the most probable labels with their probabilities, best first
        note: what was unusual about the text, in words
        labels: where texts may have several labels, those that it is given, likeliest first; None: one label a text
    """

    text: str
    classes: list[tuple[Any, float]]
    note: str | None = None
    labels: list[tuple[Any, float]] | None = None

    @property
    def label(self) -> Any:
        """The most probable label."""
        return self.classes[0][0]

    @property
    def probability(self) -> float:
        """That of the most probable label."""
        return self.classes[0][1]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as the command line and the server write them: labels are strings."""
        return as_document(self.text, self.classes, self.note, labels=self.labels)
