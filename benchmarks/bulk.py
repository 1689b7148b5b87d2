"""A million titles through ``--predict-file``: ``python -m benchmarks.bulk --data DIR [--rows N] [--models DIR]``.

The file is made of the titles of DIR over and over, with a number before each; DIR is that of thucnews. Beside it, in
the same run: the network alone on batches that are encoded already, with as many threads. Shown are titles a second
from the start of the command to its end, those of the network alone, and the peak memory of all processes together
(Linux: what each has for itself, and its share of what several have, looked at ten times a second).
"""

from __future__ import annotations

import argparse
import csv
import itertools
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODEL = "LSTM"


def titles_of(data: Path) -> list[str]:
    """The titles of the data set."""
    found = []
    for split in ("train.txt", "dev.txt", "test.txt"):
        lines = (data / split).read_text(encoding="utf-8").splitlines()
        found += [line.rpartition("\t")[0] for line in lines]
    return found


def write_file(path: Path, titles: list[str], rows: int) -> None:
    """A CSV of so many titles, each with a number before it."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "title"])
        writer.writerows(zip(range(1, rows + 1), itertools.cycle(titles)))


def memory_of(root: int) -> int:
    """Bytes of a process and all below it; 0 where the system does not tell."""
    total, waiting = 0, [root]
    while waiting:
        process = Path("/proc") / str(waiting.pop())
        try:
            for task in (process / "task").iterdir():
                waiting += map(int, (task / "children").read_text(encoding="ascii").split())
            lines = (process / "smaps_rollup").read_text(encoding="ascii").splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
        except (OSError, StopIteration):  # it has just ended
            continue
    return total


def timed(command: list[str]) -> tuple[float, int]:
    """Seconds of a command, and its peak memory."""
    started, peak = time.perf_counter(), 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    while process.poll() is None:
        peak = max(peak, memory_of(process.pid))
        time.sleep(0.1)
    assert process.returncode == 0, process.stderr and process.stderr.read()
    return time.perf_counter() - started, peak


def check(output: Path, source: Path) -> None:
    """All rows are there, in order."""
    with open(output, encoding="utf-8-sig", newline="") as answers, open(source, encoding="utf-8", newline="") as asked:
        for number, (answer, row) in enumerate(zip(csv.reader(answers), csv.reader(asked), strict=True)):
            assert answer[0] == row[0], f"row {number}: {answer} to {row}"
            assert number == 0 or answer[2], f"row {number} has no answer"


def network_alone(folder: Path, titles: list[str], threads: int | None, seconds: float = 8.0) -> float:
    """Titles a second of the network on batches that are encoded already.

    Args:
        threads: None: as many as are quickest.
    """
    import torch

    from textrnn.corpus.batches import LabelledTexts, sorted_batches
    from textrnn.saved.classifier import load_classifier
    from textrnn.training.threads import Threads

    classifier = load_classifier(folder)
    counted = Threads(threads)
    encoded = classifier.encode(titles[: 1 << 15])
    rows = LabelledTexts.from_encoded(encoded, [0] * len(encoded.lengths))
    batches = [rows.batch(part) for part in sorted_batches(rows.lengths)]
    done, started = 0, time.perf_counter()
    with torch.inference_mode():
        for batch in counted.over(itertools.cycle(batches), lambda batch: float(batch.token_ids.numel())):
            classifier.network(batch.token_ids, batch.lengths)
            done += len(batch)
            if time.perf_counter() - started > seconds:
                return done / (time.perf_counter() - started)
    raise AssertionError("batches never end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train.txt, dev.txt, test.txt, class.txt")
    parser.add_argument("--models", type=Path, help="where the model is saved (--save-dir); trained where missing")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--output", default="answers.csv", help="the name of the output; its ending is the format")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        models, titles = options.models or Path(temporary), titles_of(options.data)
        folder = models / options.data.name / MODEL
        base = [sys.executable, "run.py", "--dataset", str(options.data), "--model", MODEL, "--save-dir", str(models)]
        if not (folder / "config.json").is_file():
            subprocess.run([*base, "--no-baseline", "--quiet"], check=True, stdout=subprocess.DEVNULL)
        source, output = Path(temporary) / "titles.csv", Path(temporary) / options.output
        write_file(source, titles, options.rows)
        print(f"{options.rows:,} titles, {source.stat().st_size / 1e6:.0f} MB", flush=True)
        print("processes  seconds  titles/s  network alone  ratio  peak MB", flush=True)
        for count in options.processes:
            alone = network_alone(folder, titles, None if count == 1 else 1) * count
            command = [*base, "--predict-file", str(source), "--output", str(output), "--processes", str(count)]
            seconds, peak = timed(command)
            if output.suffix == ".csv":
                check(output, source)
            speed = options.rows / seconds
            print(
                f"{count:>9}  {seconds:7.1f}  {speed:8,.0f}  {alone:13,.0f}  {speed / alone:5.2f}  {peak / 1e6:7.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
