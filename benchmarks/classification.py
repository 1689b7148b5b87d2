"""Text classifiers, measured side by side in one run: ``python -m benchmarks.classification --data DIR [PART ...]``.

DIR holds train.txt, dev.txt, test.txt (lines of text<TAB>class index) and class.txt. Every measurement has a process of
its own, because of its peak memory; one runs at a time.

Parts:
    textbook        the tutorials' loop (benchmarks/textbook_classifier.py)
    linear          TF-IDF + LinearSVC
    library         fastText, where it is installed
    lstm            this project's LSTM at its defaults
    best            BiLSTM_Ngram, random vectors; best-pretrained: on the vectors beside the data
    quick           FastText and BiLSTM_Ngram in a few seconds: as good as the textbook's loop ends?
    architecture    the textbook's own network in this project's loop
    fasttext        FastText with a table of a million rows, and one epoch of the same with dense Adam

Columns: seconds of training, of everything from the files to the scores, peak memory, seconds of an epoch with and
without evaluations and checkpoints, seconds until the textbook's best dev accuracy was reached, and how many
times longer the textbook's loop took in all.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SEEDS = (0, 1, 2)
Measurement = dict[str, Any]


def _train(data: Path, model: str, seed: int, **settings: Any) -> Measurement:
    """One training by this project, from the files to the scores."""
    from textrnn.config import Run
    from textrnn.tasks.classify import train
    from textrnn.training.events import Listener

    started = time.perf_counter()
    curve: list[tuple[float, float]] = []

    class Watch(Listener):
        """Records the dev accuracies, and the time of the steps without evaluations and checkpoints."""

        stepping, last = 0.0, None

        def on_step(self, step: int, loss: float) -> None:
            now = time.perf_counter()
            if self.last is not None:
                self.stepping += now - self.last
            self.last = now

        def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
            curve.append((time.perf_counter() - started, row["dev_accuracy"]))
            self.last = time.perf_counter()

    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        train(
            Run("classify", model, {"dataset": str(data), "seed": seed, **settings}, Path(folder)),
            watch,
            baseline=False,
        )
        metrics = json.loads((Path(folder) / "metrics.json").read_text(encoding="utf-8"))
    test = metrics["test"]
    return {
        "accuracy": test["accuracy"],
        "seconds": metrics["train"]["seconds"],
        "whole": time.perf_counter() - started,
        "epoch": metrics["train"]["seconds"] / metrics["train"]["epochs"],
        "steps": watch.stepping / metrics["train"]["epochs"],
        "ece": test["calibration"]["expected_calibration_error"],
        "dev": metrics["dev"]["accuracy"],
        "curve": curve,
    }


def textbook(data: Path, seed: int) -> Measurement:
    from benchmarks.textbook_classifier import run

    found = run(str(data), seed)
    return {
        "accuracy": found.accuracy,
        "seconds": found.seconds,
        "whole": found.seconds,
        "epoch": statistics.mean(found.epoch_seconds),
        "dev": max(accuracy for _, accuracy in found.curve),
        "curve": found.curve,
    }


def linear(data: Path, seed: int) -> Measurement:
    from textrnn.config import DataConfig
    from textrnn.corpus.dataset import load_dataset
    from textrnn.corpus.sources.catalog import find_dataset
    from textrnn.tasks.classify import train_baseline

    started = time.perf_counter()
    found = train_baseline(load_dataset(find_dataset(str(data)), DataConfig()))
    return {"accuracy": found.accuracy, "seconds": found.seconds, "whole": time.perf_counter() - started}


def library(data: Path, seed: int) -> Measurement:
    """The fastText library on characters with spaces between them, so that its word n-grams are character n-grams."""
    try:
        import fasttext
    except ImportError:
        return {"missing": "fastText is not installed"}
    started = time.perf_counter()

    def spaced(text: str) -> str:
        return " ".join(text.replace(" ", ""))

    rows = {
        split: [row.rsplit("\t", 1) for row in (data / f"{split}.txt").read_text(encoding="utf-8").splitlines()]
        for split in ("train", "test")
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        labelled = "".join(f"__label__{label} {spaced(text)}\n" for text, label in rows["train"])
        path.write_text(labelled, encoding="utf-8")
        model = fasttext.train_supervised(str(path), wordNgrams=3, epoch=25, lr=0.5, verbose=0, thread=2)
    trained = time.perf_counter() - started
    answers, _ = model.predict([spaced(text) for text, _ in rows["test"]])
    right = sum(answer[0] == f"__label__{label}" for answer, (_, label) in zip(answers, rows["test"], strict=True))
    return {"accuracy": right / len(answers), "seconds": trained, "whole": time.perf_counter() - started}


def dense(data: Path, seed: int, *, fused: bool) -> Measurement:
    """An epoch of FastText whose table has a dense gradient, so that Adam updates all of it at every step."""
    from unittest import mock

    import torch
    from torch import Tensor
    from torch.nn import functional

    from textrnn.models.parts.ngram_bag import SparseTable
    from textrnn.training import optimizers

    def forward(self: SparseTable, indices: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
        bags: Tensor = functional.embedding_bag(
            indices, self.weight, starts, mode="sum", per_sample_weights=weights, sparse=False
        )
        return bags

    adam = torch.optim.Adam

    def adam_as_set(*arguments: Any, **settings: Any) -> torch.optim.Adam:
        return adam(*arguments, **{**settings, "fused": fused or None})

    with (
        mock.patch.object(SparseTable, "forward", forward),
        mock.patch.object(optimizers, "sparse_tables", return_value=[]),
        mock.patch.object(torch.optim, "Adam", adam_as_set),
    ):
        return _train(data, "FastText", seed, epochs=1)


PARTS: dict[str, tuple[str, Callable[[Path, int], Measurement]]] = {
    "textbook": ("textbook loop, 2 x 128 BiLSTM", textbook),
    "linear": ("TF-IDF + LinearSVC", linear),
    "library": ("fastText library", library),
    "lstm": ("LSTM, defaults", lambda data, seed: _train(data, "LSTM", seed)),
    "best": ("BiLSTM_Ngram, random", lambda data, seed: _train(data, "BiLSTM_Ngram", seed)),
    "best-pretrained": (
        "BiLSTM_Ngram, pretrained", lambda data, seed: _train(data, "BiLSTM_Ngram", seed, embedding="pretrained")
    ),
    "quick": (
        "FastText, --budget 5", lambda data, seed: _train(data, "FastText", seed, budget=5.0)
    ),
    "quick-best": (
        "BiLSTM_Ngram, --budget 20", lambda data, seed: _train(data, "BiLSTM_Ngram", seed, budget=20.0)
    ),
    "architecture": (
        "2 x 128 BiLSTM in our loop",
        lambda data, seed: _train(
            data, "LSTM", seed, bidirectional=True, num_layers=2, hidden_size=128, embedding_size=300
        ),
    ),
    "fasttext": ("FastText, 1,000,000 rows", lambda data, seed: _train(data, "FastText", seed)),
    "fasttext-epoch": ("FastText, one epoch", lambda data, seed: _train(data, "FastText", seed, epochs=1)),
    "fasttext-dense": ("with Adam, dense", lambda data, seed: dense(data, seed, fused=False)),
    "fasttext-fused": ("with Adam, dense and fused", lambda data, seed: dense(data, seed, fused=True)),
}  # fmt: skip
FOLLOWED_BY = {"quick": ("quick-best",), "fasttext": ("fasttext-epoch", "fasttext-dense", "fasttext-fused")}
ONE_SEED = {"textbook", "linear", "library", "fasttext-epoch", "fasttext-dense", "fasttext-fused"}


def measure(data: Path, part: str, seed: int) -> Measurement:
    """A part in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.classification", "--data", str(data), "--alone", str(seed), part]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: Measurement = json.loads(done.stdout)
    return found


