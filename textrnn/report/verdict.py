"""What was learnt and what to try next, in a few sentences. Settings are between backticks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from textrnn.errors import listed
from textrnn.evaluation.metrics import accuracy, macro_f1, perplexity
from textrnn.evaluation.paired import LEVEL, PairedComparison
from textrnn.evaluation.records import ComparisonEntry, HeldOutScores
from textrnn.evaluation.verdict import FEW_TEXTS, NOTABLE_UNREAD, SHORT, STILL_FALLING, Circumstances, VerdictFigures
from textrnn.report.text import in_percent, shortened, so_many_texts

NGRAM_MODEL = "BiLSTM_Ngram"  # the model that sees the same n-grams as the linear one
LINEAR_MODEL, AUTO = "Linear", "auto"
MORE_TEXTS = "more labelled texts, some hundreds at least"
NGRAMS_TOO = f"`model={NGRAM_MODEL}`, which reads n-grams, too, and is usually the most accurate"
VECTORS_BESIDE = "`embedding=pretrained`, for vectors lie beside the data"
MANY_TEXTS = 5000  # to learn from; with 45,000, that model is ahead of the linear one, with 2,000 level with it
MANY_TESTED = 1000  # texts
NGRAMS_SHOWN = 3
FEW_PASSES = 1.5  # through a text
TEXT_BY_HEART = 0.9  # training loss of a language model, as a share of that on what is held out


def bare(text: str) -> str:
    """The same with settings as plain names, for a file or a page."""
    return re.sub("`([a-z][a-z0-9_]*(?:=[^`]*)?)`", r"\1", text)


def _quoted(ngrams: Sequence[str]) -> str:
    return ", ".join(f'"{ngram}"' for ngram in ngrams)


def by_chance(paired: PairedComparison) -> str:
    """How probable a difference of that size is where there is none."""
    return "p < 0.001" if paired.p_value < 0.001 else f"p = {paired.p_value:.2g}"


def larger_pad_size(given: Circumstances) -> str:
    """What to try where much of the text is not read."""
    return f"a larger `pad_size` than {given.pad_size:,}, for {given.unread:.0%} of the text is not read"


def train_longer(given: Circumstances) -> str:
    """What to try where the training ended too soon."""
    twice = f"`epochs={2 * (given.epochs or 1)}`" if given.budget is None else f"`budget={2 * given.budget:g}`"
    return f"train longer ({twice}), for the dev loss fell to the end"


@dataclass(frozen=True)
class Verdict:
    """The verdict on a classifier's run.

    Attributes:
        test_texts: (N,)
    """

    model_name: str
    class_names: Sequence[str]
    test_texts: Sequence[str]
    figures: VerdictFigures

    @cached_property
    def sentences(self) -> list[str]:
        """What was learnt, where it errs, what to try next."""
        found = [self._result(), self._standing(), self._confusion(), self._next()]
        return [sentence for sentence in found if sentence]

    def to_dict(self) -> dict[str, Any]:
        """For ``metrics.json``."""
        return {"sentences": list(map(bare, self.sentences)), **self.figures.to_dict()}

    def _result(self) -> str:
        figures, confusion = self.figures, self.figures.figures.confusion
        low, high = figures.interval
        said = (
            f"{self.model_name} answers {in_percent(accuracy(confusion))} of {so_many_texts(figures.texts)} right "
            f"(95 % interval {100 * low:.1f} to {in_percent(high)}), macro F1 {macro_f1(confusion):.2f}"
        )
        if figures.classes_in_test < 2:
            return f"{said}; but all of them are of one class, so that this says little."
        largest = f"always naming the largest class gets {in_percent(figures.figures.largest_share)}"
        if not figures.has_learnt:
            return f"{said}. As far as these texts show, it has learnt nothing: {largest}."
        if figures.texts < FEW_TEXTS:
            return f"{said}; so few texts say next to nothing."
        if accuracy(confusion) <= figures.figures.largest_share:
            return f"{said}; {largest}."
        return f"{said}."

    def _standing(self) -> str:
        """Network and linear model."""
        baseline, paired = self.figures.baseline, self.figures.paired
        if baseline is None or paired is None:
            return ""
        said = f"The linear model gets {in_percent(baseline.accuracy)}, macro F1 {macro_f1(baseline.confusion):.2f}"
        if paired.only_first == paired.only_second == 0:
            return f"{said}: right and wrong on the very same texts."
        apart = (
            f"it alone is right on {so_many_texts(paired.only_second)}, the network alone on {paired.only_first:,}, "
            f"{by_chance(paired)}"
        )
        if paired.standing == "better":
            return f"{said}; the network is better, by more than chance ({apart})."
        gap = "no gap" if paired.only_first == paired.only_second else "the gap may be chance"
        better = "; it is better, by more than chance" if paired.standing == "worse" else f"; {gap}"
        return f"{said}{better} ({apart}){self._seen_by_linear()}."

    def _seen_by_linear(self) -> str:
        """The n-grams by which the linear model answers what the network does not."""
        baseline, figures = self.figures.baseline, self.figures.figures
        if baseline is None or baseline.model is None:
            return ""
        rows = [
            row for row, (label, linear) in enumerate(zip(figures.labels, baseline.predictions, strict=True))
            if linear == label != figures.predictions[row]
        ]  # fmt: skip
        if len(rows) < NGRAMS_SHOWN:
            return ""
        ngrams = baseline.model.telling(
            [self.test_texts[row] for row in rows],
            [figures.labels[row] for row in rows],
            figures.predictions[rows],
            NGRAMS_SHOWN,
        )
        return f"; there, {_quoted(ngrams)} tell the linear model what is right" if ngrams else ""

    def _confusion(self) -> str:
        """Which classes are confused most, and why."""
        figures, pair = self.figures, self.figures.worst_pair
        if pair is None or not figures.has_learnt:
            return ""
        true, taken = (shortened(self.class_names[index], 30) for index in (pair.true, pair.predicted))
        of_class = int(figures.figures.confusion[pair.true].sum())
        said = f"Most often, {true} is taken for {taken} ({pair.count:,} of {so_many_texts(of_class)})"
        if figures.is_rare:
            counts = figures.circumstances.training_counts
            only, against = counts[pair.true], counts[pair.predicted]
            return f"{said}: of {true} there are only {so_many_texts(only)} to learn from, of {taken} {against:,}."
        baseline, shared = figures.baseline, figures.shared_mistakes
        if baseline is None or baseline.model is None:
            return f"{said}."
        ngrams = baseline.model.telling(
            [self.test_texts[row] for row in pair.examples],
            [pair.predicted] * pair.count,
            [pair.true] * pair.count,
            NGRAMS_SHOWN,
        )
        why = f" To the linear model, {_quoted(ngrams)} in them speak for {taken}." if ngrams else ""
        too = f"the linear model errs so on {shared:,} of them" if shared else "the linear model on none of them"
        return f"{said}; {too}.{why}"

    def _next(self) -> str:
        """What to try, the most promising first; nothing where nothing was trained."""
        if not self.figures.evaluations:
            return ""
        hints = list(self._hints())[:2]
        return f"Next: {'; '.join(hints)}." if hints else ""

    def _hints(self) -> Iterator[str]:
        figures, given = self.figures, self.figures.circumstances
        if figures.classes_in_test < 2:
            yield "a test split with texts of every class"
            return
        if not figures.figures.confused(1, 0):
            yield "nothing" if figures.texts >= MANY_TESTED else "a larger test split, for this one shows no mistake"
            return
        if figures.texts < FEW_TEXTS:
            yield MORE_TEXTS
        if given.unread > NOTABLE_UNREAD:
            yield larger_pad_size(given)
        if figures.misses_rare_classes and not given.balanced:
            yield "`class_weight=balanced`, for rare classes are missed (macro F1 is well below the accuracy)"
        if not figures.has_learnt:
            yield self._where_nothing_is_learnt()
            return
        if figures.still_improving:
            yield train_longer(given)
        yield from self._other_models()
        if given.vectors_beside:
            yield VECTORS_BESIDE
        if figures.learnt_by_heart:
            where = "cross-validated" if given.all_learnt else "dev"
            known = f"training loss {figures.best['train_loss']:.2f}, {where} loss {figures.best['dev_loss']:.2f}"
            yield f"more texts, for it knows these {given.training_texts:,} by heart ({known})"

    def _where_nothing_is_learnt(self) -> str:
        if self.figures.baseline is None:
            return "more `epochs` or another `learning_rate`"
        if self.figures.linear_has_learnt:
            return "more `epochs` or another `learning_rate`, for the linear model finds something to learn"
        return "a look at the labels, for the linear model finds nothing, either"

    def _other_models(self) -> Iterator[str]:
        """By the size of the data, see benchmarks/LOG.md; never the model that was trained."""
        given, paired, baseline = self.figures.circumstances, self.figures.paired, self.figures.baseline
        few, other = given.training_texts < MANY_TEXTS, self.model_name != NGRAM_MODEL
        ahead = paired is not None and paired.standing == "better"
        if few and not ahead and baseline is not None:
            itself = [f"the linear model itself (`model={LINEAR_MODEL}`)"] if self.model_name != LINEAR_MODEL else []
            both = [f"`model={AUTO}`, which mixes it with a network where that is better"] if other else []
            if itself or not given.all_learnt:  # of so few texts, the linear model is all that `auto` trains
                yield f"with {given.training_texts:,} texts to learn from, {', or '.join([*itself, *both])}"
        elif other and not ahead:
            yield NGRAMS_TOO
        elif other and given.tokens_per_text <= SHORT:
            yield f"`model={NGRAM_MODEL}`, usually the most accurate on short texts"


def compared(ranked: Sequence[ComparisonEntry]) -> list[str]:
    """The verdict on several models: which of them the best is better than, and what has learnt nothing.

    Args:
        ranked: the best first.
    """
    best, *others = ranked
    pairs = {other.name: PairedComparison.of(best.right, other.right) for other in others}
    level = LEVEL / max(1, len(others))  # among many comparisons, one would be by chance (Bonferroni)
    ahead = [name for name, paired in pairs.items() if paired.p_value < level]
    alike = [name for name in pairs if name not in ahead]
    found = []
    if alike:
        found.append(
            f"{so_many_texts(len(best.right))} cannot tell {best.name} from {listed(alike)}: the differences may be "
            "chance."
        )
    if ahead:
        found.append(f"{best.name} is better than {listed(ahead)}, by more than chance.")
    nothing = [entry.name for entry in ranked if not entry.has_learnt]
    if nothing:
        found.append(f"No better than always naming the largest class: {listed(nothing)}.")
    return found


def on_language_model(
    name: str, scores: HeldOutScores, evaluations: Sequence[dict[str, float]], best: dict[str, float]
) -> list[str]:
    """The verdict on a language model: the network, the n-gram and both; what would help.

    Args:
        evaluations: on what is held out, and the `best` of them.
    """
    found = []
    if scores.ngram is not None:
        both, network, ngram = map(perplexity, (scores.model, scores.network, scores.ngram))
        first, second = (f"the {name}", "the n-gram") if network < ngram else ("the n-gram", f"the {name}")
        saved = 1 - scores.model / min(scores.network, scores.ngram)
        worth = "together, the same"
        if abs(saved) >= 0.005:
            worth = f"together they need {in_percent(abs(saved))} {'fewer' if saved > 0 else 'more'} bits than that"
        found.append(
            f"Alone, {first} is ahead, with perplexity {min(network, ngram):.2f}, of {second} with "
            f"{max(network, ngram):.2f}; {worth} ({both:.2f})."
        )
    last = evaluations[-1]
    before = [row for row in evaluations if row["step"] <= 0.8 * last["step"]]
    if best["train_loss"] < TEXT_BY_HEART * best["dev_loss"]:
        found.append(
            f"Next: a longer text, for it knows this one better than what is held out (perplexity "
            f"{perplexity(best['train_loss']):.2f} and {perplexity(best['dev_loss']):.2f})."
        )
    elif last["passes"] < FEW_PASSES or (before and last["dev_loss"] < (1 - STILL_FALLING) * before[-1]["dev_loss"]):
        found.append(
            "Next: train longer (`epochs` or `budget`), for "
            + (
                "the text was read only once, or less."
                if last["passes"] < FEW_PASSES
                else "the perplexity on what is held out fell to the end."
            )
        )
    return found
