"""From a network to the bytes of an ONNX file: the network is traced, with every size that may change left open.

By torch's older exporter, which follows a trace: the newer one freezes the time axis of recurrent layers (pytorch issue
191855).

Shapes: B batch, T time, C classes, V vocabulary.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from textrnn.errors import ArtifactError, one_line
from textrnn.evaluation.label_scores import LabelCalibration
from textrnn.export.modules import WithLabelProbabilities, WithProbabilities, WithState, plain, traceable
from textrnn.export.operations import OnnxOperations
from textrnn.export.packages import package, quiet, silenced_stdout
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.language.base import LanguageModelNetwork
from textrnn.models.parts.layers import valid_mask

OPSET = 18  # of onnxruntime from 1.14 on
MOST_BYTES = 2**31 - 2**20  # of an ONNX file
BATCH, TIME, CHARACTERS = "batch", "time", "characters"  # what is open


@dataclass(frozen=True)
class Port:
    """An input or output of a graph.

    Attributes:
        shape: a number, or the name of a size that is open
        initial: of a state, the value of all its numbers before the first token
        follows: of a state that comes out, the input where it goes in again
    """

    name: str
    type: str
    shape: tuple[int | str, ...]
    initial: int | float | None = None
    follows: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As stored in ``config.json``."""
        others = {"initial": self.initial, "follows": self.follows}
        known = {name: value for name, value in others.items() if value is not None}
        return {"name": self.name, "type": self.type, "shape": list(self.shape), **known}


@dataclass(frozen=True)
class Graph:
    """A network as an ONNX file.

    Attributes:
        warnings: what the trace was warned of; where its answers differ from the network's, one of them says why
    """

    content: bytes
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    warnings: tuple[str, ...] = ()


def classifier_graph(
    network: ClassifierNetwork,
    name: str,
    *,
    temperature: float | None = None,
    label_smoothing: float = 0.0,
    spelling: bool = False,
    of_labels: LabelCalibration | None = None,
) -> Graph:
    """Token ids (B, T), lengths (B,), and code points of spellings (B, S) where they are read -> logits (B, C) and
    probabilities (B, C).

    Args:
        name: of the model, for messages.
        temperature: of the probabilities; None: they are the network's own.
        label_smoothing: what it has learnt with, to be undone in them.
        spelling: whether it reads spellings.
        of_labels: where a text may have several labels, what makes each one's probability; in place of both.

    Raises:
        ArtifactError: if it cannot be traced, or is too large for a file.
    """
    lengths = torch.tensor([13, 9, 5])  # the first is longer than any n-gram, and no two sizes are alike
    vocabulary_size = network.embedding.table.num_embeddings
    token_ids = torch.arange(39).view(3, 13) % vocabulary_size * valid_mask(lengths, 13)
    classes = network.classifier.out_features
    inputs = [Port("token_ids", "int64", (BATCH, TIME)), Port("lengths", "int64", (BATCH,))]
    example = [token_ids, lengths]
    if spelling:
        inputs.append(Port("characters", "int64", (BATCH, CHARACTERS)))
        example.append(torch.tensor([list(map(ord, " the cat sat on a mat ate "))] * 3))
    outputs = (Port("logits", "float32", (BATCH, classes)), Port("probabilities", "float32", (BATCH, classes)))
    answering: nn.Module = WithProbabilities(traceable(network), temperature, label_smoothing)
    if of_labels is not None:
        answering = WithLabelProbabilities(traceable(network), of_labels)
    return _traced(answering, tuple(example), inputs, outputs, name)


def language_model_graph(model: LanguageModelNetwork, name: str) -> Graph:
    """Token ids (B, T) and a state -> logits (B, T, V) and the state after them.

    Raises:
        ArtifactError: if it cannot be traced, or is too large for a file.
    """
    token_ids = torch.ones(2, 5, dtype=torch.int64)
    with torch.no_grad():
        _, state = plain(model)(token_ids)
    # What a state of tokens holds before a text is the id after the last one; of numbers, zeros.
    initial = [0.0 if part.is_floating_point() else model.vocabulary_size for part in state]
    before = tuple(torch.full_like(part, value) for part, value in zip(state, initial, strict=True))
    ports = [
        Port(f"state_{index}", str(part.dtype).removeprefix("torch."), (BATCH, *part.shape[1:]), initial=value)
        for index, (part, value) in enumerate(zip(state, initial, strict=True))
    ]
    after = [Port(f"next_{port.name}", port.type, port.shape, follows=port.name) for port in ports]
    inputs = (Port("token_ids", "int64", (BATCH, TIME)), *ports)
    outputs = (Port("logits", "float32", (BATCH, TIME, model.vocabulary_size)), *after)
    return _traced(WithState(traceable(model)), (token_ids, *before), inputs, outputs, name)


def _traced(
    network: nn.Module, example: tuple[Tensor, ...], inputs: Sequence[Port], outputs: Sequence[Port], name: str
) -> Graph:
    """The graph of what a network does with an example."""
    bytes_in_all = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
    if bytes_in_all > MOST_BYTES:
        raise ArtifactError(
            f"{name}: {bytes_in_all / 1e9:.1f} GB of weights; expected 2 GB at most, which is all that an ONNX file "
            "holds: train a smaller one"
        )
    file = io.BytesIO()
    open_sizes = {
        port.name: {axis: size for axis, size in enumerate(port.shape) if isinstance(size, str)}
        for port in (*inputs, *outputs)
    }
    try:
        with quiet() as told, silenced_stdout(), torch.no_grad(), OnnxOperations():
            torch.onnx.export(
                network,
                example,
                file,  # type: ignore[arg-type]  # the older exporter takes it
                input_names=[port.name for port in inputs],
                output_names=[port.name for port in outputs],
                dynamic_axes=open_sizes,
                opset_version=OPSET,
                dynamo=False,
            )
            content = _checked(file.getvalue(), name, outputs)
    except Exception as error:  # whatever the exporter, the network or the checker raises
        raise ArtifactError(
            f"{name}: cannot be written as an ONNX graph ({one_line(error)}); expected a model made of operations that "
            "ONNX has, and of no loop that depends on the text: see docs/onnx.md"
        ) from error
    return Graph(content, tuple(inputs), tuple(outputs), tuple(str(warning.message) for warning in told))


def _checked(content: bytes, name: str, outputs: Sequence[Port]) -> bytes:
    """The same file with the model's name and the sizes of its outputs in it, after ONNX's own check."""
    onnx = package("onnx")
    model = onnx.load_from_string(content)
    model.graph.name = name
    for port, value in zip(outputs, model.graph.output, strict=True):  # a trace does not know all of them
        kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(port.type))
        value.CopyFrom(onnx.helper.make_tensor_value_info(port.name, kind, port.shape))
    onnx.checker.check_model(model, full_check=True)
    found: bytes = model.SerializeToString()
    return found
