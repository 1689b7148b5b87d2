"""Data of other kinds than short Chinese titles, with the defaults: long reviews, English, one class in eleven rows."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Result
from tests.factories import write_rows

PLAIN = [
    "the",
    "a",
    "of",
    "and",
    "to",
    "in",
    "it",
    "was",
    "that",
    "this",
    "with",
    "for",
    "on",
    "as",
    "film",
    "story",
    "scene",
    "actor",
    "camera",
    "music",
    "ending",
    "evening",
    "people",
    "house",
    "street",
    "night",
    "morning",
    "while",
    "after",
    "before",
    "then",
    "again",
    "somebody",
    "something",
    "room",
    "table",
    "chair",
    "window",
]
PRAISE = ["wonderful", "moving", "brilliant", "charming", "delightful", "superb"]
BLAME = ["dull", "awful", "tedious", "clumsy", "boring", "dreadful"]


def review(generator: random.Random, praising: bool, words: int) -> str:
    """Mostly words that say nothing; of those that do, four in five say what the label says."""
    text = [generator.choice(PLAIN) for _ in range(words)]
    for _ in range(max(3, words // 25)):
        kind = PRAISE if (generator.random() < 0.8) == praising else BLAME
        text.insert(generator.randint(0, len(text)), generator.choice(kind))
    return " ".join(text).capitalize() + "."


def write_reviews(path: Path, rows: list[tuple[str, str]]) -> Path:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "label"])
        writer.writerows(rows)
    return path


def metrics_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("model", ["LSTM", "BiLSTM_Ngram", "FastText"])
def test_long_english_reviews(run: Callable[..., Result], tmp_path: Path, model: str) -> None:
    generator = random.Random(0)
    rows = [(review(generator, index % 2 == 0, 300), "good" if index % 2 == 0 else "bad") for index in range(400)]
    assert min(len(text) for text, _ in rows) > 1000
    path = write_reviews(tmp_path / "reviews.csv", rows)
    small = ["--hidden-size", "16"] if model != "FastText" else []
    result = run("--dataset", path, "--model", model, "--epochs", "12", "--quiet", "--no-baseline", *small)
    assert result.status == 0, result.err
    assert "(mixed)" in result.out
    folder = Path("saved_dict/reviews") / model
    assert metrics_of(folder)["test"]["accuracy"] >= 0.8
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert settings["tokenizer"] == {"name": "mixed", "lowercase": True}
    assert (settings["data"]["tokenizer"], settings["data"]["max_vocab"]) == ("mixed", 30_000)
    answer = run("--dataset", path, "--model", model, "--predict", "SUPERB! Superb, wonderful and moving.")
    assert answer.out.splitlines()[1].strip().startswith("good")


def imbalanced(tmp_path: Path) -> Path:
    """Ten rows of one class for each of the other, which is easily mistaken for it."""
    generator = random.Random(1)
    folder = tmp_path / "rare"
    for split, count in (("train", 660), ("dev", 220), ("test", 220)):
        rows = []
        for index in range(count):
            rare = index % 11 == 0
            text = [generator.choice("的了是在有和不人这中大来上个国") for _ in range(8)]
            if generator.random() < (0.8 if rare else 0.15):
                text[generator.randrange(8)] = "退"
            rows.append(("".join(text), "投诉" if rare else "其他"))
        write_rows(folder / f"{split}.txt", rows)
    return folder


def test_one_row_in_eleven(run: Callable[..., Result], tmp_path: Path) -> None:
    """Without weights, the rare class is hardly ever named; with them, most of its rows are found."""
    path = imbalanced(tmp_path)
    small = [
        "--epochs",
        "6",
        "--hidden-size",
        "16",
        "--max-pairs",
        "0",
    ]  # in characters at random, no pair means anything
    flags = ["--dataset", path, *small, "--quiet", "--no-baseline"]
    recalls = []
    for others in ([], ["--class-weight", "balanced"]):
        assert run(*flags, *others).status == 0
        recalls.append(metrics_of(Path("saved_dict/rare/LSTM"))["test"]["per_class"]["投诉"]["recall"])
    assert recalls[0] < 0.5 < 0.7 <= recalls[1]
