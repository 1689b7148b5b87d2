"""Everything that a classifier's page shows, computed from its result; the template only puts it in place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn.config import ClassifierSettings
from textrnn.corpus.dataset import Dataset
from textrnn.corpus.readers.rows import Reading
from textrnn.evaluation.groups import Group, by_length, by_training_rows, reliability
from textrnn.evaluation.metrics import accuracy, class_scores, macro_f1
from textrnn.report.classifier_charts import (
    accuracy_by_length,
    curves,
    lengths,
    recall_by_training_rows,
    reliability_diagram,
    share,
)
from textrnn.report.confusion import MatrixView
from textrnn.report.data_summary import SPLITS, DataSummary
from textrnn.report.errors_table import Answers
from textrnn.report.few_labels import ladder_table
from textrnn.report.label_errors import TOO_MANY, SuspectRow
from textrnn.report.notes import words
from textrnn.report.plain import as_cell, plain
from textrnn.report.reading import understood
from textrnn.report.repeat import command, versions
from textrnn.report.verdict import bare

if TYPE_CHECKING:
    from textrnn.report.classification import ClassificationResult

# A row whose label is probably wrong: split, line, text, given label, suggested label, probability of the suggestion.
MAX_CLASS_ROWS, MAX_NAME = 500, 60  # classes in a table; characters of a name in one
MAX_ERRORS, MAX_SUSPECTS, MAX_FINDINGS, MAX_LEFT_OUT = 50, 100, 100, 20
MAX_FINDING, MAX_COMMAND = 400, 8000  # characters


def page_values(
    result: ClassificationResult,
    summary: Sequence[tuple[str, str]],
    settings: ClassifierSettings | None,
    suspects: Sequence[SuspectRow] | None,
) -> dict[str, Any]:
    """The values of ``classification.html.jinja``.

    Args:
        summary: names and values for the first table.
        settings: of the run, for the command that repeats it.
        suspects: the likeliest first; None where nobody looked for them.
    """
    dataset, answers = result.dataset, result.answers
    data = DataSummary(dataset)
    return {
        "summary": summary,
        "comparison": result.comparison,
        "ladder": ladder_table(result.rungs),
        "interval": result.verdict.figures.interval,
        "verdict": list(map(bare, result.verdict.sentences)),
        "read": files_read(dataset),
        **data_values(data),
        **finding_values(dataset),
        "curves": [] if result.history is None else curves(result.history),
        "per_class": _classes(result, data),
        "matrix": MatrixView.of(answers),
        "several": None,
        "confused": result.confused,
        "place": test_place(dataset),
        **_errors(answers),
        "suspects": suspects and suspects[:MAX_SUSPECTS],
        "suspects_found": None if suspects is None else len(suspects),
        "too_many_suspects": suspects is not None and len(suspects) > TOO_MANY * len(dataset),
        **_calibration(result),
        **_by_length(result),
        **_by_training_rows(result, data),
        "command": command_pieces(settings, baseline=result.baseline is not None),
        "versions": list(versions().items()),
    }


def command_pieces(settings: ClassifierSettings | None, *, baseline: bool) -> list[str]:
    """The command that repeats the run, in pieces that stay on one line."""
    if settings is None:
        return []
    first, *others = as_cell(command(settings, baseline=baseline), MAX_COMMAND).split(" --")
    return [first, *(f"--{other}" for other in others)]


def readings(dataset: Dataset) -> list[Reading]:
    """What is known of how the files were read, each file once."""
    found: dict[Path, Reading] = {}
    for split in (dataset.train, dataset.dev, dataset.test):
        if split.rows is not None and split.rows.reading is not None:
            found.setdefault(split.rows.reading.path, split.rows.reading)
    return list(found.values())


def files_read(dataset: Dataset) -> list[dict[str, Any]]:
    """Of each file: the splits that are from it, what was understood, and the first rows that were left out."""
    by_file: dict[Path | None, dict[str, Any]] = {}
    for name, split in zip(SPLITS, (dataset.train, dataset.dev, dataset.test), strict=True):
        if not len(split) and (not len(dataset.train) or split.rows is None):
            continue  # of a saved model on other texts there is the test split alone; of few rows, no dev split
        path = split.rows.path if split.rows is not None else None
        file = by_file.setdefault(path, {"splits": [], "rows": 0, "reading": None})
        file["splits"].append(name)
        file["rows"] += len(split)
        file["reading"] = split.rows.reading if split.rows is not None else None
    found = []
    for path, file in by_file.items():
        reading: Reading | None = file["reading"]
        line = f"{'texts in memory' if path is None else path.name}: {file['rows']:,} rows"
        left_out = () if reading is None else reading.left_out
        found.append(
            {
                "splits": ", ".join(file["splits"]),
                "line": understood(reading) if reading is not None else line,
                "left_out": left_out[:MAX_LEFT_OUT],
                "more_left_out": max(0, len(left_out) - MAX_LEFT_OUT),
            }
        )
    return found


def test_place(dataset: Dataset) -> str:
    """Whose lines the page names: ``test.txt``; empty for texts in memory."""
    return "" if dataset.test.rows is None else dataset.test.rows.path.name


def data_values(data: DataSummary) -> dict[str, Any]:
    """What the data is like."""
    splits = [at for at, name in enumerate(SPLITS) if name in data.names]
    counts, names = data.class_counts[:, splits or [0]], data.dataset.class_names
    largest = np.argsort(-counts[:, 0], kind="stable")[:MAX_CLASS_ROWS]
    total = max(1, int(counts[:, 0].max()))
    rows = [
        {
            "name": plain(names[index], MAX_NAME),
            "counts": [f"{count:,}" for count in counts[index]],
            "share": float(counts[index, 0] / total),
        }
        for index in largest.tolist()
    ]
    return {
        "splits": data.split_rows(),
        "scripts": data.script_rows(),
        "class_counts": rows,
        "count_splits": data.names,
        "class_count": len(names),
        "lengths": lengths(data),
    }


def finding_values(dataset: Dataset) -> dict[str, Any]:
    """What the checks found, and other notes."""
    found = [note["finding"] for note in dataset.notes if note.kind == "finding"]
    found.sort(key=lambda finding: finding.severity != "error")
    others = [bare(words(note)) for note in dataset.notes if note.kind not in ("finding", "read")]
    return {
        "findings": [(finding.severity, plain(bare(str(finding)), MAX_FINDING)) for finding in found[:MAX_FINDINGS]],
        "more_findings": max(0, len(found) - MAX_FINDINGS),
        "notices": [plain(line, MAX_FINDING) for line in others[:MAX_FINDINGS]],
    }


def _classes(result: ClassificationResult, data: DataSummary) -> dict[str, Any]:
    """The class table: the largest classes, in the order of their indices, and the mean of all."""
    confusion, names = result.figures.confusion, result.dataset.class_names
    scores = class_scores(confusion)
    linear = None if result.baseline is None else class_scores(result.baseline.confusion)
    shown = np.sort(np.argsort(-scores.support, kind="stable")[:MAX_CLASS_ROWS]).tolist()
    heads = ["class", "precision", "recall", "F1", *(["F1, linear model"] if linear else []), "test"]
    has_training = result.history is not None
    table = [[*heads, "training"] if has_training else heads]
    for index in shown:
        shares = [scores.precision[index], scores.recall[index], scores.f1[index]]
        shares += [linear.f1[index]] if linear else []
        figures = [f"{value:.4f}" for value in shares]
        table.append(
            [
                plain(names[index], MAX_NAME),
                *figures,
                f"{scores.support[index]:,}",
                *([f"{data.class_counts[index, 0]:,}"] if has_training else []),
            ]
        )
    means = ["macro mean", "", "", f"{macro_f1(confusion):.4f}"]
    means += [f"{macro_f1(result.baseline.confusion):.4f}"] if result.baseline is not None else []
    means.append(f"{scores.support.sum():,}")
    table.append([*means, f"{data.class_counts[:, 0].sum():,}"] if has_training else means)
    return {"table": table, "left_out": len(names) - len(shown)}


def _errors(answers: Answers) -> dict[str, Any]:
    rows = [_answer(answers, index) for index in answers.most_confident_errors(MAX_ERRORS)]
    return {"errors": rows, "wrong": len(answers.wrong), "tested": len(answers.split)}


def _answer(answers: Answers, index: int) -> dict[str, str]:
    return {
        "line": answers.place(index),
        "text": answers.split.texts[index],
        "true": answers.true(index),
        "predicted": answers.predicted(index),
        "probability": f"{answers.confidences[index]:.4f}",
        "linear": answers.linear_answer(index),
    }


def _calibration(result: ClassificationResult) -> dict[str, Any]:
    right = result.figures.right
    before, after = (reliability(confidences, right) for confidences in result.figures.confidences)
    table = [["confidence", "texts", "mean", "right", "texts before", "mean before", "right before"]]
    by_low = {part.low: part for part in before}
    after_by_low = {part.low: part for part in after}
    for low in sorted({*by_low, *after_by_low}):
        bounds = next(part for part in (after_by_low.get(low), by_low.get(low)) if part)
        row = [f"{100 * bounds.low:.1f} to {share(bounds.high)}"]
        for part in (after_by_low.get(low), by_low.get(low)):
            row += [f"{part.rows:,}", share(part.confidence), share(part.accuracy)] if part else ["0", "", ""]
        table.append(row)
    return {
        "reliability": reliability_diagram(before, after),
        "reliability_rows": table,
        "calibration_errors": result.figures.calibration_errors,
        "temperature": result.temperature,
    }


def group_rows(groups: Iterable[Group], what: str, *, linear: bool, classes: bool) -> list[list[str]]:
    """A header row, and accuracies with their intervals."""
    heads = [what, *(["classes"] if classes else []), "texts", "accuracy", "95 % interval"]
    table = [heads + (["linear model"] if linear else [])]
    for group in groups:
        span = f"{group.low:,}" if group.low == group.high else f"{group.low:,} to {group.high:,}"
        low, high = group.interval
        row = [span, *([f"{group.classes:,}"] if classes else []), f"{group.rows:,}", f"{group.accuracy:.4f}"]
        row.append(f"{low:.4f} to {high:.4f}")
        table.append(row + ([f"{group.linear_accuracy:.4f}"] if group.linear_accuracy is not None else []))
    return table


def _by_length(result: ClassificationResult) -> dict[str, Any]:
    figures, answers = result.figures, result.answers
    groups = by_length(answers.split.texts, figures.labels, figures.right, answers.linear_right)
    return {
        "by_length": accuracy_by_length(groups, result.model_name),
        "by_length_rows": group_rows(groups, "characters", linear=result.baseline is not None, classes=False),
    }


def _by_training_rows(result: ClassificationResult, data: DataSummary) -> dict[str, Any]:
    figures, answers, baseline = result.figures, result.answers, result.baseline
    if result.history is None:
        return {"by_rows": None, "by_rows_drawn": 0, "by_rows_tested": 0, "by_rows_rows": []}
    counts = data.class_counts[:, 0]
    groups = by_training_rows(counts, figures.labels, figures.right, answers.linear_right)
    chart, drawn = recall_by_training_rows(
        counts, figures.confusion, None if baseline is None else baseline.confusion, result.dataset.class_names,
        result.model_name,
    )  # fmt: skip
    return {
        "by_rows": chart,
        "by_rows_drawn": drawn,
        "by_rows_tested": int((figures.confusion.sum(axis=1) > 0).sum()),
        "by_rows_rows": group_rows(groups, "training rows", linear=baseline is not None, classes=True),
    }


def headline(result: ClassificationResult) -> list[tuple[str, str, str]]:
    """The figures at the top of the page: what, value, explanation."""
    low, high = result.verdict.figures.interval
    confusion, baseline = result.figures.confusion, result.baseline
    texts = int(confusion.sum())
    found = [
        ("accuracy", share(accuracy(confusion)), f"95 % interval {share(low)} to {share(high)}, {texts:,} texts"),
        ("macro F1", f"{macro_f1(confusion):.4f}", "mean of all classes, however few their rows"),
    ]
    if baseline is not None:
        found.append(("linear model", share(baseline.accuracy), f"macro F1 {macro_f1(baseline.confusion):.4f}"))
    found.append(("largest class", share(result.figures.largest_share), "accuracy of always naming it"))
    return found
