"""Language models, measured side by side: ``python -m benchmarks.language_model --data DIR [PART ...]``.

Parts:
    book          this project's ``--recipe d2l`` and d2l 0.17.0's own loop on the same 10,000 characters, in turns
    timemachine   the default recipe, 60 seconds (the book's way of joining lines, and with a space)
    shakespeare   the default recipe on tinyshakespeare, 180 seconds (``--long``: and 900)
    generation    characters a second while a text is continued, and the memory that takes
    chinese       headlines from data/, 15 and 60 seconds: a vocabulary of thousands
    dynamic       The Time Machine, 60 seconds, what is held out scored again by a network that learns from it
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import nn

from tests.d2l_oracle import load_d2l
from textrnn import LanguageModel

SEEDS = (0, 1, 2)
SCORES = ("valid", "valid_network", "valid_ngram", "valid_blocks", "valid_network_blocks")
HEADLINES = Path(__file__).parents[1] / "data" / "headlines" / "train.txt"
FEW_CHARACTERS = 33_000  # of the headlines


def train_by_d2l(data: Path, epochs: int) -> tuple[float, float]:
    """d2l's own loop: training perplexity of the last epoch, characters a second of all."""
    d2l = load_d2l()
    with mock.patch.object(d2l, "download", return_value=str(data / "timemachine.txt")):
        batches = d2l.SeqDataLoader(32, 35, False, 10_000)
    model = d2l.RNNModel(nn.LSTM(len(batches.vocab), 256), len(batches.vocab))
    loss, updater = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), 1.0)
    seconds = perplexity = 0.0
    characters = 0
    for _ in range(epochs):
        perplexity, speed = d2l.train_epoch_ch8(model, batches, loss, updater, torch.device("cpu"), False)
        seconds += 32 * 35 * 8 / speed  # an epoch has eight batches, whatever the offset
        characters += 32 * 35 * 8
    return perplexity, characters / seconds


def train_here(data: Path, epochs: int, seed: int, precision: str) -> tuple[float, float]:
    """The same of this project."""
    with tempfile.TemporaryDirectory() as folder:
        LanguageModel.train(
            data / "timemachine.txt", recipe="d2l", epochs=epochs, seed=seed, save_dir=folder, precision=precision
        )
        metrics = _metrics(Path(folder))
        (path,) = Path(folder).rglob("history.csv")
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    # Of the last epoch alone, as theirs is; all batches are of one size there.
    loss = statistics.mean(float(row["train_loss"]) for row in rows if row["epoch"] == rows[-1]["epoch"])
    return math.exp(loss), metrics["train"]["tokens_per_second"]


def _metrics(folder: Path) -> dict[str, Any]:
    (path,) = folder.rglob("metrics.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def book(data: Path) -> None:
    print("the book's recipe: LSTM 256, one-hot, SGD, 10,000 characters, 200 epochs; perplexity on train, characters/s")
    rows = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        random.seed(seed)
        with redirect_stdout(io.StringIO()):
            theirs = train_by_d2l(data, 200)
        runs = [theirs, *(train_here(data, 200, seed, precision) for precision in ("fp32", "auto"))]
        rows.append(runs)
        print("  seed", seed, _compared(runs), flush=True)
    means = [tuple(statistics.mean(row[who][what] for row in rows) for what in range(2)) for who in range(3)]
    print("  mean  ", _compared(means))


def _compared(runs: Sequence[Sequence[float]]) -> str:
    (perplexity, speed), *ours = runs
    found = [f"d2l {perplexity:.2f}, {speed:,.0f}/s"]
    for name, (our_perplexity, our_speed) in zip(("fp32", "auto"), ours, strict=True):
        ratios = f"perplexity x {our_perplexity / perplexity:.3f}, speed x {our_speed / speed:.2f}"
        found.append(f"here in {name} {our_perplexity:.2f}, {our_speed:,.0f}/s ({ratios})")
    return "; ".join(found)


def default_recipe(data: Path, name: str, seconds: float, **settings: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        LanguageModel.train(data / f"{name}.txt", budget=seconds, save_dir=folder, **settings)
        m = _metrics(Path(folder))
    shown = " ".join(f"{key}={value}" for key, value in settings.items())
    print(f"{name} {shown}: {m['train']['seconds']:.1f} s, {m['train']['epochs']:.1f} epochs, "
          f"{m['train']['tokens_per_second']:,.0f} characters/s")  # fmt: skip
    for key in (*SCORES, "valid_dynamic", "valid_network_dynamic"):
        if key in m:
            print(f"  {key:<21}{m[key]['nats_per_char']:.4f} nats, perplexity {m[key]['perplexity']:.3f}", flush=True)


def chinese() -> None:
    lines = HEADLINES.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line.split("\t")[0] for line in lines) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("few_headlines", text[:FEW_CHARACTERS]), ("headlines", text)):
            (Path(folder) / f"{name}.txt").write_text(part, encoding="utf-8")
        default_recipe(Path(folder), "few_headlines", 15)
        default_recipe(Path(folder), "headlines", 60)


def _resident_kib() -> int:
    """Memory of this process that is in use now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


def generation(data: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = LanguageModel.train(data / "timemachine.txt", epochs=1, save_dir=folder)
    model.generate("time ", 100)
    before = _resident_kib()
    for length in (1000, 10_000):
        started = time.perf_counter()
        model.generate("time ", length, temperature=0.8)
        seconds = time.perf_counter() - started
        more = _resident_kib() - before
        print(
            f"generation: {length:,} characters in {seconds:.1f} s, {length / seconds:,.0f}/s, {more} KiB more memory"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with timemachine.txt and tinyshakespeare.txt")
    parser.add_argument("--long", action="store_true", help="the 15-minute run, too")
    parser.add_argument("parts", nargs="*", default=["book", "timemachine", "shakespeare", "generation"])
    options = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads", file=sys.stderr)
    for part in options.parts:
        if part == "book":
            book(options.data)
        elif part == "timemachine":
            default_recipe(options.data, "timemachine", 60, line_join="none")
            default_recipe(options.data, "timemachine", 60)
        elif part == "shakespeare":
            default_recipe(options.data, "tinyshakespeare", 180)
            if options.long:
                default_recipe(options.data, "tinyshakespeare", 900)
        elif part == "generation":
            generation(options.data)
        elif part == "chinese":
            chinese()
        elif part == "dynamic":
            default_recipe(options.data, "timemachine", 60, line_join="none", dynamic_evaluation=True)
        else:
            parser.error(f"{part}: no such part")


if __name__ == "__main__":
    main()
