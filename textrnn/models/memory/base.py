"""The models of the memory experiments: digits are embedded, any of the visible cells reads them, and a linear layer
answers from the last state, or from the states after those digits at which something is asked.

Shapes: B batch, T time (digits), E embedding, H hidden, C classes, N all that is asked of a batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from textrnn.models.parts.cells import LSTMRecord, SRNRecord
from textrnn.models.parts.layers import dropout
from textrnn.models.parts.visible_cells import LSTM, VisibleCell


def initialise(cell: VisibleCell, method: str, sequence_length: int) -> None:
    """Set the weights of a cell.

    Args:
        method: ``uniform``: left as they are, PyTorch's own way. ``zero``: all zero. ``glorot``: Glorot W and U, zero
            biases. ``orthogonal``: orthogonal U, Glorot W, zero biases, LSTM forget bias 1. ``chrono``: the same, but
            the forget biases of an LSTM are drawn so that its units forget within 1 to `sequence_length` - 1 steps, and
            the input biases are their opposites.
        sequence_length: T.

    Source: Glorot & Bengio 2010; Saxe et al. 2014 (orthogonal); Jozefowicz et al. 2015, section 2.2 (forget bias);
    Tallec & Ollivier 2018, section 3 (chrono).
    """
    if method == "uniform":
        return
    with torch.no_grad():
        for name, parameter in cell.named_parameters():
            if method == "zero" or name.startswith("b"):
                parameter.zero_()
            elif name.startswith("U") and method != "glorot":
                nn.init.orthogonal_(parameter)
            else:
                nn.init.xavier_uniform_(parameter)
        if isinstance(cell, LSTM) and method == "orthogonal":
            cell.get_parameter("b_f").fill_(1.0)
        elif isinstance(cell, LSTM) and method == "chrono":
            spans = torch.empty(1, cell.hidden_size).uniform_(1, max(2, sequence_length - 1))
            cell.get_parameter("b_f").copy_(spans.log())
            cell.get_parameter("b_i").copy_(-spans.log())


class SequenceClassifier(nn.Module):
    """Digits (B, T) -> logits (B, C) of the answer to the whole sequence, or (N, C) of all that is asked on the way.

    It reads from left to right: an answer depends on no later digit, so that what fills up a shorter row after its last
    question changes nothing.

    Source: the shape is that of ``Model_RNN4SeqClass`` in Qiu, Neural Networks and Deep Learning, exercises of
    chapter 6.
    """

    cell_type: type[VisibleCell]

    def __init__(
        self,
        *,
        vocabulary_size: int,
        class_count: int,
        sequence_length: int,
        embedding_size: int,
        hidden_size: int,
        embedding_dropout: float,
        dropout: float,
        learned_start: bool,
        initialisation: str,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        if initialisation in ("glorot", "zero"):  # never zero: digits with equal vectors stay equal
            nn.init.xavier_uniform_(self.embedding.weight)
        self.cell = self.cell_type(embedding_size, hidden_size)
        initialise(self.cell, initialisation, sequence_length)
        # From a learned start, the cell can tell the first steps from later ones and learn when to close its gates.
        parts = 2 if isinstance(self.cell, LSTM) else 1
        self.start = nn.ParameterList(torch.randn(hidden_size) * 0.5 for _ in range(parts if learned_start else 0))
        self.output = nn.Linear(hidden_size, class_count)
        self.embedding_dropout, self.dropout = embedding_dropout, dropout

    def _inputs(self, digits: Tensor) -> tuple[Tensor, tuple[Tensor, ...] | None]:
        """(B, T) -> what the cell reads, (B, T, E), and the state it begins with."""
        start = tuple(part.expand(len(digits), -1) for part in self.start) or None
        return dropout(self.embedding(digits), self.embedding_dropout, self.training), start

    def record(self, digits: Tensor) -> LSTMRecord | SRNRecord:
        """(B, T) int64 -> what the cell did at every step."""
        return self.cell.record(*self._inputs(digits))

    def forward(self, digits: Tensor, asked: Tensor | None = None) -> Tensor:
        """(B, T) int64 -> (B, C), the answers after the last digit.

        Args:
            asked: bool, (B, T): after which digits there is a question; then (N, C), row after row.
        """
        if asked is None:
            answering = self.cell(*self._inputs(digits))
        else:
            answering = self.record(digits).hidden.transpose(0, 1)[asked]
        logits: Tensor = self.output(dropout(answering, self.dropout, self.training))
        return logits
