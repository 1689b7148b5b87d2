"""The page of a classifier: the answer while a text is typed, and what each token speaks for.

Shown are recurrent networks that read token vectors and nothing else. Vectors of tokens and of pairs that do not fit
are left out, those of the rarest tokens and of the pairs with the shortest vectors first: a page reads such a token as
``<unk>``.

Shapes: V vocabulary, K pairs, E embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from textrnn.corpus.tokenizers import token_pattern
from textrnn.models.classifiers import bilstm_att, bilstm_ln, gru, lstm, rnn
from textrnn.models.classifiers.windowed import WindowedClassifier
from textrnn.models.parts.layers import RecurrentEncoder
from textrnn.models.parts.token_pairs import PairedEmbedding
from textrnn.report.inside.networks import Described
from textrnn.report.inside.packing import size_of
from textrnn.report.inside.page import ROOM, inside_page, precision_that_fits, size_as_json
from textrnn.saved.classifier import Classifier

SHOWN = (lstm.Model, gru.Model, rnn.Model, bilstm_ln.Model, bilstm_att.Model)
BITS = 6  # of a number, at least; rows that do not fit then are left out
SHARE_OF_TOKENS = 0.6  # of the rows that fit, where there are more tokens and pairs than that
BESIDE_A_ROW = 12  # bytes: the number of a pair, or a token that is not long
FEWEST_ROWS = 300
LONGEST_TEXT, MOST_EXAMPLES = 200, 6  # tokens; texts to choose from
LONGEST_EXAMPLE = 300  # characters


@dataclass(frozen=True)
class Rows:
    """What of the token vectors stands on a page.

    Attributes:
        tokens: the first so many
        numbers: int64: of each pair, its first token times `tokens` plus its second
        pairs: (pairs, E)
        left_out: tokens and pairs
    """

    tokens: int
    numbers: Tensor
    pairs: Tensor
    left_out: tuple[int, int]


def classifier_page(classifier: Classifier, texts: Sequence[str], *, title: str) -> dict[str, bytes]:
    """``inside.html`` by its name; nothing of a network that the page cannot compute, or one that is too large for it.

    Args:
        texts: to choose from.
    """
    network, tokenizer = classifier.network, classifier.vocabulary.tokenizer
    pattern = token_pattern(tokenizer.name)
    if type(network) not in SHOWN or network.sentences is not None or pattern is None:
        return {}
    assert isinstance(network, WindowedClassifier)
    if network.window_votes is not None:
        return {}
    described, shown = _described(network)
    fitting = _fitting(network, described, classifier.vocabulary.tokens)
    if fitting is None:
        return {}
    rows, bits = fitting
    table = network.embedding.table.weight
    described.tensors |= {"embedding": table[: rows.tokens], "pairs": rows.pairs}
    limits = (LONGEST_TEXT, network.window, classifier.settings.data.max_tokens)
    document = {
        "network": shown,
        "tokens": classifier.vocabulary.tokens[: rows.tokens],
        "pairs": torch.diff(rows.numbers, prepend=rows.numbers.new_zeros(1)).tolist(),
        "left_out": rows.left_out,
        "classes": classifier.class_names,
        "tokenizer": {"pattern": _for_javascript(pattern), "lowercase": tokenizer.lowercase},
        "longest": min(limit for limit in limits if limit),
        "examples": list(texts),
        **_answering(classifier),
    }
    return inside_page("classifier", title, document, described.tensors, bits)


def examples_of(texts: Sequence[str]) -> list[str]:
    """A few texts, from the first to the last, the very long ones cut."""
    some = texts[:: max(1, len(texts) // MOST_EXAMPLES)][:MOST_EXAMPLES]
    return [text[:LONGEST_EXAMPLE] for text in some if text.strip()]


def _answering(classifier: Classifier) -> dict[str, Any]:
    """How logits become probabilities."""
    temperature = classifier.temperature
    if classifier.thresholds is not None:
        calibration = classifier.label_calibration
        thresholds = classifier.thresholds.tolist()
        return {"temperature": calibration.temperature, "biases": calibration.biases.tolist(), "thresholds": thresholds}
    smoothing = 0.0 if temperature is None else classifier.settings.training.label_smoothing
    return {"temperature": temperature or 1.0, "smoothing": smoothing, "calibrated": temperature is not None}


def _for_javascript(pattern: str) -> str:
    """The same regular expression, in JavaScript's words for letters of every script (its flag is ``u``)."""
    return pattern.replace(r"[^\W_]", r"[\p{L}\p{N}]").replace(r"[^\w\s]", r"[^\p{L}\p{N}_\s]")


