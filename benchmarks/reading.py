"""How fast a file of titles is read, and how much memory that takes, beside readers that decide nothing.

    python benchmarks/reading.py --rows 1000000

Each reading is a process of its own, on one core. ``lines`` splits lines and is the least that anybody can do;
``csv`` is Python's reader; ``pandas`` is named where it is installed.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

READERS = ("textrnn", "lines", "csv", "pandas")
WANTED = {"titles.csv": 200_000, "titles.tsv": 400_000}  # rows a second
MOST_MEMORY = 3  # times the file


def titles(rows: int) -> list[tuple[str, str]]:
    """Those of thucnews over and over with numbers that vary, or made ones where the machine has none."""
    for folder in os.environ.get("TEXTRNN_DATA", "data").split(os.pathsep):
        path = Path(folder) / "thucnews" / "train.txt"
        if path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            pairs = [line.rsplit("\t", 1) for line in lines]
            return [(f"{pairs[at % len(pairs)][0]}{at // len(pairs)}", pairs[at % len(pairs)][1]) for at in range(rows)]
    chance = random.Random(0)
    characters = [chr(code) for code in range(0x4E00, 0x5800)]
    return [("".join(chance.choices(characters, k=19)), str(at % 10)) for at in range(rows)]


def write(folder: Path, rows: int) -> None:
    pairs = titles(rows)
    with open(folder / "titles.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("text", "label"), *pairs])
    with open(folder / "titles.tsv", "w", encoding="utf-8", newline="") as file:
        file.writelines(f"{text}\t{label}\n" for text, label in pairs)


def read(reader: str, path: Path) -> int:
    """The number of rows."""
    separator = "\t" if path.suffix == ".tsv" else ","
    if reader == "textrnn":
        from textrnn.corpus.readers import read_rows

        return len(read_rows(path))
    if reader == "pandas":
        import pandas

        header = 0 if separator == "," else None
        return len(pandas.read_csv(path, sep=separator, header=header, dtype=str, quoting=0 if separator == "," else 3))
    with open(path, encoding="utf-8", newline="") as file:
        if reader == "lines":
            pairs = [line.rstrip("\n").split(separator) for line in file]
        else:
            quoting = csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE
            pairs = list(csv.reader(file, delimiter=separator, quoting=quoting))
    texts, labels = [pair[0] for pair in pairs], [pair[-1] for pair in pairs]
    assert len(texts) == len(labels)
    return len(texts) - (separator == ",")


def measured(reader: str, path: Path) -> None:
    """One reading in this process: rows, seconds on the clock and of the processor, growth of memory in bytes."""
    load: dict[str, Callable[[], object]] = {
        "textrnn": lambda: __import__("textrnn.corpus.readers"),
        "pandas": lambda: __import__("pandas"),
    }
    load.get(reader, lambda: None)()
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock, processor = time.perf_counter(), time.process_time()
    rows = read(reader, path)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    print(rows, clock, processor, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--write", help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        write(Path(arguments.write), arguments.rows)
        return
    if arguments.one:
        measured(arguments.one[0], Path(arguments.one[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own as well: what a child may use is counted from what its parent has used.
        subprocess.run([sys.executable, __file__, "--rows", str(arguments.rows), "--write", folder], check=True)
        print(f"{'file':<12}{'reader':<10}{'rows/s':>12}{'rows/s of CPU':>16}{'memory/file':>14}  against `lines`")
        for name, wanted in WANTED.items():
            path = Path(folder) / name
            least = 0.0
            for reader in sorted(READERS, key=lambda reader: reader != "lines"):
                command = [sys.executable, __file__, "--one", reader, str(path)]
                answer = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
                if answer.returncode:
                    print(f"{name:<12}{reader:<10} not here ({answer.stderr.strip().splitlines()[-1]})")
                    continue
                rows, clock, processor, memory = map(float, answer.stdout.split())
                least = least or processor
                share = memory / path.stat().st_size
                print(
                    f"{name:<12}{reader:<10}{rows / clock:>12,.0f}{rows / processor:>16,.0f}{share:>14.2f}"
                    f"  {processor / least:.2f} times"
                )
                if reader == "textrnn" and (rows / processor < wanted or share > MOST_MEMORY):
                    print(f"  wanted: {wanted:,} rows/s and at most {MOST_MEMORY} times the file in memory")


if __name__ == "__main__":
    main()
