"""Long texts: classes that show only in a count, mixed lengths, and a text of a million characters.

    TEXTRNN_DATA=DIR python -m benchmarks.long_texts [PART ...] [--models LSTM BiLSTM_Ngram] [--seeds 0 1 2]

DIR/thucnews holds train.txt, dev.txt and test.txt (lines of title<TAB>class). 40 titles of a split are joined to a text
of some 810 characters, whose class is that of most of them: so many are of it, the others are drawn from the other
classes, never as many of one. A title never leaves its split.

Parts:
    12      12 titles of the class, 28 others
    8       8 and 32
    loose   8 and 32, where another class may by chance have as many titles or more: nobody can be right on all of these
    joined  12 and 28, with nothing between the titles (elsewhere a space)
    one     one title of one of two classes, which tells the label, and 39 of the eight others
    counts  how many are right who know of each title whether it is of a class in so many of 100 cases
    linear  12 and 28: seconds of CPU of the linear model shown beside every run, and of scikit-learn's TF-IDF of
            characters 1-3 with LinearSVC as they are
    million a text of 1,000,000 characters: seconds and memory, beside a text of 10,000
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CLASSES, TITLES = 10, 40
SIZES = {"train": 4800, "dev": 1000, "test": 1000}


class Kind(NamedTuple):
    """How texts are made."""

    of_class: int
    separator: str = " "
    strict: bool = True
    labels: int = CLASSES  # the first ones; if not all, the other titles are of classes that are no labels


KINDS = {
    "12": Kind(12),
    "8": Kind(8),
    "loose": Kind(8, strict=False),
    "joined": Kind(12, ""),
    "one": Kind(1, strict=False, labels=2),
}


def drawn_classes(kind: Kind, label: int, draw: np.random.Generator) -> NDArray[np.int64]:
    """(40,) the classes of the titles of one text, in a random order."""
    others = np.delete(np.arange(CLASSES), label if kind.labels == CLASSES else np.arange(kind.labels))
    while True:
        drawn = draw.choice(others, TITLES - kind.of_class)
        if not kind.strict or np.bincount(drawn).max() < kind.of_class:
            return draw.permutation(np.concatenate([np.full(kind.of_class, label), drawn]))


def write(source: Path, folder: Path, kind: Kind, sizes: dict[str, int], seed: int = 0) -> None:
    """A data set of three splits, the same for the same seed."""
    for number, (split, size) in enumerate(sizes.items()):
        draw = np.random.default_rng([seed, number])
        rows = [line.rsplit("\t", 1) for line in (source / f"{split}.txt").read_text("utf-8").splitlines()]
        titles: list[list[str]] = [[] for _ in range(CLASSES)]
        for title, label in rows:
            titles[int(label)].append(title)
        lines = []
        for row in range(size):
            classes = drawn_classes(kind, row % kind.labels, draw).tolist()
            chosen = [titles[of][int(draw.integers(len(titles[of])))] for of in classes]
            lines.append(f"{kind.separator.join(chosen)}\t{row % kind.labels}\n")
        (folder / f"{split}.txt").write_text("".join(lines), encoding="utf-8")


def measure(
    source: Path, kind: Kind, models: list[str], seeds: list[int], sizes: dict[str, int], named: list[str]
) -> None:
    """A table: test accuracy of the linear model and of each model, dev accuracy and seconds of training beside it."""
    with tempfile.TemporaryDirectory() as folder:
        data, saved = Path(folder) / "data", Path(folder) / "saved"
        data.mkdir()
        write(source, data, kind, sizes)
        linear = None
        for model in models:
            for seed in seeds:
                flags = ["--model", model, "--seed", str(seed), "--save-dir", str(saved), *named]
                flags += ["--no-baseline"] if linear is not None else []
                command = [sys.executable, "-m", "textrnn", "--dataset", str(data), "--quiet", *flags]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                found = json.loads((saved / "data" / model / "metrics.json").read_text("utf-8"))
                if linear is None:
                    linear = found["baseline"]
                    print(f"  linear model: {linear['test_accuracy']:.4f} ({linear['seconds']:.0f} s)", flush=True)
                dev, test, train = found["dev"]["accuracy"], found["test"]["accuracy"], found["train"]
                print(
                    f"  {model}, seed {seed}: test {test:.4f}, dev {dev:.4f}, {train['seconds']:.0f} s, "
                    f"{train['epochs']} epochs",
                    flush=True,
                )


def counts() -> None:
    """The share of texts whose class has the most votes, by the share of titles that are told rightly."""
    draw = np.random.default_rng(0)
    for name in ("12", "8", "loose"):
        told = []
        for share in (1.0, 0.95, 0.91, 0.87, 0.83):
            right = 0
            for _ in range(4000):
                classes = drawn_classes(KINDS[name], 0, draw)
                wrong = draw.random(TITLES) >= share
                votes = np.where(wrong, (classes + draw.integers(1, CLASSES, TITLES)) % CLASSES, classes)
                right += int((np.bincount(votes, minlength=CLASSES) + draw.random(CLASSES) / 2).argmax() == 0)
            told.append(f"{share:.2f} {right / 4000:.3f}")
        print(f"  {name}: {', '.join(told)}")


def linear(source: Path, sizes: dict[str, int]) -> None:
    """The linear model beside every run, and scikit-learn's by itself, which chooses no penalty and knows no words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    from textrnn.corpus.tokenizers import WordsBesideCharacters
    from textrnn.evaluation.baseline import linear_baseline

    with tempfile.TemporaryDirectory() as folder:
        write(source, Path(folder), KINDS["12"], sizes)
        rows = {
            split: [line.rsplit("\t", 1) for line in (Path(folder) / f"{split}.txt").read_text("utf-8").splitlines()]
            for split in ("train", "test")
        }
    (texts, labels), (asked, truth) = (
        ([text for text, _ in part], [int(label) for _, label in part]) for part in rows.values()
    )
    started = time.process_time()
    own = linear_baseline(texts, labels, asked, truth, CLASSES, words=WordsBesideCharacters())
    seconds, started = time.process_time() - started, time.process_time()
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)
    right = make_pipeline(vectorizer, LinearSVC()).fit(texts, labels).score(asked, truth)
    plain = time.process_time() - started
    print(f"  beside every run: {own.accuracy:.4f}, {seconds:.1f} s; scikit-learn's: {right:.4f}, {plain:.1f} s")
    print(f"  ratio {seconds / plain:.2f}", flush=True)