def _described(network: WindowedClassifier) -> tuple[Described, dict[str, Any]]:
    """All of a network but its token vectors."""
    described = Described()
    encoder: Any = network.encoder
    assert isinstance(encoder, RecurrentEncoder)
    layers = []
    for depth, directions in enumerate(encoder.layers):
        assert isinstance(directions, nn.ModuleList)
        layers.append([_layer(described, f"layer{depth}.{at}", layer) for at, layer in enumerate(directions)])
    found: dict[str, Any] = {"layers": layers, "classifier": described.linear("classifier", network.classifier)}
    if isinstance(network, bilstm_att.Model):
        described.tensors["attention"] = network.attention.weight
        found |= {"pooling": "attention", "attention": "attention"}
    else:
        pool: Any = network.pool
        found["pooling"] = pool.__name__.split("_")[0]  # max, mean or last
    norms = [network.normalisation if isinstance(network, bilstm_ln.Model) else None, network.window_normalisation]
    found["norms"] = []
    for at, norm in enumerate(norms):
        if isinstance(norm, nn.LayerNorm):
            names = {"weight": f"norm{at}.weight", "bias": f"norm{at}.bias"}
            described.tensors |= {names["weight"]: norm.weight, names["bias"]: norm.bias}
            found["norms"].append({**names, "epsilon": norm.eps})
    return described, found


def _layer(described: Described, name: str, layer: nn.Module) -> dict[str, str]:
    return described.layer(name, {own.removesuffix("_l0"): weight for own, weight in layer.named_parameters()})


def _fitting(network: WindowedClassifier, described: Described, tokens: Sequence[str]) -> tuple[Rows, int] | None:
    """The rows that a page has, and the bits of a weight."""
    table = network.embedding.table.weight
    known, vectors = _pairs(network)
    room = ROOM - size_as_json(tokens) - BESIDE_A_ROW * len(known)
    bits = precision_that_fits({**described.tensors, "embedding": table, "pairs": vectors}, room)
    if bits is not None and bits >= BITS:
        return Rows(len(table), known, vectors, (0, 0)), bits
    of_row = size_of({"row": table[:1]}, BITS) - size_of({"row": table[:0]}, BITS)
    of_row += max(BESIDE_A_ROW, -(-size_as_json(tokens) // len(tokens)))
    rows = (ROOM - size_of(described.tensors, BITS)) // of_row
    if rows < min(FEWEST_ROWS, len(table)):
        return None
    kept_tokens = min(len(table), max(int(rows * SHARE_OF_TOKENS), rows - len(known)))
    first, second = known // len(table), known % len(table)
    there = ((first < kept_tokens) & (second < kept_tokens)).nonzero().flatten()
    longest = vectors[there].norm(dim=1).argsort(descending=True, stable=True)[: rows - kept_tokens]
    kept = there[longest].sort().values
    numbers = first[kept] * kept_tokens + second[kept]
    return Rows(kept_tokens, numbers, vectors[kept], (len(table) - kept_tokens, len(known) - len(kept))), BITS


def _pairs(network: WindowedClassifier) -> tuple[Tensor, Tensor]:
    """(K,): the first token of each pair times V plus the second; (K, E): their vectors."""
    embedding = network.embedding
    table = embedding.table.weight
    if not isinstance(embedding, PairedEmbedding) or embedding.pairs is None:
        return torch.empty(0, dtype=torch.int64), table[:0]
    pairs = embedding.pairs
    known = pairs.known.cpu()
    first, second = known // (len(table) + 1) - 1, known % (len(table) + 1) - 1
    return first * len(table) + second, pairs.table.weight[: len(known)]
