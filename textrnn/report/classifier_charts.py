"""The charts on a classifier's page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textrnn.evaluation.groups import Group, ReliabilityBin
from textrnn.evaluation.metrics import class_scores
from textrnn.report.charts import Chart, number
from textrnn.report.data_summary import SPLITS, DataSummary
from textrnn.report.drawing import running_mean
from textrnn.report.plain import plain
from textrnn.training.history import History

MAX_CLASS_DOTS = 300
LINEAR = "linear model"


def share(value: float) -> str:
    """``93.4 %``."""
    return f"{value:.1%}".replace("%", " %")


def curves(history: History) -> list[Chart]:
    """Loss and accuracy against the step."""
    rows, best = history.evaluations, history.best
    steps = max(1, len(history.train_loss))
    loss = running_mean(history.train_loss, max(1, steps // 50)).tolist()
    where = history.judged_on
    highest = max([*loss, *(row["dev_loss"] for row in rows)], default=1.0)
    losses = Chart(
        f"Loss on train and {where} against the optimizer step", "optimizer step", "cross-entropy, nats per text",
        (0, steps), (0.0, highest * 1.05 if np.isfinite(highest) and highest > 0 else 1.0),
    )  # fmt: skip
    losses.line(list(enumerate(loss, 1)), "train", "train (running mean)")
    judged_by, called = history.judged_by
    what = called[0].upper() + called[1:]
    is_share = judged_by == "dev_accuracy"
    scores = Chart(f"{what} against the optimizer step", "optimizer step", called, (0, steps), percent=is_share)
    for chart, key in ((losses, "dev_loss"), (scores, judged_by)):
        points = [(row["step"], row[key]) for row in rows]
        chart.line(points, "dev", where)
        shown = rows if len(rows) <= 60 else []
        chart.dots([(row["step"], row[key], f"step {row['step']:,.0f}: {row[key]:.4f}") for row in shown], "dev")
        kept = f"kept, step {best['step']:,.0f}: {best[key]:.4f}"
        chart.dots([(best["step"], best[key], kept)], "best", f"kept: {best[key]:.4f}")
    return [losses, scores]


def lengths(summary: DataSummary) -> Chart:
    """How long texts are."""
    bounds, shares = summary.length_histogram()
    highest = max(float(part.max()) for part in shares.values())
    chart = Chart(
        "Share of texts by their length", "characters", "share of texts", (0, float(bounds[-1])), (0.0, highest * 1.05),
        percent=True,
    )  # fmt: skip
    first, *others = summary.names or SPLITS
    bars = zip(bounds[:-1].tolist(), bounds[1:].tolist(), shares[first].tolist(), strict=True)
    chart.bars(list(bars), "train", first)
    middles = ((bounds[:-1] + bounds[1:]) / 2).tolist()
    for name in others:
        chart.line(list(zip(middles, shares[name].tolist(), strict=True)), name, name)
    return chart


def reliability_diagram(
    before: Sequence[ReliabilityBin], after: Sequence[ReliabilityBin], *, of_labels: bool = False
) -> Chart:
    """How often answers are right, against how sure they are; or how often labels are true."""
    names = ("Accuracy against confidence", "confidence of the answer", "share right", "texts")
    if of_labels:
        names = ("Share of true labels against probability", "probability of the label", "share true", "answers")
    chart = Chart(
        f"{names[0]}, before and after calibration", names[1], names[2], (0.0, 1.0), percent=True, whole=False
    )
    rows = max(1, sum(part.rows for part in after))
    chart.bars([(part.low, part.high, part.rows / rows) for part in after], "rows", f"share of {names[3]} (after)")
    chart.line([(0.0, 0.0), (1.0, 1.0)], "ideal", "ideal")
    for name, parts in (("before", before), ("after", after)):
        chart.line([(part.confidence, part.accuracy) for part in parts], name, f"{name} calibration")
        chart.dots(
            [
                (
                    part.confidence,
                    part.accuracy,
                    f"{name}: {part.rows:,} {names[3]}, {'probability' if of_labels else 'confidence'} "
                    f"{share(part.confidence)}, {'true' if of_labels else 'right'} {share(part.accuracy)}",
                )
                for part in parts
            ],
            name,
        )
    return chart


def accuracy_by_length(groups: Sequence[Group], model_name: str) -> Chart:
    """Of each group, at the middle of its lengths."""
    middles = [max(1.0, (group.low + group.high) / 2) for group in groups]
    wide = bool(middles) and max(middles) > 20 * min(middles)
    low, high = min(middles, default=1.0), max(middles, default=1.0)
    margin = 0.1 * (high - low) or 1.0
    low, high = (low * 0.8, high * 1.2) if wide else (max(0.0, low - margin), high + margin)
    chart = Chart(
        "Accuracy against the length of texts", "characters", "accuracy on test", (low, high), logarithmic=wide,
        percent=True,
    )  # fmt: skip
    at = list(zip(middles, groups, strict=True))
    chart.intervals([(x, *group.interval) for x, group in at], "network")
    chart.line([(x, group.accuracy) for x, group in at], "network")
    said = [(x, group, f"{group.low:,} to {group.high:,} characters, {group.rows:,} texts") for x, group in at]
    if groups and groups[0].linear_accuracy is not None:
        beside = [(x, group.linear_accuracy or 0.0, text) for x, group, text in said]
        chart.line([(x, y) for x, y, _ in beside], "linear")
        chart.dots([(x, y, f"{LINEAR}: {text}, {share(y)}") for x, y, text in beside], "linear", LINEAR)
    network = [(x, group.accuracy, f"{model_name}: {text}, {share(group.accuracy)}") for x, group, text in said]
    chart.dots(network, "network", model_name)
    return chart


def classes_drawn(
    training_counts: NDArray[np.int64], support: NDArray[np.int64]
) -> tuple[NDArray[np.int64], tuple[float, float], bool]:
    """(C,) rows to learn from and in the test split -> the classes to draw, the rarest first; the bounds of the axis;
    and whether it is logarithmic."""
    tested = np.flatnonzero((support > 0) & (training_counts > 0))
    tested = tested[np.argsort(training_counts[tested], kind="stable")]
    if len(tested) > MAX_CLASS_DOTS:
        tested = tested[np.linspace(0, len(tested) - 1, MAX_CLASS_DOTS).round().astype(np.int64)]
    counts = training_counts[tested]
    low, high = (int(counts.min()), int(counts.max())) if len(counts) else (1, 1)
    wide = high > 4 * low
    margin = 0.1 * (high - low) or 0.5
    return tested, (low * 0.8, high * 1.25) if wide else (low - margin, high + margin), wide


def recall_by_training_rows(
    training_counts: NDArray[np.int64],
    confusion: NDArray[np.int64],
    linear: NDArray[np.int64] | None,
    class_names: Sequence[str],
    model_name: str,
) -> tuple[Chart, int]:
    """A mark for each class, and how many of those that the test split has are drawn: of very many, every other or so.

    Args:
        training_counts: (C,)
        confusion, linear: (C, C)
    """
    scores = class_scores(confusion)
    tested, bounds, wide = classes_drawn(training_counts, scores.support)
    chart = Chart(
        "Share of each class that is found, against its training rows", "training rows of the class", "recall on test",
        bounds, logarithmic=wide, percent=True,
    )  # fmt: skip
    models = [(model_name, "network", scores)]
    if linear is not None:
        models.insert(0, (LINEAR, "linear", class_scores(linear)))
    for name, kind, found in models:
        dots = []
        for index in tested.tolist():
            recall, rows = float(found.recall[index]), int(training_counts[index])
            said = f"{plain(class_names[index], 40)}: {number(rows)} training rows, {name} finds {share(recall)}"
            dots.append((float(rows), recall, said))
        chart.dots(dots, kind, name)
    return chart, len(tested)
