"""Whether an exported graph answers as the network does: both are asked, and the largest difference is found.

Shapes: B batch, T time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textrnn.errors import ArtifactError, one_line
from textrnn.export.graph import Graph
from textrnn.export.modules import plain
from textrnn.export.runtime import Session, initial_state, named
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.language.base import LanguageModelNetwork

# Tokens of the texts side by side: one alone, a long one alone, many, some of them shorter than an n-gram.
LENGTHS: tuple[Sequence[int], ...] = ([1], [600], [5, 1, 2, 37], [*range(1, 33)] * 2)
TOLERANCE = 1e-3  # of the largest logit, or of 1: sums in another order make a hundredth of that


def check_classifier(graph: Graph, network: ClassifierNetwork, name: str) -> float:
    """The largest difference of a logit, over texts of drawn tokens.

    Raises:
        ArtifactError: if it is more than rounding makes.
    """
    session, own = Session(graph.content), plain(network)
    differences = []
    for token_ids, lengths in _drawn_texts(network.embedding.table.num_embeddings):
        given = (token_ids, lengths, *([_drawn_spelling(lengths)] if len(graph.inputs) > 2 else []))
        with torch.no_grad():
            expected = own(*given)
        inputs = {port.name: part.numpy() for port, part in zip(graph.inputs, given, strict=True)}
        found = _answers(session, inputs, name, graph)
        differences.append(_difference(name, graph, expected, found[0]))
    return max(differences)


def check_language_model(graph: Graph, model: LanguageModelNetwork, name: str) -> float:
    """The same, each text in two parts, the state carried over.

    Raises:
        ArtifactError: if it is more than rounding makes.
    """
    session, own, states = Session(graph.content), plain(model), graph.inputs[1:]
    differences = []
    for token_ids, lengths in _drawn_texts(model.vocabulary_size):
        state, after = None, initial_state(states, len(lengths))
        for part in token_ids.split(max(1, token_ids.shape[1] // 2), dim=1):
            with torch.no_grad():
                expected, state = own(part, state)
            logits, *after = _answers(session, {"token_ids": part.numpy(), **named(states, after)}, name, graph)
            differences.append(_difference(name, graph, expected, logits))
    return max(differences)


def _drawn_texts(vocabulary_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Token ids (B, T) and lengths (B,)."""
    generator = torch.Generator().manual_seed(0)
    for lengths in LENGTHS:
        shape = (len(lengths), max(lengths))
        token_ids = torch.randint(1, max(2, vocabulary_size), shape, generator=generator)
        counts = torch.tensor(lengths)
        yield token_ids * (torch.arange(shape[1]) < counts[:, None]), counts


def _drawn_spelling(lengths: Tensor) -> Tensor:
    """(B,) words -> (B, S) code points of words of two letters."""
    generator = torch.Generator().manual_seed(1)
    counts = lengths * 3 + 1
    characters = torch.randint(ord("a"), ord("i"), (len(lengths), int(counts.max())), generator=generator)
    characters[:, ::3] = ord(" ")
    return characters * (torch.arange(characters.shape[1]) < counts[:, None])


def _answers(session: Session, inputs: dict[str, NDArray[Any]], name: str, graph: Graph) -> list[NDArray[Any]]:
    try:
        return session.run(inputs)
    except Exception as error:  # onnxruntime's own, which have no common base
        shape = inputs["token_ids"].shape
        raise _unlike(name, graph, f"it fails on texts of the shape {shape} ({one_line(error)})") from error


def _difference(name: str, graph: Graph, expected: Tensor, found: NDArray[Any]) -> float:
    """The largest."""
    if found.shape != tuple(expected.shape):
        raise _unlike(name, graph, f"logits of the shape {found.shape} in place of {tuple(expected.shape)}")
    difference = float(np.abs(found - expected.numpy()).max())
    if not difference <= TOLERANCE * max(1.0, float(expected.abs().max())):
        raise _unlike(name, graph, f"a logit differs by {difference:.2g} where the shape is {found.shape}")
    return difference


def _unlike(name: str, graph: Graph, what: str) -> ArtifactError:
    suspected = [text for text in graph.warnings if "incorrect" in text or "constant" in text]
    why = f"; the trace was warned: {one_line(suspected[0], widest=120)}" if suspected else ""
    return ArtifactError(
        f"{name}: its ONNX graph does not answer as the network does: {what}{why}; expected a model that does the same "
        "operations for every text: see docs/onnx.md"
    )
