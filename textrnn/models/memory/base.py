"""The models of the memory experiments: digits are embedded, any recurrent cell reads them, and a linear layer answers
from its last output, or from the outputs after those digits at which something is asked.

Shapes: B batch, T time (digits), E embedding, H hidden, C classes, N all that is asked of a batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from textrnn.models.parts.cells import LSTMRecord, SRNRecord
from textrnn.models.parts.layers import dropout
from textrnn.models.parts.recurrent.cell import RecurrentCell
from textrnn.models.parts.recurrent.stack import CellStack
from textrnn.models.parts.visible_cells import VisibleCell


class SequenceClassifier(nn.Module):
    """Digits (B, T) -> logits (B, C) of the answer to the whole sequence, or (N, C) of all that is asked on the way.

    It reads from left to right: an answer depends on no later digit, so that what fills up a shorter row after its last
    question changes nothing.

    Source: the shape is that of ``Model_RNN4SeqClass`` in Qiu, Neural Networks and Deep Learning, exercises of
    chapter 6.
    """

    cell_type: type[RecurrentCell]

    def __init__(
        self,
        *,
        vocabulary_size: int,
        class_count: int,
        sequence_length: int,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        embedding_dropout: float,
        dropout: float,
        learned_start: bool,
        initialisation: str,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        if initialisation in ("glorot", "zero"):  # never zero: digits with equal vectors stay equal
            nn.init.xavier_uniform_(self.embedding.weight)
        self.cell: RecurrentCell = (
            self.cell_type(embedding_size, hidden_size)
            if num_layers == 1
            else CellStack(self.cell_type, embedding_size, hidden_size, num_layers)
        )
        self.cell.initialise(initialisation, sequence_length)
        # From a learned start, the cell can tell the first steps from later ones and learn when to close its gates.
        shapes = dict(zip(self.cell.state_type._fields, self.cell.state_shapes(), strict=True))
        learnt = self.cell.learnable_start if learned_start else ()
        self.start = nn.ParameterList(torch.randn(shapes[name]) * 0.5 for name in learnt)
        self.output = nn.Linear(hidden_size, class_count)
        self.embedding_dropout, self.dropout = embedding_dropout, dropout

    def cell_inputs(self, digits: Tensor) -> tuple[Tensor, Any]:
        """(B, T) -> what the cell reads, (B, T, E), and the state it begins with."""
        state = self.cell.initial_state(len(digits))
        if len(self.start):
            learnt = {
                name: part.expand(len(digits), *part.shape)
                for name, part in zip(self.cell.learnable_start, self.start, strict=True)
            }
            state = state._replace(**learnt)
        return dropout(self.embedding(digits), self.embedding_dropout, self.training), state

    def record(self, digits: Tensor) -> LSTMRecord | SRNRecord:
        """(B, T) int64 -> what a visible cell did at every step."""
        assert isinstance(self.cell, VisibleCell)
        return self.cell.record(*self.cell_inputs(digits))

    def trace(self, digits: Tensor) -> Any:
        """(B, T) int64 -> every part of the cell's state after every step, (B, T, ...)."""
        return self.cell.trace(*self.cell_inputs(digits))[1]

    def forward(self, digits: Tensor, asked: Tensor | None = None) -> Tensor:
        """(B, T) int64 -> (B, C), the answers after the last digit.

        Args:
            asked: bool, (B, T): after which digits there is a question; then (N, C), row after row.
        """
        if asked is None:
            answering = self.cell.last(*self.cell_inputs(digits))
        else:
            answering = self.cell(*self.cell_inputs(digits))[0][asked]
        logits: Tensor = self.output(dropout(answering, self.dropout, self.training))
        return logits
