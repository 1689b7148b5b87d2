"""What the models make of few labelled rows: the linear model beside networks, means over seeds.

    TEXTRNN_DATA=../shared/data python -m benchmarks.small_data --data thucnews:2000 goemotions:2000 --seeds 0 1 2 3 4

``NAME:ROWS`` takes the first rows of the training split, a tenth of them for dev; the test split is the data's own.
``goemotions`` are its rows with exactly one label. ``NAME`` alone is a data set as it is found.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

from textrnn.config import DataConfig, Run
from textrnn.corpus.dataset import Dataset, Split, load_dataset
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.evaluation.metrics import accuracy
from textrnn.models.classifiers.bilstm_ngram import Model as Mixture
from textrnn.tasks.classify import DatasetFacts, Learnt, judge, learn, train_baseline
from textrnn.tasks.settings import settle

PLAIN = {"linear": False, "spelling": False}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "Linear": ("Linear", {}),
    "LSTM": ("LSTM", {}),
    "BiLSTM_Ngram, tokens alone": ("BiLSTM_Ngram", PLAIN),
    "BiLSTM_Ngram": ("BiLSTM_Ngram", {}),
}


def goemotions(folder: Path) -> Dataset:
    """Its rows with one label."""
    splits = []
    for name in ("train", "dev", "test"):
        rows = [line.split("\t") for line in (folder / f"{name}.tsv").read_text(encoding="utf-8").splitlines()]
        rows = [row for row in rows if "," not in row[1]]
        splits.append(Split([row[0] for row in rows], [int(row[1]) for row in rows]))
    names = (folder / "labels.txt").read_text(encoding="utf-8").split()
    return Dataset("goemotions", names, *splits)


def data_of(name: str) -> Dataset:
    """``NAME`` or ``NAME:ROWS``."""
    name, _, rows = name.partition(":")
    beside = Path(os.environ.get("TEXTRNN_DATA", ""), "goemotions")
    dataset = goemotions(beside) if name == "goemotions" else load_dataset(find_dataset(name), DataConfig())
    if not rows:
        return dataset
    texts, labels, count = dataset.train.texts, dataset.train.labels, int(rows)
    cut = count - count // 10
    train, dev = Split(texts[:cut], labels[:cut]), Split(texts[cut:count], labels[cut:count])
    return Dataset(f"{name}:{rows}", dataset.class_names, train, dev, dataset.test)


def trained(dataset: Dataset, model: str, named: dict[str, Any]) -> tuple[float, float, str]:
    """Accuracy on test, seconds; of a mixture, also the network's and the linear model's own, and its share."""
    started = time.perf_counter()
    settings = settle(Run("classify", model, named), None, DatasetFacts(dataset))
    learnt = learn(dataset, settings)
    seconds = time.perf_counter() - started
    found, network = _accuracy(learnt, dataset), learnt.classifier.network
    if not (isinstance(network, Mixture) and len(network.intercepts)):
        return found, seconds, ""
    share, parts = float(network.share), []
    for alone in (0.0, 1.0):
        network.share.fill_(alone)
        parts.append(_accuracy(learnt, dataset))
    return found, seconds, f"(network {parts[0]:.4f}, linear {parts[1]:.4f}, share {share:.2f})"


def _accuracy(learnt: Learnt, dataset: Dataset) -> float:
    return accuracy(judge(learnt, dataset).figures.confusion)


def main() -> None:
    """Train everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", default=["headlines", "thucnews:2000", "goemotions:2000"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS), metavar="MODEL")
    options = parser.parse_args()
    for name in options.data:
        dataset = data_of(name)
        baseline = train_baseline(dataset)
        print(f"\n{name}: {len(dataset.train):,} rows, dev {len(dataset.dev):,}, test {len(dataset.test):,}")
        print(f"{baseline.name:50} {baseline.accuracy:.4f}  {baseline.seconds:6.1f} s", flush=True)
        for title in options.models:
            model, named = MODELS[title]
            accuracies = []
            for seed in options.seeds[:1] if model == "Linear" else options.seeds:
                found, seconds, told = trained(dataset, model, {**named, "seed": seed})
                accuracies.append(found)
                print(f"  seed {seed}: {title:41} {found:.4f}  {seconds:6.1f} s  {told}", flush=True)
            print(f"{title:50} {statistics.mean(accuracies):.4f}", flush=True)


if __name__ == "__main__":
    main()
