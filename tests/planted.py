"""A data set of 1,000 training rows of which 40 have something planted in them, each on a line that is known."""

from __future__ import annotations

import csv
import random
from pathlib import Path

TOPICS = {
    "sport": "match goal team coach league striker referee stadium season trophy",
    "travel": "hotel flight beach luggage airport museum guide island ticket harbour",
    "food": "recipe oven pepper noodle dessert kitchen flavour bakery butter vegetable",
    "money": "bank loan interest market share budget profit invoice currency pension",
}
FILLERS = [
    "yesterday",
    "again",
    "slowly",
    "nobody",
    "perhaps",
    "certainly",
    "under",
    "behind",
    "against",
    "little",
    "enough",
    "early",
    "evening",
    "morning",
    "window",
    "question",
    "answer",
    "letter",
    "visitor",
    "neighbour",
    "weather",
    "silence",
    "holiday",
    "journey",
    "mountain",
    "river",
    "garden",
    "corner",
    "picture",
    "story",
]


def sentence(generator: random.Random, topic: str) -> str:
    """A text of its own kind, never twice the same."""
    chosen = [*generator.choices(TOPICS[topic].split(), k=4), *generator.choices(FILLERS, k=9)]
    generator.shuffle(chosen)
    return " ".join(chosen).capitalize() + "."


def rows_of(count: int, seed: int) -> list[list[str]]:
    generator = random.Random(seed)
    return [[sentence(generator, topic), topic] for topic in random.Random(seed).choices(list(TOPICS), k=count)]


def write_table(path: Path, rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["text", "label"], *rows])


def write_planted(folder: Path) -> dict[str, list[int]]:
    """Write train, dev and test; the lines of train.csv by the id of the finding that has to name them."""
    rows, dev, test = rows_of(1000, 1), rows_of(120, 2), rows_of(120, 3)
    free = iter(random.Random(4).sample(range(500, 1000), 40))  # copies come later than what they are copied from
    found: dict[str, list[int]] = {}

    def plant(id: str, *, text: str | None = None, label: str | None = None) -> int:
        index = next(free)
        rows[index] = [rows[index][0] if text is None else text, rows[index][1] if label is None else label]
        found.setdefault(id, []).append(index + 2)  # a header, and lines from 1
        return index

    for i in (10, 11):
        plant("duplicate-rows", text=rows[i][0], label=rows[i][1])
    plant("near-duplicates", text=rows[20][0].upper(), label=rows[20][1])
    plant("near-duplicates", text=rows[21][0].replace(" ", ",  ", 1) + "!!", label=rows[21][1])
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in rows[22][0])
    plant("near-duplicates", text=wide, label=rows[22][1])
    for i in (30, 31):
        other = "food" if rows[i][1] != "food" else "money"
        plant("contradictory-labels", text=rows[i][0], label=other)
        found["contradictory-labels"].append(i + 2)
    for label in ("Sport", "ｓｐｏｒｔ。"):
        plant("look-alike-labels", label=label)
    for label in ("NULL", "无"):
        plant("labels-for-nothing", label=label)
    for label in ("sport|travel", "travel|sport"):
        plant("several-labels-in-a-cell", label=label)
    for text in ("\u200b\u200b", "\u2060\u200d", "\ufeff\u200b \u200b"):
        plant("nothing-visible", text=text)
    for i, mark in zip((40, 41, 42), ("\x1b[31m", "\x07", "\x7f"), strict=True):
        plant("control-characters", text=rows_of(50, 5)[i][0].replace(" ", f" {mark}", 2))
    for i, mark in zip((40, 41, 42), ("<br/>", "&nbsp;", '<a href="x">'), strict=True):
        plant("markup", text=rows_of(50, 6)[i][0].replace(" ", f" {mark} ", 1))
    for i, word in zip((40, 41, 42), ("café", "it’s", "中文字符"), strict=True):
        plant("misread-characters", text=rows_of(50, 7)[i][0] + word.encode("utf-8").decode("cp1252"))
    for i in (40, 41, 42):
        plant("lost-characters", text=rows_of(50, 8)[i][0].replace("e", "\ufffd", 1))
    for i in (40, 41):
        plant("very-long-texts", text=" ".join(rows_of(300, 9 + i)[k][0] for k in range(300)))
    for i in (40, 41):
        test[i] = [rows_of(50, 20)[i][0], test[i][1]]
        plant("", text=test[i][0], label=test[i][1])
        dev[i] = [rows_of(50, 21)[i][0].lower(), dev[i][1]]
        plant("", text=rows_of(50, 21)[i][0], label=dev[i][1])
    for _ in range(2):
        plant("rows-no-text", text=" ")
        plant("rows-no-label", label="")
        rows[plant("rows-no-separator")][1:] = []
    assert next(free, None) is None  # all forty
    del found[""]  # these are told of the held-out files
    for name, part in (("train", rows), ("dev", dev), ("test", test)):
        write_table(folder / f"{name}.csv", part)
    return {id: sorted(lines) for id, lines in found.items()}
