"""How fast vectors are read: ``python -m benchmarks.vectors [--megabytes 200]``.

A made file of vectors of 300 numbers, half of its tokens Chinese, is read for a vocabulary of 10,000 tokens (the
program's largest by default), as text and as binary, and beside it by a loop that only counts the lines. All in turn in
one process, seconds of its own computing, medians of the rounds; ``held`` is the most memory that reading took.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

from textrnn.corpus.embeddings import load_embedding

SIZE, VOCABULARY, ROUNDS = 300, 10_000, 5


def write_files(folder: Path, megabytes: int) -> tuple[Path, Path, list[str]]:
    """Text and binary with the same rows, and their tokens."""
    generator = np.random.default_rng(0)
    rows = megabytes * 1_000_000 // (8 * SIZE)
    tokens = [f"token{row}" if row % 2 else f"词{row:x}" for row in range(rows)]
    text, binary = folder / "text", folder / "binary"
    with open(text, "wb") as as_text, open(binary, "wb") as as_binary:
        for file in (as_text, as_binary):
            file.write(f"{rows} {SIZE}\n".encode())
        for token in tokens:
            row = generator.normal(0, 0.2, SIZE).astype("<f4")
            as_text.write(f"{token} {' '.join(f'{number:.4f}' for number in row)}\n".encode())
            as_binary.write(token.encode() + b" " + row.tobytes() + b"\n")
    return text, binary, tokens


def count_lines(path: Path) -> int:
    with open(path, encoding="utf-8") as file:
        return sum(1 for _ in file)


def count_byte_lines(path: Path) -> int:
    with open(path, "rb") as file:
        return sum(1 for _ in file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megabytes", type=int, default=200)
    megabytes = parser.parse_args().megabytes
    with tempfile.TemporaryDirectory() as place:
        text, binary, tokens = write_files(Path(place), megabytes)
        every = max(1, len(tokens) // (VOCABULARY - 2))
        vocabulary = ["<pad>", "<unk>", *tokens[::every][: VOCABULARY - 2]]
        works: dict[str, tuple[Path, Callable[[], object]]] = {
            "lines counted, decoded": (text, lambda: count_lines(text)),
            "lines counted, bytes": (text, lambda: count_byte_lines(text)),
            "word2vec text": (text, lambda: load_embedding(text, vocabulary, seed=0)),
            "word2vec text, 100 tokens": (text, lambda: load_embedding(text, vocabulary[:102], seed=0)),
            "word2vec binary": (binary, lambda: load_embedding(binary, vocabulary, seed=0)),
        }
        seconds: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(ROUNDS):
            for name, (_, work) in works.items():
                start = time.process_time()
                work()
                seconds[name].append(time.process_time() - start)
        plain = statistics.median(seconds["lines counted, decoded"])
        print(f"{'':28}{'MB/s':>8}{'of the plain loop':>20}{'held, MB':>10}")
        for name, (path, work) in works.items():
            tracemalloc.start()
            work()
            held = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            spent = statistics.median(seconds[name])
            speed, plain_speed = path.stat().st_size / 1e6 / spent, text.stat().st_size / 1e6 / plain
            print(f"{name:28}{speed:8.0f}{speed / plain_speed:20.2f}{held:10.1f}")


if __name__ == "__main__":
    main()
