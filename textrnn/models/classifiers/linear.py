"""A linear model over TF-IDF: n-grams of tokens, and where words have spaces, of the characters within them.

The model that is trained beside all others to compare with, as one to keep. Its weights are found by a solver
(LIBLINEAR, through scikit-learn), not epoch by epoch: settings of the training loop mean nothing to it.

Source: Joachims 1998 (SVM on TF-IDF); Fan et al. 2008 (LIBLINEAR).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textrnn.config import Choices, ModelConfig, option
from textrnn.models.classifiers.ngram_classifier import NgramClassifier
from textrnn.models.parts.layers import TokenEmbedding
from textrnn.models.parts.ngram_bag import NgramBag
from textrnn.models.parts.piece_bag import PieceBag
from textrnn.models.parts.word_bag import WordBag

NAME = "Linear"
PAD_SIZE = 4096
LABEL_SMOOTHING = 0.0
READS_SPELLING = True
LOWERCASE = True
# Settings of the training loop that no solver reads.
UNREAD = ("learning_rate", "batch_size", "weight_decay", "label_smoothing", "consistency")


@dataclass(frozen=True)
class Config(ModelConfig):
    """Hyper-parameters of the linear model."""

    embedding_size: int = option(1, "numbers per token vector (a pretrained file brings its own)", at_least=1)  # unused
    longest_ngram: int = option(3, "tokens of the longest n-grams", at_least=1, at_most=8, searched=Choices((2, 3, 4)))
    longest_words: int = option(
        2, "words of the longest n-grams, where words have spaces", at_least=1, at_most=8, searched=Choices((1, 2, 3))
    )
    max_ngrams: int = option(2_000_000, "keep at most this many n-grams, those of the most texts", at_least=1)
    inverse_penalty: float | None = option(
        None,
        "scikit-learn's C (default: chosen by cross-validation where rows are few)",
        above=0.0,
        searched=Choices((0.06, 0.12, 0.25, 0.5, 1.0, 2.0, 4.0)),
    )
    class_names: bool | None = option(
        None,
        "learn the names of classes as texts of theirs (default: where labels are few, names are words, and "
        "cross-validation says that it helps)",
        formerly=False,
    )


class Model(NgramClassifier):
    """Token ids (B, T), lengths (B,), and where words have spaces code points (B, S) -> logits (B, C)."""

    def __init__(
        self,
        *,
        vocabulary_size: int,
        class_count: int,
        embedding_size: int,
        longest_ngram: int,
        longest_words: int,
        max_ngrams: int,
        inverse_penalty: float | None,
        class_names: bool | None = None,
    ):
        super().__init__()
        self.embedding = TokenEmbedding(vocabulary_size, embedding_size, dropout=0.0, token_dropout=0.0)
        self.longest_words, self.inverse_penalty, self.class_names = longest_words, inverse_penalty, class_names
        # An n-gram of a word that is not known is not known itself.
        self.ngrams = NgramBag(
            vocabulary_size, class_count, longest=longest_ngram, max_ngrams=max_ngrams, of_unknown_tokens=False
        )
        self.pieces = PieceBag(class_count, max_pieces=max_ngrams)
        self.words = WordBag(class_count, max_words=max_ngrams)
        self.classifier = nn.Linear(class_count, class_count)  # the bags give logits: it only adds the intercepts
        with torch.no_grad():
            self.classifier.weight.copy_(torch.eye(class_count))
            self.classifier.bias.zero_()
        self.classifier.weight.requires_grad_(False)

    def learn_spelling(self, characters: Tensor, offsets: Tensor) -> None:
        """Counts the pieces of words; there are words, then."""
        super().learn_spelling(characters, offsets)
        self.ngrams.longest = self.longest_words

    def text_features(self, token_ids: Tensor, lengths: Tensor, *characters: Tensor) -> Tensor:
        """A batch -> (B, C)."""
        return self.wording(token_ids, lengths, *characters)

    def take_linear(self, weights: Tensor, intercepts: Tensor) -> None:
        """Answer as a linear model over the sparse features does: (C, K) and (C,)."""
        with torch.no_grad():
            for bag, columns in self.by_bag(weights):
                bag.table.weight.copy_(columns)
            self.classifier.bias.copy_(intercepts)
