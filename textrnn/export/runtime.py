"""An exported model, run by onnxruntime on texts that are token ids already: to check it and to measure it.

Who uses an exported model needs none of this, but the twenty lines of ``example.py`` beside it.

Shapes: B batch, T time, N texts, C classes, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.corpus.vocab import EncodedTexts
from textrnn.export.graph import BATCH, Port
from textrnn.export.packages import package

TEXTS_AT_ONCE = 64
SILENT = 3  # onnxruntime's level of messages: errors alone


class Session:
    """A graph, ready to run on the CPU.

    Args:
        threads: that compute; None: as many as onnxruntime takes.
    """

    def __init__(self, content: bytes, *, threads: int | None = None):
        onnxruntime = package("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = SILENT
        if threads is not None:
            options.intra_op_num_threads = threads
        self._session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def run(self, inputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Values by the names of the inputs -> all outputs, in their order."""
        found: list[NDArray[Any]] = self._session.run(None, inputs)
        return found

    def logits_of(self, texts: EncodedTexts) -> NDArray[np.float32]:
        """Encoded texts -> (N, C), texts of similar length together, none padded by more than it needs."""
        order = np.argsort(-texts.lengths, kind="stable")
        parts = [order[start : start + TEXTS_AT_ONCE] for start in range(0, len(order), TEXTS_AT_ONCE)]
        answers = [self.run(padded(texts, rows))[0] for rows in parts]
        found = np.empty((len(order), answers[0].shape[1]), dtype=np.float32)
        found[order] = np.concatenate(answers)
        return found

    def losses_of(self, token_ids: NDArray[np.integer], start_id: int, states: Sequence[Port]) -> NDArray[np.float64]:
        """-ln p of each token of one text, nats."""
        state, before, losses = initial_state(states, 1), start_id, []
        for piece in pieces(np.asarray(token_ids, dtype=np.int64)):
            inputs = np.concatenate([[before], piece[:-1]])[None]
            logits, *state = self.run({"token_ids": inputs, **named(states, state)})
            scores = logits[0].astype(np.float64)
            scores -= scores.max(axis=1, keepdims=True)
            losses.append(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(piece)), piece])
            before = int(piece[-1])
        return np.concatenate(losses) if losses else np.empty(0)


def padded(texts: EncodedTexts, rows: NDArray[np.integer]) -> dict[str, NDArray[np.int64]]:
    """Some of the texts as the inputs of a classifier's graph."""
    lengths = texts.lengths[rows]
    token_ids = np.zeros((len(rows), int(lengths.max())), dtype=np.int64)
    for row, (start, length) in enumerate(zip(texts.offsets[rows], lengths, strict=True)):
        token_ids[row, :length] = texts.token_ids[start : start + length]
    found = {"token_ids": token_ids, "lengths": lengths}
    if texts.spelling is not None:
        counts = np.diff(texts.spelling.offsets)[rows]
        found["characters"] = np.zeros((len(rows), int(counts.max())), dtype=np.int64)
        for row, (start, count) in enumerate(zip(texts.spelling.offsets[rows], counts, strict=True)):
            found["characters"][row, :count] = texts.spelling.characters[start : start + count]
    return found


def pieces(token_ids: NDArray[np.int64], size: int = 512) -> Iterator[NDArray[np.int64]]:
    """One text -> parts of at most `size` tokens."""
    for start in range(0, len(token_ids), size):
        yield token_ids[start : start + size]


def initial_state(states: Sequence[Port], rows: int) -> list[NDArray[Any]]:
    """The state before a text, of so many texts side by side."""
    return [
        np.full([rows if size == BATCH else int(size) for size in port.shape], port.initial, dtype=port.type)
        for port in states
    ]


def named(states: Sequence[Port], values: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The parts of a state by the names of the inputs."""
    return {port.name: value for port, value in zip(states, values, strict=True)}
