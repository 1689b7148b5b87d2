"""Exported models against this program's own inference: titles a second, one title alone, size of the file, accuracy.

    python -m benchmarks.onnx --data "$TEXTRNN_DATA/thucnews"

Every figure is of a process of its own, from raw titles to labels. ``--fresh-venv`` also makes an environment with
nothing but onnxruntime and NumPy, runs the example that stands beside the model there, and compares its answers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.inference import read_rows, timed

MODELS = ["LSTM", "BiLSTM_Ngram"]
WAYS = {"own": "model.safetensors", "onnx": "onnx/model.onnx", "onnx int8": "onnx/model.int8.onnx"}
REPEATS, SINGLE, COMPARED = 3, 1000, 200
Answer = Callable[[list[str]], list[str]]


def answering(way: str, folder: Path) -> Answer:
    """Texts -> the names of their classes."""
    from textrnn.export.runtime import Session
    from textrnn.saved.classifier import load_classifier

    classifier = load_classifier(folder)
    names = classifier.class_names
    if way == "own":
        return lambda texts: [names[row] for row in classifier.predict_probabilities(texts).argmax(axis=1)]
    session = Session((folder / WAYS[way]).read_bytes())
    return lambda texts: [names[row] for row in session.logits_of(classifier.encode(texts)).argmax(axis=1)]


def measure(answer: Answer, data: Path) -> dict[str, float]:
    texts, labels = read_rows(data / "test.txt")
    names = (data / "class.txt").read_text(encoding="utf-8").split()
    answers, seconds, single = timed(answer, texts)
    right = np.mean([found == names[int(label)] for found, label in zip(answers, labels, strict=True)])
    return {"accuracy": float(right), "many": len(texts) / min(seconds), "one": float(np.median(single)) * 1e3}


def run_program(*arguments: object) -> None:
    command = [sys.executable, "run.py", *map(str, arguments), "--quiet"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def prepared(data: Path, name: str, models: Path) -> Path:
    """The model's folder, trained for a minute where there is none, exported."""
    folder = models / data.name / name
    if not (folder / "config.json").is_file():
        run_program("--dataset", data, "--model", name, "--save-dir", models, "--budget", 60, "--no-baseline")
    run_program("--save-dir", folder, "--export", "onnx", "--int8")
    return folder


def compare(data: Path, name: str, folder: Path) -> None:
    print(f"{name:<16}accuracy   texts/s  (of own)  one text: ms  (of own)      MB", flush=True)
    own: dict[str, Any] = {}
    for way, file in WAYS.items():
        alone = ["-m", "benchmarks.onnx", "--data", data, "--folder", folder, "--alone", way]
        done = subprocess.run([sys.executable, *map(str, alone)], check=True, stdout=subprocess.PIPE, text=True)
        m = json.loads(done.stdout)
        own = own or m
        print(
            f"  {way:<14}{m['accuracy']:8.4f}  {m['many']:8,.0f}  {m['many'] / own['many']:8.2f}  {m['one']:12.3f}"
            f"  {own['one'] / m['one']:8.2f}  {(folder / file).stat().st_size / 1e6:6.2f}",
            flush=True,
        )


def try_in_fresh_environment(data: Path, folder: Path) -> None:
    """Run the example where neither PyTorch nor textrnn is installed."""
    texts, _ = read_rows(data / "test.txt")
    texts = texts[:COMPARED]
    with tempfile.TemporaryDirectory() as temporary:
        venv.create(temporary, with_pip=True)
        python = Path(temporary) / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", "onnxruntime", "numpy"], check=True)
        listing = subprocess.run([python, "-m", "pip", "list", "--format=freeze"], check=True, capture_output=True)
        example = [python, "-I", "-X", "utf8", folder.resolve() / "onnx" / "example.py", *texts]
        started = time.perf_counter()
        done = subprocess.run(example, check=True, capture_output=True, cwd=temporary)
        seconds = time.perf_counter() - started
    found = [line.split("\t")[1] for line in done.stdout.decode("utf-8").splitlines()]
    same = np.mean([a == b for a, b in zip(found, answering("own", folder)(texts), strict=True)])
    installed = " ".join(listing.stdout.decode().split())
    print(f"in a fresh environment ({installed}): {len(found)} titles in {seconds:.1f} s, {same:.1%} answered as by us")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train.txt, dev.txt, test.txt, class.txt")
    parser.add_argument("--models", type=Path, help="where the models are saved (--save-dir); trained where missing")
    parser.add_argument("--folder", type=Path, help="one model folder, instead")
    parser.add_argument("--fresh-venv", action="store_true", help="run the example with onnxruntime and numpy alone")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="MODEL", default=MODELS)
    options = parser.parse_args()
    if options.alone is not None:
        json.dump(measure(answering(options.alone, options.folder), options.data), sys.stdout)
        return
    with tempfile.TemporaryDirectory() as temporary:
        models = options.models or Path(temporary)
        if options.folder:
            run_program("--save-dir", options.folder, "--export", "onnx", "--int8")
        for name in [options.folder.name] if options.folder else options.names:
            folder = options.folder or prepared(options.data, name, models)
            compare(options.data, name, folder)
            if options.fresh_venv:
                try_in_fresh_environment(options.data, folder)


if __name__ == "__main__":
    main()
