"""What the page of a classifier shows where rows have several labels; the template only puts it in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.config import ClassifierSettings
from textrnn.evaluation.groups import by_length
from textrnn.report.classifier_charts import accuracy_by_length, curves, reliability_diagram, share
from textrnn.report.data_summary import DataSummary
from textrnn.report.label_answers import LabelAnswers
from textrnn.report.label_charts import f1_by_training_rows, reliability_of, worst_labels
from textrnn.report.page_data import (
    MAX_CLASS_ROWS,
    MAX_ERRORS,
    MAX_NAME,
    command_pieces,
    data_values,
    files_read,
    finding_values,
    group_rows,
    test_place,
)
from textrnn.report.plain import plain
from textrnn.report.repeat import versions
from textrnn.report.verdict import bare

if TYPE_CHECKING:
    from textrnn.report.multi_label import MultiLabelResult

MAX_TABLES, MAX_PAIRS = 60, 15
MAX_LABELS = 120  # characters of the labels of a row


def label_page_values(
    result: MultiLabelResult, summary: Sequence[tuple[str, str]], settings: ClassifierSettings | None
) -> dict[str, Any]:
    """The values of ``classification.html.jinja``.

    Args:
        summary: names and values for the first table.
        settings: of the run, for the command that repeats it.
    """
    dataset, names = result.dataset, result.dataset.class_names
    data = DataSummary(dataset)
    return {
        "summary": summary,
        "comparison": result.comparison,
        "verdict": list(map(bare, result.verdict.sentences)),
        "read": files_read(dataset),
        **data_values(data),
        **finding_values(dataset),
        "curves": [] if result.history is None else curves(result.history),
        "per_class": {
            "table": result.label_rows(MAX_CLASS_ROWS, MAX_NAME),
            "left_out": max(0, len(names) - MAX_CLASS_ROWS),
        },
        "matrix": None,
        "several": _several(result),
        "place": test_place(dataset),
        **_errors(result.answers),
        "suspects": None,
        "suspects_found": None,
        "too_many_suspects": False,
        **_calibration(result),
        **_by_length(result),
        **_by_training_rows(result, data),
        "command": command_pieces(settings, baseline=result.baseline is not None),
        "versions": list(versions().items()),
    }


def _several(result: MultiLabelResult) -> dict[str, Any]:
    """A small table for each label, of many labels for the worst; and the labels that fail together."""
    figures, names = result.figures, result.dataset.class_names
    count = len(names)
    shown = list(range(count)) if count <= MAX_TABLES else worst_labels(figures.of_labels, MAX_TABLES)
    tables = []
    for index in shown:
        table = figures.tables[index]
        shares = table / np.maximum(1, table.sum(axis=1, keepdims=True))
        cells = [[(f"{table[row, column]:,}", float(shares[row, column])) for column in (0, 1)] for row in (0, 1)]
        said = f"F1 {figures.of_labels.f1[index]:.2f}, threshold {figures.thresholds[index]:.2f}"
        tables.append({"name": plain(names[index], MAX_NAME), "cells": cells, "said": said})
    return {"tables": tables, "left_out": count - len(shown), "pairs": result.pair_lines(MAX_PAIRS, MAX_NAME)}


def _errors(answers: LabelAnswers) -> dict[str, Any]:
    rows = [
        {
            "line": answers.place(index),
            "text": answers.split.texts[index],
            "true": _joined(answers.true(index)),
            "predicted": _joined(answers.predicted(index)),
            "probability": f"{answers.surest[index]:.4f}",
            "linear": "" if answers.linear is None else _joined(answers.linear_answer(index)),
        }
        for index in answers.most_confident_errors(MAX_ERRORS)
    ]
    return {"errors": rows, "wrong": len(answers.wrong), "tested": len(answers.split)}


def _joined(names: Sequence[str]) -> str:
    return plain(", ".join(names), MAX_LABELS) if names else "(none)"


def _calibration(result: MultiLabelResult) -> dict[str, Any]:
    scores = result.figures.scores
    before, after = reliability_of(scores.before), reliability_of(scores.after)
    table = [["probability", "answers", "mean", "true", "answers before", "mean before", "true before"]]
    by_low = [{part.low: part for part in parts} for parts in (after, before)]
    for low in sorted({*by_low[0], *by_low[1]}):
        parts = [found.get(low) for found in by_low]
        bounds = next(part for part in parts if part is not None)
        row = [f"{100 * bounds.low:.1f} to {share(bounds.high)}"]
        for part in parts:
            row += [f"{part.rows:,}", share(part.confidence), share(part.accuracy)] if part else ["0", "", ""]
        table.append(row)
    return {
        "reliability": reliability_diagram(before, after, of_labels=True),
        "reliability_rows": table,
        "calibration_errors": result.figures.calibration_errors,
        "temperature": result.figures.calibration.temperature,
    }


def _by_length(result: MultiLabelResult) -> dict[str, Any]:
    """The share of rows that are all right, by how long the texts are."""
    texts, baseline = result.dataset.test.texts, result.baseline
    linear = None if baseline is None else baseline.figures.right
    groups = by_length(texts, np.zeros(len(texts), dtype=np.int64), result.figures.right, linear)
    chart = accuracy_by_length(groups, result.model_name)
    chart.description, chart.y_name = "Rows that are all right, against the length of texts", "all right, share of test"
    rows = group_rows(groups, "characters", linear=linear is not None, classes=False)
    rows[0][2] = "all right"
    return {"by_length": chart, "by_length_rows": rows}


def _by_training_rows(result: MultiLabelResult, data: DataSummary) -> dict[str, Any]:
    if result.history is None:
        return {"by_rows": None, "by_rows_drawn": 0, "by_rows_tested": 0, "by_rows_rows": []}
    counts, own = data.class_counts[:, 0], result.figures.of_labels
    linear = None if result.baseline is None else result.baseline.figures.of_labels
    chart, drawn = f1_by_training_rows(counts, own, linear, result.dataset.class_names, result.model_name)
    tested = own.support > 0
    rows = [["training rows", "labels", "mean F1", *([] if linear is None else ["linear model"])]]
    upper = [step * 10**power for power in range(len(str(counts.max(initial=1)))) for step in (1, 2, 5, 10)]
    group_of = np.searchsorted(np.unique(upper), counts)
    for group in np.unique(group_of[tested]):
        at = tested & (group_of == group)
        low, high = int(counts[at].min()), int(counts[at].max())
        means = [f"{float(found.f1[at].mean()):.4f}" for found in (own, linear) if found is not None]
        rows.append([f"{low:,}" if low == high else f"{low:,} to {high:,}", f"{int(at.sum()):,}", *means])
    return {"by_rows": chart, "by_rows_drawn": drawn, "by_rows_tested": int(tested.sum()), "by_rows_rows": rows}


def label_headline(result: MultiLabelResult) -> list[tuple[str, str, str]]:
    """The figures at the top of the page: what, value, explanation."""
    figures, (low, high) = result.figures, result.verdict.interval
    rows = figures.scores.row_count
    found = [
        ("macro F1", f"{figures.macro_f1:.4f}", "mean of all labels, however few their rows"),
        ("micro F1", f"{figures.micro_f1:.4f}", "all labels of all rows thrown together"),
        ("all right", share(figures.exact_match), f"95 % interval {share(low)} to {share(high)}, {rows:,} texts"),
    ]
    if result.baseline is not None:
        linear = result.baseline.figures
        found.append(("linear model", f"{linear.macro_f1:.4f}", f"macro F1; micro F1 {linear.micro_f1:.4f}"))
    return found
