"""A sketch for long texts whose class shows only in a count: a mixture over their pieces, fitted by EM.

    TEXTRNN_DATA=DIR python -m benchmarks.window_mixture [12 8] [--rounds 9] [--smoothing 0.3]

The texts are those of benchmarks.long_texts; judged on dev. A text is taken for a chain of pieces, which end at white
space. Each piece is of one class: that of the piece before it, or, with a probability that is learnt, a new one, drawn
from the classes of the text, of which its label has a share of its own and all others the same. A piece of a class has
n-grams of characters (1-3, TF-IDF, a norm of one) by a multinomial. EM finds the multinomials and the probability of a
new class; a text is answered with the class under which it is likeliest. A bias for each class, which the training
texts tell, corrects for classes that have too many pieces.

Printed of each round: the share of pieces of the training texts that are taken for their label's, the probability of a
new class, and dev accuracy without and with those biases.

Source: Nigam et al. 2000 (EM over naive Bayes); Gruber, Rosen-Zvi & Weiss 2007 (a topic that stays along a text);
Quadrianto et al. 2009 (labels known as proportions).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.long_texts import CLASSES, KINDS, SIZES, TITLES, write

LONGEST, LEAST = 3, 3  # characters of an n-gram; pieces that have it
LONGEST_PIECE = 48  # characters; longer ones are cut
Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


class Pieces(NamedTuple):
    """Pieces of texts, in order: their text, and their place in it."""

    spelt: list[str]
    of_text: Integers
    places: Integers

    @classmethod
    def of(cls, texts: list[str]) -> Pieces:
        """Cut at white space."""
        by_text = [
            [
                word[at : at + LONGEST_PIECE]
                for word in text.lower().split()
                for at in range(0, len(word), LONGEST_PIECE)
            ]
            for text in map(str.lower, texts)
        ]
        counts = np.array(list(map(len, by_text)))
        of_text = np.repeat(np.arange(len(texts)), counts)
        places = np.arange(len(of_text)) - np.repeat(np.cumsum(counts) - counts, counts)
        return cls([piece for pieces in by_text for piece in pieces], of_text, places)

    def in_place(self, values: Floats, fill: float) -> Floats:
        """(pieces, ...) -> (texts, most pieces, ...)."""
        found = np.full((self.of_text[-1] + 1, self.places.max() + 1, *values.shape[1:]), fill, np.float32)
        found[self.of_text, self.places] = values
        return found


def ngrams(spelt: list[str]) -> list[tuple[Integers, Integers]]:
    """For each length: the piece and the number of every n-gram of characters."""
    flat = np.frombuffer("".join(spelt).encode("utf-32-le", "surrogatepass"), "<i4").astype(np.int64)
    piece = np.repeat(np.arange(len(spelt)), list(map(len, spelt)))
    found = []
    for length in range(1, LONGEST + 1):
        count = len(flat) - length + 1
        numbers = np.zeros(count, np.int64)
        for place in range(length):
            numbers = numbers * (1 << 17) + flat[place : place + count] + 1
        inside = piece[:count] == piece[length - 1 :]
        found.append((piece[:count][inside], numbers[inside]))
    return found


def features(train: list[str], dev: list[str]) -> tuple[Any, Any]:
    """TF-IDF of the pieces, (pieces, n-grams) sparse, every row with a norm of one."""
    counted = [np.unique(numbers, return_counts=True) for _, numbers in ngrams(train)]
    known = np.concatenate([numbers[counts >= LEAST] for numbers, counts in counted])
    counts = np.concatenate([counts[counts >= LEAST] for _, counts in counted])
    by = known.argsort()
    known, idf = known[by], 1 + np.log((1 + len(train)) / (1 + counts[by]))

    def matrix(spelt: list[str]) -> Any:
        rows, numbers = (np.concatenate(part) for part in zip(*ngrams(spelt), strict=True))
        columns = np.searchsorted(known, numbers).clip(max=len(known) - 1)
        found = known[columns] == numbers
        values = idf[columns[found]].astype(np.float32)
        weighted = sparse.csr_matrix((values, (rows[found], columns[found])), shape=(len(spelt), len(known)))
        norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        return (sparse.diags(1 / np.maximum(norms, 1e-9)).astype(np.float32) @ weighted).tocsr()

    return matrix(train), matrix(dev)


def softmax(logits: Any) -> Any:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def likelihoods(pieces: Pieces, logits: Floats) -> Floats:
    """(pieces, C) logarithms -> (texts, most pieces, C), the greatest of each piece one; one of pieces not there."""
    return pieces.in_place(np.exp(logits - logits.max(axis=1, keepdims=True)), 1.0)


def forward(likely: Floats, there: NDArray[np.bool_], new: float, shares: Floats) -> tuple[Floats, Floats]:
    """(B, T, C) probabilities of the class given the pieces so far, and (B, T) of each piece given those before.

    Args:
        there: (B, T).
        new: the probability of a new class.
        shares: (B, C) that it is drawn by.
    """
    so_far, each = np.empty_like(likely), np.ones(likely.shape[:2], np.float32)
    now = shares
    for step in range(likely.shape[1]):
        joint = (shares if step == 0 else (1 - new) * now + new * shares) * likely[:, step]
        total = joint.sum(axis=1, keepdims=True)
        now = so_far[:, step] = np.where(there[:, step, None], joint / total, now)
        each[:, step] = np.where(there[:, step], total[:, 0], 1.0)
    return so_far, each


def posterior(likely: Floats, there: NDArray[np.bool_], new: float, shares: Floats) -> tuple[Floats, float]:
    """(B, T, C) probabilities of the class given the whole text, and the expected share of pieces with a new class."""
    so_far, each = forward(likely, there, new, shares)
    behind, news = np.ones_like(shares), 0.0
    found = np.empty_like(likely)
    for step in range(likely.shape[1] - 1, -1, -1):
        found[:, step] = so_far[:, step] * behind
        ahead = likely[:, step] * behind / each[:, step, None]
        drawn = new * (shares * ahead).sum(axis=1)
        if step:
            news += float(drawn[there[:, step]].sum())
        behind = np.where(there[:, step, None], (1 - new) * ahead + drawn[:, None], behind)
    found /= found.sum(axis=2, keepdims=True)
    return found, news / max(1, int(there[:, 1:].sum()))


def text_scores(likely: Floats, there: NDArray[np.bool_], new: float, by_label: Floats) -> Floats:
    """(B, C): the log-likelihood of each text under each label."""
    scores = [forward(likely, there, new, np.tile(shares, (len(likely), 1)))[1] for shares in by_label]
    return np.stack([np.log(each).sum(axis=1) for each in scores], axis=1)


def biases_of(scores: Floats, labels: Integers) -> NDArray[np.float64]:
    """(C,) that give every class the probability that it has among the labels."""
    biases, wanted = np.zeros(CLASSES), np.bincount(labels, minlength=CLASSES) / len(labels)
    for _ in range(200):
        biases += 3 * (wanted - softmax(scores + biases).mean(axis=0))
    return biases


def measure(folder: Path, own_share: float, rounds: int, smoothing: float, new: float) -> None:
    """EM, a line for each round."""
    started = time.process_time()
    rows = {
        split: [line.rsplit("\t", 1) for line in (folder / f"{split}.txt").read_text("utf-8").splitlines()]
        for split in ("train", "dev")
    }
    (train, labels), (dev, truth) = (
        (Pieces.of([text for text, _ in split]), np.array([int(label) for _, label in split]))
        for split in rows.values()
    )
    of_train, of_dev = features(train.spelt, dev.spelt)
    by_ngram = of_train.T.tocsr()
    by_label = np.full((CLASSES, CLASSES), (1 - own_share) / (CLASSES - 1), np.float32)
    np.fill_diagonal(by_label, own_share)
    is_there, is_there_of_dev = (part.in_place(np.ones(len(part.spelt), np.float32), 0.0) > 0 for part in (train, dev))
    belonging, balance = by_label[labels[train.of_text]], np.zeros(CLASSES, np.float32)
    for number in range(1, rounds + 1):
        counts = (by_ngram @ belonging).T + smoothing
        weights = np.log(counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
        logits = of_train @ weights.T
        for _ in range(5):  # every class has as many pieces, which the labels say
            balance -= np.log(softmax(logits[::7] + balance).mean(axis=0) * CLASSES)
        likely = likelihoods(train, logits + balance)
        found, new = posterior(likely, is_there, new, by_label[labels])
        belonging = found[train.of_text, train.places]
        likely_of_dev = likelihoods(dev, of_dev @ weights.T + balance)
        scores = text_scores(likely_of_dev, is_there_of_dev, new, by_label)
        own = belonging[np.arange(len(belonging)), labels[train.of_text]].mean()
        line = f"  round {number}: own {own:.3f}, new {new:.3f}, dev {(scores.argmax(axis=1) == truth).mean():.4f}"
        if number == rounds:
            biases = biases_of(text_scores(likely, is_there, new, by_label), labels)
            line += f", with biases {((scores + biases).argmax(axis=1) == truth).mean():.4f}"
        print(f"{line} ({time.process_time() - started:.0f} s of CPU)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["12", "8"])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--smoothing", type=float, default=0.3, help="counts added to every n-gram of every class")
    parser.add_argument("--new", type=float, default=0.8, help="probability of a new class, at first")
    asked = parser.parse_args()
    for part in asked.parts:
        print(part, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            write(Path(os.environ["TEXTRNN_DATA"]) / "thucnews", Path(folder), KINDS[part], SIZES)
            measure(Path(folder), KINDS[part].of_class / TITLES, asked.rounds, asked.smoothing, asked.new)


if __name__ == "__main__":
    main()
