from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from textrnn.corpus.tokenizers import Tokenizer, WordsBesideCharacters
from textrnn.evaluation.linear.features import features_named, fit_vectorizer, pieces_of, vectorizer_for

WORDS = Tokenizer("mixed", lowercase=True)
ENGLISH = ["The cat sat.", "the Cats sit, don't they?", "A dog!", "dogs and cats: a story", "I a b"]


def test_words_and_their_pieces_are_those_of_scikit_learn() -> None:
    ours = vectorizer_for(WORDS, len(ENGLISH)).fit_transform(ENGLISH).toarray()
    cut = [" ".join(WORDS(text)) for text in ENGLISH]  # A股 is in the dictionary, a股 is not
    words = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True).fit_transform(cut)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True).fit_transform(cut)
    np.testing.assert_allclose(ours, np.concatenate([words.toarray(), pieces.toarray()], axis=1))


@given(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=12))
def test_pieces_of_any_word(word: str) -> None:
    expected = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), lowercase=False).build_analyzer()(word)
    assert sorted(pieces_of(word)) == sorted(expected)


def test_characters_where_words_have_no_spaces() -> None:
    texts = ["股市 上涨", "股市下跌", "A股"]
    found = vectorizer_for(None, 3).fit_transform(texts)
    expected = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True).fit_transform(texts)
    assert (found != expected).nnz == 0


def test_words_beside_characters() -> None:
    texts = ["股市上涨 A股", "股市下跌", "a股"]
    found = vectorizer_for(WordsBesideCharacters(), 3).fit_transform(texts).toarray()
    characters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True).fit_transform(texts)
    cut = ["股市 上涨 _ a股", "股市 下跌", "a 股"]  # A股 is in the dictionary, a股 is not
    words = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True).fit_transform(cut)
    np.testing.assert_allclose(found[:, : characters.shape[1]], characters.toarray())
    # The columns are in the order of their names, and a space has another one here.
    np.testing.assert_allclose(
        np.sort(found[:, characters.shape[1] :], axis=1), 0.7 * np.sort(words.toarray(), axis=1), atol=1e-12
    )


def test_what_stands_in_one_text_of_many_is_left_out() -> None:
    many = ["same words here"] * 999 + ["unheard of"]
    words = dict(vectorizer_for(WORDS, 1000).fit(many).transformer_list)["words"]
    assert set(words.vocabulary_) == {"same", "words", "here", "same words", "words here"}


def test_texts_that_have_nothing_in_common() -> None:
    texts = [f"x{number}" for number in range(1000)]
    assert fit_vectorizer(str.split, [text[1:] for text in texts])[1].shape[0] == 1000
    assert fit_vectorizer(None, [chr(0x4E00 + number) for number in range(1000)])[1].shape == (1000, 1000)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (WORDS, "words 1-2, characters 2-5"),
        (WordsBesideCharacters(), "characters 1-3, words 1-2"),
        (None, "characters 1-3"),
    ],
)
def test_names(words: Any, name: str) -> None:
    assert features_named(words) == name