def line(name: str, runs: list[Measurement], book: Measurement | None) -> str:
    """One row of the table: means over the seeds."""
    if "missing" in runs[0]:
        return f"{name:<30}{runs[0]['missing']}"
    mean = {key: statistics.mean(run[key] for run in runs) for key in ("accuracy", "seconds", "whole", "memory")}
    each = " ".join(f"{run['accuracy']:.4f}" for run in runs) if len(runs) > 1 else ""
    text = f"{name:<30}{mean['accuracy']:.4f}  {mean['seconds']:7.1f}  {mean['whole']:7.1f}  {mean['memory']:6.0f}"
    if "epoch" in runs[0]:
        text += f"  {statistics.mean(run['epoch'] for run in runs):6.1f}"
        text += f"  {statistics.mean(run.get('steps', run['epoch']) for run in runs):6.2f}"
    else:
        text += " " * 16
    if book is not None and "curve" in runs[0]:
        reached = [next((at for at, accuracy in run["curve"] if accuracy >= book["dev"]), None) for run in runs]
        times = [at for at in reached if at is not None]
        text += f"  {statistics.mean(times):7.1f}" if len(times) == len(runs) else "    never"
        text += f"  {book['whole'] / mean['whole']:6.1f}"
    if "ece" in runs[0]:
        text += f"  ECE {statistics.mean(run['ece'] for run in runs):.4f}"
    return f"{text}  {each}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train.txt, dev.txt, test.txt, class.txt")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--alone", type=int, metavar="SEED", help=argparse.SUPPRESS)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all where none is named")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"{', '.join(unknown)}: no such part; expected some of {', '.join(PARTS)}")
    if options.alone is not None:
        found = PARTS[options.parts[0]][1](options.data, options.alone)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        json.dump({**found, "memory": peak / (2**20 if sys.platform == "darwin" else 2**10)}, sys.stdout)
        return
    parts = [name for part in options.parts or PARTS for name in (part, *FOLLOWED_BY.get(part, ()))]
    print(" " * 32 + "test  train s  whole s     MiB  s/epoch   steps  to book  x book", flush=True)
    book = None
    for part in dict.fromkeys(parts):
        name, _ = PARTS[part]
        runs = [
            measure(options.data, part, seed) for seed in (options.seeds[:1] if part in ONE_SEED else options.seeds)
        ]
        book = runs[0] if part == "textbook" else book
        print(line(name, runs, book), flush=True)


if __name__ == "__main__":
    main()
