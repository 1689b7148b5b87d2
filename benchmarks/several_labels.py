"""Several labels a row, measured on a data set of files: ``python -m benchmarks.several_labels --data DIR``.

DIR holds train.tsv, dev.tsv and test.tsv (lines of text<TAB>indices joined by commas, perhaps more columns) and
labels.txt, as GoEmotions has them here. Printed are, for each seed, the figures on the test split with the weights and
thresholds that dev chose, and those of the linear model. ``--only-dev`` leaves the test split alone: for tuning, macro
F1 by halves of dev, the thresholds of one scored on the other.

    python -m benchmarks.several_labels --data DIR --seeds 0 1 2
    python -m benchmarks.several_labels --data DIR --only-dev --share 0.2 --set dropout=0.5 epochs=3
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
from pathlib import Path
from typing import Any

import numpy as np

from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.label_sets import LabelSets
from textrnn.evaluation.multi_label import LabelFigures
from textrnn.evaluation.thresholds import fit_thresholds
from textrnn.tasks.classify import DatasetFacts, Learnt, judge, learn, train_baseline
from textrnn.tasks.settings import settle

FIGURES = ("macro_f1", "micro_f1", "exact_match", "hamming_loss", "ranking_average_precision")


def read_split(path: Path) -> Split:
    """Texts and the indices of their labels."""
    texts, labels = [], []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line:
            text, indices, *_ = line.split("\t")
            texts.append(text.strip())
            labels.append([int(index) for index in indices.split(",") if index])
    return Split(texts, [], label_sets=LabelSets.of(labels))


def read(folder: Path, share: float = 1.0) -> Dataset:
    """The data set; of the training split a share, drawn at random."""
    names = (folder / "labels.txt").read_text(encoding="utf-8").split()
    train, dev, test = (read_split(folder / f"{name}.tsv") for name in ("train", "dev", "test"))
    if share < 1.0 and train.label_sets is not None:
        order = np.random.default_rng(0).permutation(len(train))[: round(share * len(train))].tolist()
        train = Split([train.texts[at] for at in order], [], label_sets=train.label_sets.select(order))
    return Dataset(folder.name, names, train, dev, test)


def train(dataset: Dataset, model: str, named: dict[str, Any]) -> Learnt:
    """A training as the command line has it."""
    facts = DatasetFacts(dataset)
    settings = settle(Run("classify", model, named), None, facts)
    return learn(dataset, settings, vectors=facts.vectors(settings))


def on_test(dataset: Dataset, learnt: Learnt) -> LabelFigures:
    """The figures that count."""
    figures = judge(learnt, dataset).figures
    assert isinstance(figures, LabelFigures)
    return figures


def macro_f1_by_halves(dataset: Dataset, learnt: Learnt, draws: int = 10) -> float:
    """On dev, with calibration as it was fitted, and thresholds that were fitted on the other half."""
    sets = dataset.dev.label_sets
    assert sets is not None
    probabilities = learnt.classifier.predict_probabilities(dataset.dev.texts)
    truth = sets.dense(len(dataset.class_names))
    found = []
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(len(truth))
        for fitted, scored in ((order[::2], order[1::2]), (order[1::2], order[::2])):
            rows = probabilities[fitted]
            classes = np.tile(np.arange(rows.shape[1], dtype=np.int32), len(rows))
            thresholds = fit_thresholds(classes, rows.ravel(), truth[fitted].ravel(), rows.shape[1])
            taken, true = probabilities[scored] >= thresholds, truth[scored]
            hits, both = (taken & true).sum(axis=0), taken.sum(axis=0) + true.sum(axis=0)
            found.append(float((2 * hits / np.maximum(1, both)).mean()))
    return statistics.mean(found)


def value_of(text: str) -> Any:
    """A setting's value, as it is typed."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def shown(name: str, figures: LabelFigures, seconds: float) -> str:
    """A line of the table."""
    cells = "  ".join(f"{getattr(figures, each):.4f}" for each in FIGURES)
    before, after = figures.calibration_errors
    return f"{name:28} {cells}  {before:.4f} {after:.4f}  {seconds:6.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="BiLSTM_Ngram")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--share", type=float, default=1.0, help="of the training rows")
    parser.add_argument("--only-dev", action="store_true")
    parser.add_argument("--no-linear", action="store_true")
    parser.add_argument("--set", nargs="*", metavar="NAME=VALUE", default=[])
    options = parser.parse_args()
    dataset = read(options.data, options.share)
    named = {name: value_of(value) for name, _, value in (each.partition("=") for each in options.set)}
    rows, labels = len(dataset.train), len(dataset.class_names)
    print(f"{dataset.name}: {rows:,} training rows, {labels} labels; {named or 'defaults'}")
    if not options.only_dev:
        print(f"{'on test':28} {'  '.join(name[:6] for name in FIGURES)}  calibration error before and after")
        if not options.no_linear and (linear := train_baseline(dataset)) is not None:
            assert isinstance(linear.figures, LabelFigures)
            print(shown("linear", linear.figures, linear.seconds), flush=True)
    found = []
    for seed in options.seeds:
        learnt = train(dataset, options.model, {**named, "seed": seed})
        seconds = learnt.history.seconds
        if options.only_dev:
            best = learnt.history.best
            by_halves = macro_f1_by_halves(dataset, learnt)
            print(
                f"{options.model}, seed {seed}: dev macro F1 by halves {by_halves:.4f}, loss {best['dev_loss']:.4f}, "
                f"kept step {learnt.history.best_step} of {len(learnt.history.train_loss)}, {seconds:.1f} s",
                flush=True,
            )
            found.append(by_halves)
        else:
            figures = on_test(dataset, learnt)
            print(shown(f"{options.model}, seed {seed}", figures, seconds), flush=True)
            found.append(figures.macro_f1)
        del learnt
        dataset = dataclasses.replace(dataset, _encoded={})
    print(f"mean macro F1 {statistics.mean(found):.4f}")


if __name__ == "__main__":
    main()
