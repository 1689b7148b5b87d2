"""What every text classifier has in common.

Shapes: B batch, T time (tokens), E embedding, H hidden, C classes, V vocabulary.
"""

from __future__ import annotations

from torch import Tensor, nn

from textrnn.models.layers import RecurrentEncoder, TokenEmbedding, dropout, make_pooling, valid_mask


class TextClassifier(nn.Module):
    """Token ids (B, T) and lengths (B,) -> logits (B, C). Padding (id 0, after the text) never changes an output."""

    embedding: TokenEmbedding

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        raise NotImplementedError

    def __call__(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """As :meth:`forward`, through torch's hooks (restated for its types)."""
        logits: Tensor = super().__call__(token_ids, lengths)
        return logits


class RecurrentClassifier(TextClassifier):
    """Embedding, recurrent layers, pooling over the valid steps, optional layer normalisation, linear layer."""

    def __init__(
        self,
        cell: type[nn.RNNBase],
        *,
        vocabulary_size: int,
        class_count: int,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        pooling: str,
        dropout: float,
        embedding_dropout: float,
        token_dropout: float,
        layer_normalisation: bool = False,
        recurrent_gain: float = 1.0,
    ):
        super().__init__()
        self.embedding = TokenEmbedding(
            vocabulary_size, embedding_size, dropout=embedding_dropout, token_dropout=token_dropout
        )
        self.encoder = RecurrentEncoder(
            cell,
            embedding_size,
            hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_gain=recurrent_gain,
        )
        self.pool = make_pooling(pooling, bidirectional=bidirectional)
        width = self.encoder.output_size
        self.normalisation = nn.LayerNorm(width) if layer_normalisation else nn.Identity()
        self.dropout = dropout
        self.classifier = nn.Linear(width, class_count)

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        states = self.encoder(self.embedding(token_ids), lengths)
        features = self.normalisation(self.pool(states, valid_mask(lengths, token_ids.shape[1])))
        logits: Tensor = self.classifier(dropout(features, self.dropout, self.training))
        return logits
