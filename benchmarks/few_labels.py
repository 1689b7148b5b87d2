"""Few labels and a heap of texts without: accuracy of every rung of the ladder on the test split, draw by draw.

    TEXTRNN_DATA=DIR python -m benchmarks.few_labels thucnews --labels 10 50 --draws 0 1 2 3 4
    TEXTRNN_DATA=DIR python -m benchmarks.few_labels eprstmt --draws 0 1 2 3 4
    TEXTRNN_DATA=DIR python -m benchmarks.few_labels csldcp --draws 0 1 2 3 4 (labels alone)
    TEXTRNN_DATA=DIR python -m benchmarks.few_labels thucnews --draws 0 1 2 --alone --model auto (or LSTM; labels alone)

Beside it, the linear model on the same labels. With --explore, of thucnews 3,000 titles of dev, of the others the other
draws' labelled rows take the place of the test split: by those, choices are made.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np

from textrnn import TextClassifier
from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.heap import Heap, cleared, heap_in_memory
from textrnn.errors import Note
from textrnn.tasks.classify import train_baseline
from textrnn.tasks.few_labels.train import learn_few
from textrnn.training.events import Listener

Rows = list[tuple[str, str]]


class Told(Listener):
    """Prints each rung as soon as it is known."""

    def on_note(self, note: Note) -> None:
        if note.kind == "rung":
            rung = note["rung"]
            figures = "not judged" if rung.accuracy is None else f"{rung.accuracy:.4f} loss {rung.loss:.4f}"
            print(f"    {rung.name}: {figures} ({rung.seconds:.1f} s)", flush=True)


def data_folder(name: str) -> Path:
    """A folder of measuring data."""
    for place in os.environ.get("TEXTRNN_DATA", "data").split(os.pathsep):
        if (Path(place) / name).is_dir():
            return Path(place) / name
    raise SystemExit(f"{name}: not in $TEXTRNN_DATA")


def tab_rows(path: Path) -> Rows:
    """Of ``text<TAB>label`` lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [tuple(line.rsplit("\t", 1)) for line in lines if line]  # type: ignore[misc]


def json_rows(path: Path) -> Rows:
    """Of FewCLUE's JSON lines; without labels, the label is empty."""
    values = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [(value.get("sentence") or value.get("content"), value.get("label", "")) for value in values]


def thucnews(labels: int, draw: int, explore: bool) -> tuple[Rows, Rows, list[str]]:
    """Labelled rows, rows to judge by, and texts without labels."""
    folder = data_folder("thucnews")
    rows = tab_rows(folder / "train.txt")
    generator = np.random.default_rng(draw)
    of_class: dict[str, list[int]] = {}
    for index, (_, label) in enumerate(rows):
        of_class.setdefault(label, []).append(index)
    drawn = {int(i) for label in sorted(of_class) for i in generator.choice(of_class[label], labels, replace=False)}
    judged = tab_rows(folder / ("dev.txt" if explore else "test.txt"))
    if explore:
        judged = [judged[i] for i in np.random.default_rng(9).permutation(len(judged))[:3000]]
    heap = [text for index, (text, _) in enumerate(rows) if index not in drawn]
    return [rows[index] for index in sorted(drawn)], judged, heap


def fewclue(task: str, draw: int, explore: bool) -> tuple[Rows, Rows, list[str]]:
    """The same of a task of FewCLUE."""
    folder = data_folder("fewclue") / task
    train = json_rows(folder / f"train_{draw}.jsonl")
    judged = json_rows(folder / "test_public.jsonl")
    if explore:
        own = {text for text, _ in train}
        others = [json_rows(folder / f"train_{other}.jsonl") for other in range(5) if other != draw]
        judged = [row for part in (*others, json_rows(folder / "dev_0.jsonl")) for row in part if row[0] not in own]
    path = folder / "unlabeled.jsonl"
    return train, judged, [text for text, _ in json_rows(path)] if path.exists() else []


def dataset_of(name: str, train: Rows, judged: Rows) -> Dataset:
    """As the program would read it."""
    names = sorted({label for _, label in train})
    index = {label: i for i, label in enumerate(names)}
    judged = [row for row in judged if row[1] in index]
    splits = [Split([text for text, _ in part], [index[label] for _, label in part]) for part in (train, judged)]
    return Dataset(name, names, splits[0], Split([], []), splits[1])


def measure(dataset: Dataset, heap: Heap, run: Run, *, choose: bool) -> tuple[float, float, str, float]:
    """Test accuracy, that of the linear model on the labels alone, what was kept, and seconds."""
    started = time.perf_counter()
    classifier = learn_few(dataset, heap, run, Told(), choose=choose).learnt.classifier
    seconds = time.perf_counter() - started
    found = classifier.predict_probabilities(dataset.test.texts).argmax(axis=1)
    right = float((found == np.array(dataset.test.labels)).mean())
    return right, train_baseline(dataset).accuracy, classifier.settings.model_name, seconds


def measure_alone(dataset: Dataset, model: str, seed: int) -> tuple[float, float, str, float]:
    """The same of what a user gets who gives the labels and nothing else, to a text classifier."""
    started = time.perf_counter()
    names = np.array(dataset.class_names)
    found = TextClassifier(model=model, seed=seed).fit(dataset.train.texts, names[dataset.train.labels])
    seconds = time.perf_counter() - started
    right = float((found.predict(dataset.test.texts) == names[dataset.test.labels]).mean())
    return right, train_baseline(dataset).accuracy, found.classifier_.settings.model_name, seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=("thucnews", "eprstmt", "csldcp"))
    parser.add_argument("--labels", type=int, nargs="+", default=[10, 50], help="labelled rows a class, of thucnews")
    parser.add_argument("--draws", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--model", help="keep this one, whatever cross-validation says")
    parser.add_argument("--alone", action="store_true", help="without the texts that have no labels")
    parser.add_argument("--budget", type=float, default=300.0)
    parser.add_argument("--explore", action="store_true", help="judge by rows that are not the test split")
    options = parser.parse_args()
    for labels in options.labels if options.data == "thucnews" else [0]:
        figures = []
        for draw in options.draws:
            own = options.data == "thucnews"
            train, judged, texts = (
                thucnews(labels, draw, options.explore) if own else fewclue(options.data, draw, options.explore)
            )
            dataset = dataset_of(options.data, train, judged)
            heap = cleared(heap_in_memory(texts), dataset) if texts else None
            named = {"dataset": options.data, "budget": options.budget, "seed": draw}
            run = Run("classify", options.model or "BiLSTM_Ngram", named)
            if options.alone or heap is None:
                right, linear, kept, seconds = measure_alone(dataset, options.model or "auto", draw)
            else:
                right, linear, kept, seconds = measure(dataset, heap, run, choose=options.model is None)
            figures.append((right, linear))
            print(
                f"  {labels or ''} draw {draw}: {right:.4f} by {kept}, {seconds:.0f} s; linear {linear:.4f}", flush=True
            )
        means, spread = np.mean(figures, axis=0), np.std(figures, axis=0)
        print(
            f"{options.data} {labels or ''}, {len(figures)} draws: {means[0]:.4f} ± {spread[0]:.4f}; "
            f"linear model on the labels alone {means[1]:.4f} ± {spread[1]:.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
