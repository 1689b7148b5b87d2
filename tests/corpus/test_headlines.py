"""What the shipped data set promises: size, balance, lengths, and no text that nearly stands there twice."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from textrnn.config import DataConfig
from textrnn.corpus.dataset import load_dataset
from textrnn.corpus.readers import read_rows
from textrnn.corpus.sources.catalog import PROJECT_DATA, find_dataset

NAMES = ["财经", "房产", "股票", "教育", "科技", "社会", "时政", "体育", "游戏", "娱乐"]


def test_size_and_balance() -> None:
    dataset = load_dataset(find_dataset(str(PROJECT_DATA / "headlines")), DataConfig())
    assert dataset.class_names == NAMES
    assert [note.kind for note in dataset.notes] == ["read"]
    for split, rows in ((dataset.train, 480), (dataset.dev, 60), (dataset.test, 60)):
        assert Counter(split.labels) == dict.fromkeys(range(10), rows)
        assert all(8 <= len(text) <= 30 for text in split.texts)


def test_no_near_duplicates() -> None:
    texts = [
        text for split in ("train", "dev", "test") for text in read_rows(PROJECT_DATA / f"headlines/{split}.txt").texts
    ]
    bigrams = [{text[i : i + 2] for i in range(len(text) - 1)} for text in texts]
    holders: defaultdict[str, list[int]] = defaultdict(list)
    worst = (0.0, "", "")
    for index, grams in enumerate(bigrams):
        shared = Counter(other for gram in grams for other in holders[gram])
        for other, count in shared.items():
            jaccard = count / len(grams | bigrams[other])
            worst = max(worst, (jaccard, texts[index], texts[other]))
        for gram in grams:
            holders[gram].append(index)
    assert worst[0] < 0.5, worst


def test_no_text_is_close_to_one_of_another_split() -> None:
    of = {split: read_rows(PROJECT_DATA / f"headlines/{split}.txt").texts for split in ("train", "dev", "test")}
    bigrams = {split: [{t[i : i + 2] for i in range(len(t) - 1)} for t in texts] for split, texts in of.items()}
    for left, right in (("train", "dev"), ("train", "test"), ("dev", "test")):
        closest = max(len(a & b) / len(a | b) for a in bigrams[left] for b in bigrams[right] if len(a & b) > 4)
        assert closest < 0.4, (left, right, closest)


def test_not_made_by_filling_templates() -> None:
    """Names come back, as on a news page, but no frame does: a run of eight characters without the titles of works."""
    runs: Counter[str] = Counter()
    for text in read_rows(PROJECT_DATA / "headlines/train.txt").texts:
        frame = re.sub("《[^》]*》", "", text)
        runs.update({frame[i : i + 8] for i in range(len(frame) - 7)})
    assert runs.most_common(1)[0][1] <= 4, runs.most_common(3)
