"""Answers a second and the time of one answer: ``python -m benchmarks.inference --data DIR [MODEL ...]``.

From raw strings to labels, in one process that loads a saved model and nothing else; its peak memory is shown, too. The
linear model and the textbook's network (batches of 128, padded to 32) are measured the same way in the same run.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

MODELS = ["LSTM", "BiLSTM_LN", "BiLSTM_Ngram", "FastText"]
REPEATS, SINGLE = 5, 1000
Answer = Callable[[list[str]], Sequence[int]]


def read_rows(path: Path) -> tuple[list[str], list[str]]:
    rows = [row.rsplit("\t", 1) for row in path.read_text(encoding="utf-8").splitlines()]
    return [text for text, _ in rows], [label for _, label in rows]


def ours(folder: Path) -> Answer:
    from textrnn.saved.classifier import load_classifier

    classifier = load_classifier(folder)
    return lambda texts: classifier.predict_probabilities(texts).argmax(axis=1).tolist()


def linear(data: Path) -> Answer:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    texts, labels = read_rows(data / "train.txt")
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)
    classifier = LinearSVC(C=0.5, random_state=0).fit(vectorizer.fit_transform(texts), labels)
    return lambda texts: list(map(int, classifier.predict(vectorizer.transform(texts))))


def textbook(data: Path) -> Answer:
    """An untrained network of the textbook's shape; its answers mean nothing, its speed is the same."""
    import torch

    from benchmarks.textbook_classifier import PAD_SIZE, TextbookNetwork

    texts, _ = read_rows(data / "train.txt")
    ids = {character: index for index, character in enumerate(sorted(set("".join(texts))))}
    model = TextbookNetwork(len(ids) + 2, 10).eval()

    @torch.no_grad()
    def answer(texts: list[str]) -> list[int]:
        answers: list[int] = []
        for start in range(0, len(texts), 128):
            rows = [[ids.get(c, len(ids)) for c in text][:PAD_SIZE] for text in texts[start : start + 128]]
            padded = torch.LongTensor([row + [len(ids) + 1] * (PAD_SIZE - len(row)) for row in rows])
            answers += model(padded).argmax(dim=1).tolist()
        return answers

    return answer


def timed(answer: Answer, texts: list[str]) -> tuple[list[str], list[float], list[float]]:
    """The answers, the seconds of each time that all texts were answered, and those of texts one by one."""
    answer(texts[:2000])
    seconds, single, answers = [], [], list[str]()
    for _ in range(REPEATS):
        started = time.perf_counter()
        answers = answer(texts)
        seconds.append(time.perf_counter() - started)
    for text in texts[:SINGLE]:
        started = time.perf_counter()
        answer([text])
        single.append(time.perf_counter() - started)
    return answers, seconds, single


def measure(answer: Answer, data: Path) -> dict[str, Any]:
    texts, labels = read_rows(data / "test.txt")
    answers, seconds, single = timed(answer, texts)
    right = np.mean([str(found) == label for found, label in zip(answers, labels, strict=True)])
    p50, p99 = np.percentile(single[SINGLE // 10 :], [50, 99]) * 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return {
        "accuracy": float(right), "best": len(texts) / min(seconds), "median": len(texts) / float(np.median(seconds)),
        "p50": float(p50), "p99": float(p99), "memory": peak,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train.txt, dev.txt, test.txt, class.txt")
    parser.add_argument("--models", type=Path, help="where the models are saved (--save-dir); trained where missing")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="MODEL", default=MODELS)
    options = parser.parse_args()
    if options.alone is not None:
        made = {"linear": linear, "textbook": textbook}.get(options.alone)
        answer = made(options.data) if made else ours(options.models / options.data.name / options.alone)
        json.dump(measure(answer, options.data), sys.stdout)
        return
    with tempfile.TemporaryDirectory() as temporary:
        models = options.models or Path(temporary)
        print(f"{'':<16}accuracy   texts/s  (median)  one text: p50 ms  p99 ms     MiB", flush=True)
        for name in (*options.names, "linear", "textbook"):
            if name not in ("linear", "textbook") and not (models / options.data.name / name / "config.json").is_file():
                command = ["run.py", "--dataset", options.data, "--model", name, "--save-dir", models, "--no-baseline"]
                subprocess.run([sys.executable, *map(str, command), "--quiet"], check=True, stdout=subprocess.DEVNULL)
            alone = ["-m", "benchmarks.inference", "--data", options.data, "--models", models, "--alone", name]
            done = subprocess.run([sys.executable, *map(str, alone)], check=True, stdout=subprocess.PIPE, text=True)
            m = json.loads(done.stdout)
            shown = f"{m['accuracy']:.4f}" if name != "textbook" else ""
            print(
                f"{name:<16}{shown:>8}  {m['best']:8,.0f}  {m['median']:8,.0f}  {m['p50']:16.3f}  {m['p99']:6.3f}"
                f"  {m['memory']:6.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
