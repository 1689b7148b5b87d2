"""How well probabilities are calibrated, and how sure a model is where it is wrong.

    TEXTRNN_DATA=DIR python -m benchmarks.calibration [--models BiLSTM_Ngram Linear LSTM] [--seeds 0 1] [--rows 2000]

The headlines, and so many of the titles of DIR/thucnews/train.txt (drawn by the seed, 500 others for dev), tested on
2,000 titles of its test split. Probabilities are those of the saved model. Printed for each: accuracy, expected
calibration error (15 bins), loss, temperature, the share of the linear model, and the errors with a probability of
0.995 or more, which a report shows as 0.99 or 1.00.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, Split, load_dataset
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.evaluation.calibration import cross_entropy, expected_calibration_error
from textrnn.tasks.classify import DatasetFacts, learn
from textrnn.tasks.settings import combine, settle

SURE = 0.995
TESTED = 2000


def few_titles(whole: Dataset, rows: int, seed: int) -> Dataset:
    """So many training titles, 500 dev titles that are none of them, and some test titles."""
    order = np.random.default_rng(seed).permutation(len(whole.train))

    def drawn(split: Split, places: np.ndarray) -> Split:
        return Split([split.texts[at] for at in places], [split.labels[at] for at in places])

    some = np.random.default_rng(0).permutation(len(whole.test))[:TESTED]
    parts = drawn(whole.train, order[:rows]), drawn(whole.train, order[rows : rows + 500]), drawn(whole.test, some)
    return Dataset(f"thucnews {rows:,}", whole.class_names, *parts)


def measure(dataset: Dataset, model: str, seed: int) -> str:
    """A line of figures of a model that has learnt."""
    run = Run("classify", model, {"dataset": dataset.name, "seed": seed, "embedding": "random"})
    classifier = learn(dataset, settle(run, None, DatasetFacts(dataset))).classifier
    probabilities, labels = classifier.predict_probabilities(dataset.test.texts), np.array(dataset.test.labels)
    surest, wrong = probabilities.max(axis=1), probabilities.argmax(axis=1) != labels
    share = float(getattr(classifier.network, "share", np.nan))
    return (
        f"{dataset.name:16s} {model:12s} seed {seed}  accuracy {1 - wrong.mean():.4f}  "
        f"ECE {expected_calibration_error(probabilities, labels):.4f}  "
        f"loss {cross_entropy(np.log(np.maximum(probabilities, 1e-300)), labels):.4f}  "
        f"temperature {classifier.temperature:.3f}  linear {share:.2f}  mean {surest.mean():.4f}  "
        f"sure {np.sum(surest >= SURE):,}, of which wrong {np.sum(wrong & (surest >= SURE)):,} of {wrong.sum():,}; "
        f"highest of an error {surest[wrong].max():.5f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["BiLSTM_Ngram", "Linear", "LSTM"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--data", nargs="+", default=["headlines", "thucnews"])
    given = parser.parse_args()
    for name in given.data:
        named = name if name == "headlines" else str(Path(os.environ["TEXTRNN_DATA"]) / name)
        run = Run("classify", "LSTM", {"dataset": named})
        whole = load_dataset(find_dataset(named), combine(run).data)
        for seed in given.seeds:
            dataset = whole if name == "headlines" else few_titles(whole, given.rows, seed)
            for model in given.models:
                print(measure(dataset, model, seed), flush=True)


if __name__ == "__main__":
    main()
