"""What a search finds: ``python -m benchmarks.search [--dataset NAME] [--model NAME] [--trials N] [--seeds N]``.

The search has seed 0. Defaults and best settings are then trained with other seeds, which the search never saw; the
table has the mean accuracy on dev and test and the standard deviation over the seeds. (The search itself takes the best
of its trials on dev, so that its own figure is too good; those of the other seeds are not.)
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, load_dataset
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.files import json_bytes
from textrnn.report.text import table
from textrnn.saved.folder import read_json
from textrnn.tasks.classify import DatasetFacts, judge, learn
from textrnn.tasks.search import folder_of, search
from textrnn.tasks.settings import combine, settle


def accuracies(dataset: Dataset, model: str, named: dict[str, Any], seeds: range) -> tuple[list[float], list[float]]:
    """On dev and on test, of each seed."""
    dev, test = [], []
    for seed in seeds:
        run = Run("classify", model, {**named, "seed": seed})
        learnt = learn(dataset, settle(run, None, DatasetFacts(dataset)))
        dev.append(learnt.history.best["dev_accuracy"])
        test.append(float(judge(learnt, dataset).figures.right.mean()))
    return dev, test


def spread(values: list[float]) -> str:
    deviation = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4f}{deviation}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="headlines")
    parser.add_argument("--model", default="LSTM")
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    named = {"dataset": options.dataset}
    with tempfile.TemporaryDirectory() as place:
        started = time.perf_counter()
        run = Run("classify", options.model, named, Path(place) / "data" / options.model)
        document = read_json(folder_of(search(run, options.trials, baseline=False)) / "search.json")
        seconds = time.perf_counter() - started
    trials = document["trials"]
    best = trials[document["best"] - 1]
    first, found = (trial["scores"]["dev_accuracy"] for trial in (trials[0], best))
    early = sum(trial["state"] == "stopped early" for trial in trials)
    print(f"{options.trials} trials in {seconds:.0f} s, {early} stopped early, the last training included")
    print(f"dev accuracy with seed 0: defaults {first:.4f}, trial {best['number']} {found:.4f}")
    print(json_bytes(best["settings"]).decode("utf-8"))
    dataset = load_dataset(find_dataset(options.dataset), combine(run).data)
    rows, seeds = [["", "dev", "test"]], range(1, options.seeds + 1)
    chosen = {} if document["best"] == 1 else best["settings"]
    for name, settings in (("defaults", named), ("best found", {**named, **chosen})):
        dev, test = accuracies(dataset, options.model, settings, seeds)
        rows.append([name, spread(dev), spread(test)])
    print(table(rows))


if __name__ == "__main__":
    main()