def million(models: list[str]) -> None:
    """Answers of an untrained network of default size, each length in a process of its own, because of its peak."""
    for model in models:
        for length in (10_000, 1_000_000):
            subprocess.run([sys.executable, "-m", __spec__.name, "--answer", model, str(length)], check=True)


def answer(model: str, length: int) -> None:
    """What one text takes."""
    import torch

    from textrnn.models.registry import find_model

    entry = find_model(model)
    config = entry.config_class.from_dict({}).fitted_to(length)
    network = entry.build(config, vocabulary_size=5000, class_count=CLASSES).eval()
    token_ids = torch.randint(2, 5000, (1, length), generator=torch.Generator().manual_seed(0))
    network.learn_statistics(token_ids[0, :10_000].int(), torch.tensor([0, 10_000]))
    with torch.inference_mode():
        network(token_ids[:, :2000], torch.tensor([2000]))  # kernels are prepared, memory is taken once
        before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        network(token_ids, torch.tensor([length]))
    seconds, grown = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"  {model}, {length:,} characters: {seconds:.2f} s, {grown / 1024:.0f} MiB more than 2,000 took", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=[*KINDS, "counts", "linear", "million"])
    parser.add_argument("--models", nargs="+", default=["LSTM", "BiLSTM_Ngram"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--rows", type=int, default=SIZES["train"], help="of the training split")
    parser.add_argument("--answer", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--set", nargs="*", default=[], help="further flags of the program, without their dashes")
    asked = parser.parse_args()
    if asked.answer:
        answer(asked.answer[0], int(asked.answer[1]))
        return
    named = [flag if at % 2 else f"--{flag}" for at, flag in enumerate(asked.set)]
    source, sizes = Path(os.environ.get("TEXTRNN_DATA", "")) / "thucnews", {**SIZES, "train": asked.rows}
    for part in asked.parts:
        print(part, flush=True)
        if part == "counts":
            counts()
        elif part == "million":
            million(asked.models)
        elif part == "linear":
            linear(source, sizes)
        else:
            measure(source, KINDS[part], asked.models, asked.seeds, sizes, named)


if __name__ == "__main__":
    main()
