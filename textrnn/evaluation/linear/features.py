"""What a linear model reads of a text: TF-IDF of characters 1-3, and of words 1-2 if something finds them; where words
have spaces, of words 1-2 and of characters 2-5 within words.

Source: Joachims 1998 (TF-IDF); scikit-learn's TfidfVectorizer with sublinear_tf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from textrnn.evaluation.linear.few_rows import Columns

CutIntoWords = Callable[[str], Sequence[str]]  # with an attribute `beside_characters`, where words have no spaces
LONGEST_CHARACTERS = 3  # of n-grams of characters, where words have no spaces
LONGEST_WORDS = 2
SHORTEST_PIECE, LONGEST_PIECE = 2, 5  # characters of n-grams within words, a space before and after each word
WEIGHT_BESIDE = 0.7  # of words beside characters, which are surer
MANY_TEXTS = 1000  # an n-gram seen in one text is noise among so many, but all there is among fewer


def vectorizer_for(words: CutIntoWords | None, texts: int) -> Any:
    """An untrained transformer of scikit-learn's: raw texts -> (texts, n-grams) sparse TF-IDF.

    Args:
        words: cuts a text into words and marks, in lower case; None: characters alone.
        texts: how many it will be fitted to.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    common = {"sublinear_tf": True, "min_df": 2 if texts >= MANY_TEXTS else 1}
    of_characters = TfidfVectorizer(analyzer="char", ngram_range=(1, LONGEST_CHARACTERS), **common)
    if words is None:
        return of_characters
    of_words = TfidfVectorizer(
        tokenizer=words, token_pattern=None, lowercase=False, ngram_range=(1, LONGEST_WORDS), **common
    )
    if _is_beside(words):
        weights = {"words": WEIGHT_BESIDE}
        return FeatureUnion([("characters", of_characters), ("words", of_words)], transformer_weights=weights)
    return FeatureUnion([("words", of_words), ("pieces", TfidfVectorizer(analyzer=PiecesOfWords(words), **common))])


def fit_vectorizer(words: CutIntoWords | None, texts: Sequence[str]) -> tuple[Any, Any]:
    """That transformer, fitted to texts, and their features (texts, n-grams); where no n-gram stands in two of many
    texts, with those of one text."""
    vectorizer = vectorizer_for(words, len(texts))
    try:
        return vectorizer, vectorizer.fit_transform(texts)
    except ValueError:
        vectorizer = vectorizer_for(words, 1)
        return vectorizer, vectorizer.fit_transform([text or " " for text in texts])


def columns_of(vectorizer: Any) -> Columns:
    """What the columns of a fitted transformer are; of n-grams of characters that are not within words, the lengths are
    told apart."""
    found = []
    for part, (name, each) in enumerate(getattr(vectorizer, "transformer_list", [("characters", vectorizer)])):
        lengths = np.array([len(ngram) for ngram in each.get_feature_names_out()])
        of_part = np.full(len(lengths), (LONGEST_CHARACTERS + 1) * part)
        found.append((each.idf_, of_part, of_part + lengths if name == "characters" else of_part))
    return Columns(*map(np.concatenate, zip(*found, strict=True)))


def features_named(words: CutIntoWords | None) -> str:
    """What :func:`vectorizer_for` reads, in words."""
    if words is None:
        return f"characters 1-{LONGEST_CHARACTERS}"
    if _is_beside(words):
        return f"characters 1-{LONGEST_CHARACTERS}, words 1-{LONGEST_WORDS}"
    return f"words 1-{LONGEST_WORDS}, characters {SHORTEST_PIECE}-{LONGEST_PIECE}"


def _is_beside(words: CutIntoWords) -> bool:
    return getattr(words, "beside_characters", False)


def pieces_of(word: str) -> list[str]:
    """All n-grams of the characters of a word, a space before and after it."""
    spelt = f" {word} "
    sizes = range(SHORTEST_PIECE, LONGEST_PIECE + 1)
    return [spelt[start : start + size] for size in sizes for start in range(len(spelt) - size + 1)]


class PiecesOfWords:
    """An analyzer for scikit-learn: a text -> the pieces of all its words; those of a word are remembered."""

    def __init__(self, words: CutIntoWords):
        self.words = words
        self.known: dict[str, list[str]] = {}

    def __call__(self, text: str) -> list[str]:
        found: list[str] = []
        for word in self.words(text):
            pieces = self.known.get(word)
            if pieces is None:
                pieces = self.known[word] = pieces_of(word)
            found += pieces
        return found
