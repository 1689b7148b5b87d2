"""What every text classifier has in common.

Shapes: B batch, T time (tokens), F features of a text, C classes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from textrnn.models.parts.layers import TokenEmbedding
from textrnn.models.parts.sentence_branch import SentenceBranch


class ClassifierNetwork(nn.Module, ABC):
    """Token ids (B, T) and lengths (B,) -> logits (B, C). Padding (id 0, after the text) never changes an output."""

    needs_all_texts: ClassVar[bool] = False  # before it learns, so that it cannot learn on from others
    embedding: TokenEmbedding  # pretrained vectors are put into its table
    classifier: nn.Linear  # features -> logits

    def __init__(self) -> None:
        super().__init__()
        self.sentences: SentenceBranch | None = None

    def read_sentences(self, size: int) -> SentenceBranch:
        """To be called before the first weights are learnt or loaded, where vectors of whole texts are read, too."""
        self.sentences = SentenceBranch(size, self.classifier.out_features)
        return self.sentences

    @property
    def share_of_sentences(self) -> float:
        """What the logits of that branch count in the answer, where others are mixed in."""
        return 1.0

    def learn_statistics(self, token_ids: Tensor, offsets: Tensor) -> None:
        """Collect statistics of the training texts before training; by default, what the token vectors need.

        Args:
            token_ids: (all tokens,) of the training texts, end to end, on the CPU.
            offsets: (texts + 1,) where each begins.
        """
        self.embedding.learn_statistics(token_ids, offsets)

    def learn_spelling(self, characters: Tensor, offsets: Tensor) -> None:
        """The same of the spellings of the training texts, where they are read; see :class:`Spelling`.

        Args:
            characters: (all characters,) code points, end to end, on the CPU.
            offsets: (texts + 1,) where each begins.
        """

    def learn_words(self, characters: Tensor, offsets: Tensor) -> None:
        """The same of the words of the training texts, where they are read beside characters."""

    @abstractmethod
    def text_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T) int64, (B,) int64 -> (B, F): what the last layer, which is linear, classifies a text by."""

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T) int64, (B,) int64 -> (B, C) logits."""
        logits: Tensor = self.classifier(self.text_features(token_ids, lengths))
        return logits

    def __call__(
        self, token_ids: Tensor, lengths: Tensor, *characters: Tensor, sentence_vectors: Tensor | None = None
    ) -> Tensor:
        """As :meth:`forward`, through torch's hooks (restated for its types), and what is read of whole texts added.

        Args:
            characters: (B, S) int64, for networks that read spellings.
            sentence_vectors: (B, D), for those with a branch for them; None: the answer without it.
        """
        logits: Tensor = super().__call__(token_ids, lengths, *characters)
        if sentence_vectors is None or self.sentences is None:
            return logits
        of_vectors: Tensor = self.sentences(sentence_vectors)
        return logits + self.share_of_sentences * of_vectors
