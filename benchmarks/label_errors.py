"""Are labels found that were made wrong? ``python -m benchmarks.label_errors FOLDER [--network KIND ...]``.

FOLDER holds train.txt, dev.txt and test.txt (lines of text<TAB>class index). A share of the labels becomes another
class at random; the figure is the precision among the first suspects, as many as labels were made wrong. A list that is
shorter is counted as if the rest of it were right labels. Beside our ranking, cleanlab's on the same probabilities.

Rows:
    ours           textrnn.evaluation.label_errors.find_suspects
    cleanlab, ...  its rankings of all rows, and of the rows that it lists
    + network      the linear model and BiLSTM_Ngram together: trained on the rows that it judges (in-sample), on the
                   other half (out-of-fold), or on four fifths (held-out: figures are of the last fifth alone)
"""

from __future__ import annotations

import argparse
import dataclasses
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, Split
from textrnn.evaluation.label_errors import Suspect, combine_probabilities, find_suspects
from textrnn.evaluation.out_of_fold import assign_folds, out_of_fold_probabilities
from textrnn.tasks.classify import DatasetFacts, learn
from textrnn.tasks.settings import settle

Probabilities = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Noisy:
    """Rows of which some were given another class than their own."""

    texts: list[str]
    labels: NDArray[np.int64]
    wrong: NDArray[np.bool_]
    class_count: int

    def precision(self, rows: list[int]) -> float:
        """Among the first of `rows`, as many as labels were made wrong."""
        number = int(self.wrong.sum())
        return float(self.wrong[rows[:number]].sum() / number)

    def precision_of(self, suspects: list[Suspect]) -> float:
        return self.precision([suspect.row_index for suspect in suspects])


def read(folder: Path, splits: list[str], share: float, seed: int) -> Noisy:
    lines = [line for name in splits for line in (folder / f"{name}.txt").read_text(encoding="utf-8").splitlines()]
    texts, given = zip(*(line.rsplit("\t", 1) for line in lines), strict=True)
    labels = np.array(given, dtype=np.int64)
    count, generator = int(labels.max()) + 1, np.random.default_rng(seed)
    at = generator.choice(len(labels), round(share * len(labels)), replace=False)
    labels[at] = (labels[at] + generator.integers(1, count, len(at))) % count
    wrong = np.zeros(len(labels), dtype=bool)
    wrong[at] = True
    return Noisy([text.strip() for text in texts], labels, wrong, count)


def by_cleanlab(noisy: Noisy, probabilities: Probabilities) -> dict[str, tuple[float, int]]:
    """Precision and length of its lists."""
    try:
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        return {}
    found = {}
    for method in ("self_confidence", "normalized_margin"):
        quality = get_label_quality_scores(noisy.labels, probabilities, method=method)
        found[f"cleanlab, every row by {method}"] = (noisy.precision(list(np.argsort(quality))), len(quality))
        listed = find_label_issues(noisy.labels, probabilities, return_indices_ranked_by=method, n_jobs=1)
        found[f"cleanlab, find_label_issues by {method}"] = (noisy.precision(list(listed)), len(listed))
        confident = find_label_issues(
            noisy.labels, probabilities, filter_by="confident_learning", return_indices_ranked_by=method, n_jobs=1
        )
        found[f"cleanlab, confident_learning by {method}"] = (noisy.precision(list(confident)), len(confident))
    return found


def network_probabilities(noisy: Noisy, train: NDArray[np.int64], judged: list[str], seed: int) -> Probabilities:
    """(judged texts, C) of BiLSTM_Ngram trained on the rows `train`, a tenth of which are its dev split."""
    order = np.random.default_rng(seed).permutation(train)
    dev, rest = order[: len(order) // 10], order[len(order) // 10 :]
    splits = [Split([noisy.texts[row] for row in rows], noisy.labels[rows].tolist()) for rows in (rest, dev, dev[:1])]
    dataset = Dataset("noisy", [str(label) for label in range(noisy.class_count)], *splits)
    settings = settle(Run("classify", "BiLSTM_Ngram", {"seed": seed}), None, DatasetFacts(dataset))
    return learn(dataset, settings).classifier.predict_probabilities(judged)


def in_sample(noisy: Noisy, seed: int) -> Probabilities:
    return network_probabilities(noisy, np.arange(len(noisy.texts)), noisy.texts, seed)


def out_of_fold(noisy: Noisy, seed: int, folds: int = 2, judged_folds: int = 2) -> Probabilities:
    """Rows of folds that are not judged are NaN."""
    fold_of = assign_folds(
        np.unique(noisy.texts, return_inverse=True)[1], noisy.labels, np.random.default_rng(seed), folds
    )
    found = np.full((len(noisy.texts), noisy.class_count), np.nan)
    for fold in range(judged_folds):
        held_out = np.flatnonzero(fold_of == fold)
        judged = [noisy.texts[row] for row in held_out]
        found[held_out] = network_probabilities(noisy, np.flatnonzero(fold_of != fold), judged, seed)
    return found


NETWORKS: dict[str, Callable[[Noisy, int], Probabilities]] = {
    "in-sample": in_sample,
    "out-of-fold": out_of_fold,
    "held-out": partial(out_of_fold, folds=5, judged_folds=1),
}


def row(seed: int, name: str, precision: float, listed: int, seconds: float = float("nan")) -> None:
    print(f"{seed} | {name} | {precision:.4f} | {listed:,} | {seconds:.1f}", flush=True)


def measure(noisy: Noisy, seed: int, networks: list[str]) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    linear = out_of_fold_probabilities(noisy.texts, noisy.labels, noisy.class_count, seed=seed)
    suspects = find_suspects(linear, noisy.labels)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    row(seed, f"ours ({cpu:.1f} s of CPU)", noisy.precision_of(suspects), len(suspects), seconds)
    for name, (precision, listed) in by_cleanlab(noisy, linear).items():
        row(seed, name, precision, listed)
    for name in networks:
        started = time.perf_counter()
        network = NETWORKS[name](noisy, seed)
        seconds = time.perf_counter() - started
        combined = combine_probabilities(linear, network, noisy.labels)
        rows = np.flatnonzero(~np.isnan(network).any(axis=1))
        part = Noisy([noisy.texts[at] for at in rows], noisy.labels[rows], noisy.wrong[rows], noisy.class_count)
        for kind, probabilities in (("ours", linear), ("network alone", network), ("ours + network", combined)):
            suspects = find_suspects(probabilities[rows], part.labels)
            row(seed, f"{kind}, {name}", part.precision_of(suspects), len(suspects), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", nargs="+", default=["train", "dev", "test"])
    parser.add_argument("--share", type=float, default=0.05, help="of the labels, made wrong (default 0.05)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[10, 11, 12])
    parser.add_argument("--network", nargs="*", choices=NETWORKS, default=[])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print("seed | by | precision among as many as are wrong | listed | seconds")
    for seed in options.seeds:
        measure(read(options.folder, options.splits, options.share, seed), seed, options.network)


if __name__ == "__main__":
    main()
