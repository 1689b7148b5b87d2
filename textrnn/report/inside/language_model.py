"""The page of a language model: a text coloured by one unit, what may follow, and what that depends on.

The network alone is on it: an n-gram that is mixed in has far more numbers than a page can hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from textrnn.models.language.base import RecurrentLanguageModel
from textrnn.models.parts.recurrent_layers import RecurrentLayer
from textrnn.report.inside.networks import Described
from textrnn.report.inside.packing import PRECISIONS, size_of
from textrnn.report.inside.page import ROOM, inside_page, precision_that_fits, size_as_json
from textrnn.saved.character_model import CharacterModel

FEWEST_CHARACTERS = 200  # that a page must know, unless the model knows fewer
MOST_SHOWN = 400  # characters of the text at first


def language_model_page(saved: CharacterModel, text: str, *, title: str) -> dict[str, bytes]:
    """``inside.html`` by its name; nothing where not even the recurrent layers fit.

    Of a vocabulary that does not fit, the most frequent characters are there: the others are read as ``<unk>``, and
    none of them is expected.

    Args:
        text: that is shown at first.
    """
    tokens = saved.vocabulary.tokens
    fitting = _fitting(saved.network, tokens)
    if fitting is None:
        return {}
    known, bits = fitting
    described, network = _described(saved.network, known)
    shown = {
        "network": network,
        "tokens": tokens[:known],
        "left_out": len(tokens) - known,
        "start": saved.start_id,
        "letters": bool(saved.settings.data.letters),
        "lowercase": saved.vocabulary.tokenizer.lowercase,
        "mixed": saved.ngram is not None,
        "text": text[:MOST_SHOWN],
    }
    return inside_page("language_model", title, shown, described.tensors, bits, also=("reading",))


def _fitting(network: RecurrentLanguageModel, tokens: Sequence[str]) -> tuple[int, int] | None:
    """How many characters the page knows, and the bits of a weight."""
    bits = precision_that_fits(_described(network, len(tokens))[0].tensors, ROOM - size_as_json(tokens))
    if bits is not None:
        return len(tokens), bits
    fewest, bits = min(FEWEST_CHARACTERS, len(tokens)), PRECISIONS[-1]

    def fits(known: int) -> bool:
        return size_of(_described(network, known)[0].tensors, bits) <= ROOM - size_as_json(tokens[:known])

    if not fits(fewest):
        return None
    low, high = fewest, len(tokens)  # the first fits, the second does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low, bits


def _described(network: RecurrentLanguageModel, known: int) -> tuple[Described, dict[str, object]]:
    """The network with the first `known` characters of its vocabulary."""
    described = Described()
    layers = []
    for depth, layer in enumerate(network.layers):
        assert isinstance(layer, RecurrentLayer)
        weights: dict[str, Tensor] = dict(layer.named_parameters())
        if network.embedding is None and depth == 0:  # one-hot: a column is a character
            weights["weight_ih"] = weights["weight_ih"][:, :known]
        layers.append(described.layer(f"layer{depth}", weights))
    found: dict[str, object] = {"layers": layers}
    if network.embedding is not None:
        described.tensors["embedding"] = network.embedding.weight[:known]
        found["embedding"] = "embedding"
    if network.projection is not None:
        found["projection"] = described.linear("projection", network.projection)
    output = {"bias": "output.bias", "weight": "embedding" if network.output_weight is None else "output.weight"}
    if network.output_weight is not None:
        described.tensors["output.weight"] = network.output_weight[:known]
    described.tensors["output.bias"] = network.output_bias[:known]
    return described, found | {"output": output}
