"""How much slower beside other programs: ``python -m benchmarks.busy --data DIR [--before CHECKOUT] [WORK ...]``.

DIR holds ``thucnews/`` and ``timemachine.txt``. Each work runs alone, beside a program that computes without end, and
twice side by side; with ``--before``, also alone as another checkout does it. All in turn, medians of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TITLES = 100_000
TRAIN = ["--model", "LSTM", "--embedding", "random"]


@dataclass(frozen=True)
class Work:
    """A command, and what of it counts.

    Attributes:
        cost: folder of results, seconds of the whole command -> seconds for a unit of work
        stdin: what it reads, by the folder of data
    """

    flags: list[str]
    cost: Callable[[Path, float], float] = lambda folder, seconds: seconds
    stdin: Callable[[Path], str] | None = None


def seconds_a_character(folder: Path, seconds: float) -> float:
    metrics = json.loads((folder / "timemachine/lm_LSTM/metrics.json").read_text(encoding="utf-8"))
    return 1 / float(metrics["train"]["tokens_per_second"])


def titles(data: Path) -> str:
    lines = (data / "thucnews/train.txt").read_text(encoding="utf-8").splitlines()
    texts = [line.rsplit("\t", 1)[0] for line in lines]
    return "\n".join((texts * (TITLES // len(texts) + 1))[:TITLES]) + "\n"


WORKS = {
    "LSTM, headlines": Work(TRAIN),
    "BiLSTM_LN, thucnews, 2 epochs": Work(["--dataset", "thucnews", "--model", "BiLSTM_LN", "--epochs", "2"]),
    "language model, 30 s": Work(["--task", "lm", "--budget", "30"], seconds_a_character),
    "DigitSum, lengths 10 and 20": Work(["--task", "memory", "--model", "LSTM", "--lengths", "10", "20"]),
    "100,000 titles": Work(["--predict", "-"], stdin=titles),
}


def start(work: Work, checkout: Path, data: Path, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "run.py", "--quiet", "--save-dir", str(folder), *work.flags]
    source = subprocess.DEVNULL
    if work.stdin is not None:
        path = folder / "input.txt"
        path.write_text(work.stdin(data), encoding="utf-8")
        source = os.open(path, os.O_RDONLY)
    environment = {**os.environ, "TEXTRNN_DATA": str(data)}
    return subprocess.Popen(command, cwd=checkout, env=environment, stdin=source, stdout=subprocess.DEVNULL)


def costs(work: Work, checkout: Path, data: Path, folders: list[Path]) -> list[float]:
    """Of the same work in several folders at the same time."""
    begun = time.perf_counter()
    running = [start(work, checkout, data, folder) for folder in folders]
    found: dict[Path, float] = {}
    while len(found) < len(folders):
        time.sleep(0.01)
        for folder, process in zip(folders, running, strict=True):
            if folder not in found and process.poll() is not None:
                assert process.returncode == 0, work.flags
                found[folder] = work.cost(folder, time.perf_counter() - begun)
    return [found[folder] for folder in folders]


@contextmanager
def busy_program() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def measure(work: Work, data: Path, before: Path | None, rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"before": [], "alone": [], "beside": [], "side by side": []}
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch, "one"), Path(scratch, "other")]
        for folder in folders:
            folder.mkdir()
            if work.stdin is not None:  # answered by the model that the first work leaves
                costs(Work(TRAIN), before or ROOT, data, [folder])
        for _ in range(rounds):
            if before is not None:
                found["before"] += costs(work, before, data, folders[:1])
            found["alone"] += costs(work, ROOT, data, folders[:1])
            with busy_program():
                found["beside"] += costs(work, ROOT, data, folders[:1])
            found["side by side"].append(max(costs(work, ROOT, data, folders)))
    return found


def two_in_turn(data: Path) -> tuple[float, float]:
    """Seconds of four trainings in a row, and of two and two beside each other."""
    work = Work(TRAIN)
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch, name) for name in "abcd"]
        for folder in folders:
            folder.mkdir()
        in_a_row = sum(costs(work, ROOT, data, [folder])[0] for folder in folders)
        beside = sum(max(costs(work, ROOT, data, folders[at : at + 2])) for at in (0, 2))
    return in_a_row, beside


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"parts of: {'; '.join(WORKS)}")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--before", type=Path, metavar="CHECKOUT")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    options = parser.parse_args()
    print("work | alone | to before | beside a busy program | two side by side, each")
    for name, work in WORKS.items():
        if options.works and not any(part in name for part in options.works):
            continue
        found = measure(work, options.data.resolve(), options.before, options.rounds)
        alone = statistics.median(found["alone"])
        shares = [statistics.median(found[kind]) / alone if found[kind] else 0.0 for kind in ("beside", "side by side")]
        to_before = alone / statistics.median(found["before"]) if found["before"] else float("nan")
        print(f"{name} | {alone:.3g} | {to_before:.3f} | {shares[0]:.2f} | {shares[1]:.2f} | {found}", flush=True)
    if not options.works:
        in_a_row, beside = two_in_turn(options.data.resolve())
        print(f"four trainings in a row {in_a_row:.1f} s; two and two side by side {beside:.1f} s")


if __name__ == "__main__":
    main()
