"""Does a search in two processes take longer than one after the other? ``python -m benchmarks.estimators``.

scikit-learn's GridSearchCV over TextClassifier on the headlines that ship with the project: first one fit after the
other, then two side by side (the processes started anew, the import of torch in each counted), as often as `--repeats`
says, the quicker time of each. Both must find the same scores.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from joblib.externals.loky import get_reusable_executor
from sklearn.model_selection import GridSearchCV

from textrnn import TextClassifier
from textrnn.config import DataConfig
from textrnn.corpus.dataset import load_dataset
from textrnn.corpus.sources.catalog import find_dataset

GRID = {"hidden_size": [64, 128], "learning_rate": [0.002, 0.004]}


def searched(texts: list[str], labels: list[str], model: str, epochs: int, jobs: int) -> tuple[GridSearchCV, float]:
    """A search and its seconds, the final training left out, which is the same."""
    started = time.perf_counter()
    estimator = TextClassifier(model=model, epochs=epochs)
    search = GridSearchCV(estimator, GRID, cv=2, n_jobs=jobs, refit=False).fit(texts, labels)
    seconds = time.perf_counter() - started
    get_reusable_executor().shutdown(wait=True)
    return search, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="LSTM")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    dataset = load_dataset(find_dataset("headlines"), DataConfig())
    texts, labels = dataset.train.texts, [dataset.class_names[index] for index in dataset.train.labels]
    best: dict[int, float] = {}
    scores = {}
    for _ in range(options.repeats):
        for jobs in (1, 2):
            search, seconds = searched(texts, labels, options.model, options.epochs, jobs)
            best[jobs] = min(seconds, best.get(jobs, seconds))
            scores[jobs] = search.cv_results_["mean_test_score"]
    for jobs, seconds in best.items():
        print(f"n_jobs={jobs}: {seconds:6.1f} s, best mean accuracy {scores[jobs].max():.4f}")
    same = np.array_equal(scores[1], scores[2])
    print(f"n_jobs=2 / n_jobs=1: {best[2] / best[1]:.2f}; {'the same scores' if same else 'OTHER SCORES'}")


if __name__ == "__main__":
    main()
