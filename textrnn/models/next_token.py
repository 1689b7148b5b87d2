"""The encoder of a classifier as a language model: each direction tells the token that it reads next.

Shapes: B batch, T time (tokens), N predictions, E embedding, H hidden, V vocabulary, K candidates.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.models.carrying import encoder_of
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import TokenEmbedding, dropout, reversal_index, valid_mask


class NextTokenNetwork(nn.Module):
    """Token ids (B, T), lengths (B,) -> (N, E) what is expected, and (N,) ids of what comes: of the forward direction
    the next token, of the backward one the token before.

    Embedding and encoder are those of the classifier, and the same in memory: what is learnt here, the classifier has.
    The output shares the token vectors.

    Args:
        counts: (V,): how often each token is in the texts.

    Source: Dai & Le 2015 (a language model first); Press & Wolf 2017 (shared vectors); Jean et al. 2015, section 3
    (candidates instead of the whole vocabulary).
    """

    shares: Tensor  # (V,), of all tokens in the texts

    def __init__(self, classifier: ClassifierNetwork, counts: Tensor):
        super().__init__()
        self.embedding, self.encoder = classifier.embedding, encoder_of(classifier)
        self.encoder.separate_directions()
        directions = self.encoder.layers[0]
        assert isinstance(directions, nn.ModuleList)
        assert isinstance(directions[0], nn.RNNBase)
        width = self.embedding.table.embedding_dim
        self.projections = nn.ModuleList(nn.Linear(directions[0].hidden_size, width) for _ in directions)
        shares = (counts.double() + 1.0) / (counts.double() + 1.0).sum()
        self.bias = nn.Parameter(shares.log().float())  # to begin with, what is frequent is expected
        self.register_buffer("shares", shares.float(), persistent=False)

    def forward(self, token_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T), (B,) -> (N, E), (N,)."""
        steps = token_ids.shape[1]
        mask = valid_mask(lengths - 1, steps - 1)
        expected, targets = [], []
        for direction, projection in enumerate(self.projections):
            ids = token_ids.gather(1, reversal_index(lengths, steps)) if direction else token_ids
            # Token vectors alone: what a model adds to them may be of the tokens beside, which are to be told.
            vectors = TokenEmbedding.forward(self.embedding, ids)
            states = self.encoder.one_direction(vectors, direction)[:, :-1][mask]  # (N, H)
            expected.append(projection(dropout(states, self.encoder.dropout, self.training)))
            targets.append(ids[:, 1:][mask])
        return torch.cat(expected), torch.cat(targets)

    def losses(self, expected: Tensor, targets: Tensor) -> Tensor:
        """(N, E), (N,) -> (N,): -ln p of what comes, over the whole vocabulary."""
        logits = functional.linear(expected, self.embedding.table.weight, self.bias)
        return functional.cross_entropy(logits, targets, reduction="none")

    def losses_among(self, expected: Tensor, targets: Tensor, candidates: Tensor) -> Tensor:
        """The same, estimated: what comes against some tokens (K,) that were drawn by :attr:`shares`."""
        weight = self.embedding.table.weight
        bias = self.bias - self.shares.log()  # a token that is drawn often counts less each time
        of_targets = (expected * functional.embedding(targets, weight)).sum(dim=1) + bias[targets]
        logits = functional.linear(expected, functional.embedding(candidates, weight), bias[candidates])
        logits = logits.masked_fill(targets[:, None] == candidates[None, :], -torch.inf)
        logits = torch.cat([of_targets[:, None], logits], dim=1)
        return functional.cross_entropy(logits, torch.zeros_like(targets), reduction="none")

    def draw_candidates(self, count: int) -> Tensor:
        """(K,) token ids, by torch's generator."""
        return torch.multinomial(self.shares, count, replacement=True)
