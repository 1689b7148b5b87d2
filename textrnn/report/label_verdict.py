"""What was learnt where rows have several labels, and what to try next. Settings are between backticks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from textrnn.errors import listed
from textrnn.evaluation.label_baseline import LabelBaseline
from textrnn.evaluation.metrics import wilson_interval
from textrnn.evaluation.multi_label import LabelFigures, MissedPair
from textrnn.evaluation.paired import LEVEL, PairedComparison
from textrnn.evaluation.records import ComparisonEntry
from textrnn.evaluation.verdict import (
    FEW_OF_A_CLASS,
    FEW_TEXTS,
    NOTABLE_CONFUSION,
    NOTABLE_UNREAD,
    Circumstances,
    CourseOfTraining,
)
from textrnn.report.text import in_percent, shortened, so_many_texts
from textrnn.report.verdict import (
    MORE_TEXTS,
    NGRAM_MODEL,
    NGRAMS_TOO,
    VECTORS_BESIDE,
    bare,
    by_chance,
    larger_pad_size,
    train_longer,
)

NOTABLE_LEAD = 0.005  # of macro F1
NAME = 30  # columns of a label
POOR = 0.4  # F1 of a label that is hardly learnt


@dataclass(frozen=True)
class LabelVerdict(CourseOfTraining):
    """The verdict on a run with several labels a row."""

    model_name: str
    class_names: Sequence[str]
    figures: LabelFigures
    baseline: LabelBaseline | None
    evaluations: Sequence[dict[str, float]]
    best: dict[str, float]
    circumstances: Circumstances

    @cached_property
    def sentences(self) -> list[str]:
        """What was learnt, where it errs, what to try next."""
        found = [self._result(), self._standing(), self._worst(), self._pair(), self._next()]
        return [sentence for sentence in found if sentence]

    @property
    def interval(self) -> tuple[float, float]:
        """Where the share of rows that are all right lies, with 95 % confidence."""
        return wilson_interval(int(self.figures.right.sum()), self.texts)

    @property
    def texts(self) -> int:
        """In the test split."""
        return self.figures.scores.row_count

    @cached_property
    def paired(self) -> PairedComparison | None:
        """Network and linear model on the same texts, by those that are all right."""
        return None if self.baseline is None else PairedComparison.of(self.figures.right, self.baseline.figures.right)

    @cached_property
    def worst_pair(self) -> MissedPair | None:
        """The labels that fail together most often; None where hardly any do."""
        pairs = self.figures.missed_pairs(1, 0)
        return pairs[0] if pairs and pairs[0].count >= NOTABLE_CONFUSION else None

    def to_dict(self) -> dict[str, Any]:
        """For ``metrics.json``."""
        return {
            "sentences": list(map(bare, self.sentences)),
            "has_learnt": self.figures.has_learnt,
            "learnt_by_heart": self.learnt_by_heart,
            "still_improving": self.still_improving,
            **({} if self.paired is None else {"beside_linear": self.paired.to_dict()}),
        }

    def _result(self) -> str:
        figures, (low, high) = self.figures, self.interval
        true, taken = figures.labels_a_row
        said = (
            f"{self.model_name} reaches macro F1 {figures.macro_f1:.3f} and micro F1 {figures.micro_f1:.3f} on "
            f"{so_many_texts(self.texts)} with {len(self.class_names):,} labels; {in_percent(figures.exact_match)} of "
            f"them get all their labels and no others (95 % interval {100 * low:.1f} to {in_percent(high)})"
        )
        if not figures.has_learnt:
            return f"{said}. As far as these texts show, it has learnt nothing."
        if self.texts < FEW_TEXTS:
            return f"{said}; so few texts say next to nothing."
        return f"{said}. It gives a text {taken:.2f} labels on average; the texts have {true:.2f}."

    def _standing(self) -> str:
        """Network and linear model."""
        if self.baseline is None or self.paired is None:
            return ""
        own, linear = self.figures, self.baseline.figures
        said = f"The linear model reaches macro F1 {linear.macro_f1:.3f} and micro F1 {linear.micro_f1:.3f}"
        lead = own.macro_f1 - linear.macro_f1
        better = "the network is ahead" if lead > 0 else "it is ahead"
        if abs(lead) < NOTABLE_LEAD:
            better = "there is little between them"
        return (
            f"{said}: {better}. All labels right: {so_many_texts(self.paired.only_first)} by the network alone, "
            f"{self.paired.only_second:,} by the linear model alone ({by_chance(self.paired)})."
        )

    def _worst(self) -> str:
        """The label with the lowest F1, and whether it has few rows."""
        scores, counts = self.figures.of_labels, self.circumstances.training_counts
        tested = [index for index in range(len(self.class_names)) if scores.support[index] > 0]
        if len(tested) < 2 or not self.figures.has_learnt:
            return ""
        index = min(tested, key=lambda at: (float(scores.f1[at]), at))
        if scores.f1[index] >= POOR:
            return ""
        name, f1 = shortened(self.class_names[index], NAME), float(scores.f1[index])
        rows = so_many_texts(int(counts[index])) if counts else ""
        why = f": only {rows} to learn it from" if counts and counts[index] < FEW_OF_A_CLASS else ""
        many = sum(scores.f1[at] < POOR for at in tested)
        others = f" ({many - 1:,} more below {POOR})" if many > 1 else ""
        return f"The label that is found worst is {name}, F1 {f1:.2f}{why}{others}."

    def _pair(self) -> str:
        pair = self.worst_pair
        if pair is None or not self.figures.has_learnt:
            return ""
        true, other = (shortened(self.class_names[index], NAME) for index in (pair.true, pair.other))
        if pair.taken:
            return f"Most often, {other} is given where {true} would be right ({so_many_texts(pair.count)})."
        return f"Most often, {true} and {other} are missed together ({so_many_texts(pair.count)})."

    def _next(self) -> str:
        """What to try, the most promising first; nothing where nothing was trained."""
        hints = list(self._hints())[:2] if self.evaluations else []
        return f"Next: {'; '.join(hints)}." if hints else ""

    def _hints(self) -> Iterator[str]:
        given = self.circumstances
        if self.texts < FEW_TEXTS:
            yield MORE_TEXTS
        if given.unread > NOTABLE_UNREAD:
            yield larger_pad_size(given)
        if not self.figures.has_learnt:
            yield "more `epochs` or another `learning_rate`"
            return
        if self.still_improving:
            yield train_longer(given)
        if self.model_name != NGRAM_MODEL:
            yield NGRAMS_TOO
        if given.vectors_beside:
            yield VECTORS_BESIDE
        if self.learnt_by_heart:
            known = f"training loss {self.best['train_loss']:.2f}, dev loss {self.best['dev_loss']:.2f}"
            yield f"more texts, for it knows its own by heart ({known})"


def compared_by_labels(ranked: Sequence[ComparisonEntry]) -> list[str]:
    """The verdict on several models where rows have several labels: by macro F1, and by the rows that are all right.

    Args:
        ranked: the best first, by macro F1.
    """
    best, *others = ranked
    if not others:
        return []
    found = [
        f"{best.name} has the highest macro F1, {best.macro_f1:.3f}; {others[0].name} has {others[0].macro_f1:.3f}."
    ]
    pairs = {other.name: PairedComparison.of(best.right, other.right) for other in others}
    level = LEVEL / len(others)  # among many comparisons, one would be by chance (Bonferroni)
    told = [(name, paired.only_first > paired.only_second) for name, paired in pairs.items() if paired.p_value < level]
    ahead, behind = ([name for name, is_ahead in told if is_ahead == way] for way in (True, False))
    rows = so_many_texts(len(best.right))
    if ahead:
        found.append(f"It gets all labels right in more of {rows} than {listed(ahead)}, by more than chance.")
    if behind:
        found.append(f"All labels are right in more of {rows} with {listed(behind)}, by more than chance.")
    nothing = [entry.name for entry in ranked if not entry.has_learnt]
    if nothing:
        found.append(f"No better than blind answers: {listed(nothing)}.")
    return found
