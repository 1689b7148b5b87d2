"""The page of the gates experiment: digits are typed, and gates and cells watched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.visible_cells import LSTM
from textrnn.report.inside.networks import Described
from textrnn.report.inside.page import ROOM, inside_page, precision_that_fits


def memory_page(
    network: SequenceClassifier,
    digits: Sequence[int],
    examples: Sequence[Sequence[int]],
    gradients: Mapping[str, Sequence[float]],
    *,
    title: str,
    problem: str,
    length: int,
    accuracy: float,
) -> dict[str, bytes]:
    """``inside.html`` by its name; nothing for a cell that the page cannot compute, or one that is too large for it.

    Args:
        network: with an LSTM of one layer.
        digits: that are shown at first.
        examples: others, to choose from.
        gradients: by the name of a curve, the norm of the gradient before the first step and after each.
        problem: its name.
        length: of the sequences that it has learnt from.
        accuracy: on test.
    """
    cell = network.cell
    if type(cell) is not LSTM:
        return {}
    described = Described({"embedding": network.embedding.weight})
    weights = {name.removesuffix("_l0"): tensor for name, tensor in cell.to_torch().state_dict().items()}
    layer, output = described.layer("lstm", weights), described.linear("output", network.output)
    for name, start in zip(cell.learnable_start, network.start, strict=False):  # none where it is not learnt
        key = f"start{name.capitalize()}"
        described.tensors[key], layer[key] = start, key
    bits = precision_that_fits(described.tensors, ROOM)
    if bits is None:
        return {}
    shown = {
        "layer": layer,
        "output": output,
        "vocabulary": network.embedding.num_embeddings,
        "digits": list(digits),
        "examples": [list(example) for example in dict.fromkeys(map(tuple, examples))],
        "problem": problem,
        "length": length,
        "accuracy": accuracy,
        "gradients": [{"name": name, "norms": list(norms)} for name, norms in gradients.items()],
    }
    return inside_page("memory", title, shown, described.tensors, bits, also=("gradients",))
