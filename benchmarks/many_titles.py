"""Accuracy on many short titles: ``python -m benchmarks.many_titles --data DIR [NAME ...] [--seeds 1 2 3]``.

DIR holds train.txt, dev.txt, test.txt (lines of text<TAB>class index) and class.txt. A NAME is a model, with settings
behind a colon where they are not the defaults: ``LSTM``, ``LSTM:max_pairs=0``, ``BiLSTM_Ngram:embedding=pretrained``,
``BiLSTM_Ngram:max_pairs=100000,epochs=3``. Models take turns, seed by seed, so that a machine that slows down does so
for all. Dev is what settings are chosen by; test stands beside it for the log.

Columns: accuracy of the dev and the test split, mean (and each seed), seconds of training, seconds of an epoch.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

NAMES = ("LSTM", "BiLSTM_Ngram", "BiLSTM_Ngram:words=false", "BiLSTM_Ngram:embedding=pretrained", "Linear")


def settings_of(name: str) -> tuple[str, dict[str, Any]]:
    """``MODEL:setting=value,...`` -> the model and its settings."""
    model, _, pairs = name.partition(":")
    settings = dict(pair.split("=", 1) for pair in pairs.split(",") if pair)
    return model, {key: _value(value) for key, value in settings.items()}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def trained(data: Path, name: str, seed: int) -> dict[str, float]:
    """One training, from the files to the scores."""
    from textrnn.config import Run
    from textrnn.tasks.classify import train

    model, settings = settings_of(name)
    with tempfile.TemporaryDirectory() as folder:
        run = Run("classify", model, {"dataset": str(data), "seed": seed, **settings}, Path(folder))
        placed, _ = train(run, baseline=False)
        metrics = json.loads((placed.folder / "metrics.json").read_text(encoding="utf-8"))
    return {
        "dev": metrics["dev"]["accuracy"],
        "test": metrics["test"]["accuracy"],
        "seconds": metrics["train"]["seconds"],
        "epoch": metrics["train"]["seconds"] / metrics["train"]["epochs"],
    }


def main() -> None:
    """Trains all, prints each as it is done, then a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("names", nargs="*", default=NAMES)
    arguments = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {name: [] for name in arguments.names}
    for seed in arguments.seeds:
        for name, runs in found.items():
            runs.append(trained(arguments.data, name, seed))
            print(f"{name}, seed {seed}: " + ", ".join(f"{k} {v:.4g}" for k, v in runs[-1].items()), flush=True)
    print("\n| model | dev | test | seconds | an epoch |\n|---|---|---|---|---|")
    for name, runs in found.items():
        cells = []
        for split in ("dev", "test"):
            values = [run[split] for run in runs]
            cells.append(f"{statistics.mean(values):.4f} ({' '.join(f'{value:.4f}' for value in values)})")
        cells += [f"{statistics.mean([run[key] for run in runs]):.1f}" for key in ("seconds", "epoch")]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
