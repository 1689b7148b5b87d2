"""An ONNX graph in whole numbers of 8 bits: the products by onnxruntime's dynamic quantisation, tables row by row.

Products of matrices and LSTMs are computed in 8 bits, what goes into them being rounded as it comes. Of a table that is
looked up, each row is kept in 8 bits with a scale of its own. ONNX has no GRU and no simple recurrence of 8 bits: their
weights are kept as such and become fp32 when the model is loaded.

Source: Jacob et al. 2018 (quantisation); one scale a row as in Guan et al. 2019 (tables of embeddings).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.export.packages import package, quiet

SMALLEST = 1024  # numbers of a table or matrix that is worth it
COMPUTED = ("MatMul", "LSTM")  # what onnxruntime computes in 8 bits (a Gemm becomes a MatMul)
STORED = ("GRU", "RNN")  # what is only kept so


def quantised(content: bytes) -> bytes:
    """A graph of fp32 -> the same with 8 bits in place of 32."""
    onnx, quantization = package("onnx"), package("onnxruntime.quantization")
    model = onnx.load_from_string(content)
    _quantise_tables(model.graph)
    _store_recurrent_weights(model.graph)
    with quiet(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        quantization.quantize_dynamic(
            model, path, op_types_to_quantize=list(COMPUTED), weight_type=quantization.QuantType.QInt8
        )
        return path.read_bytes()


def rounded_rows(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """(..., rows, numbers) -> whole numbers from -127 to 127, and (..., rows, 1) what one of them stands for."""
    scales = np.abs(values).max(axis=-1, keepdims=True) / 127
    whole = np.rint(values / np.where(scales == 0, 1, scales)).astype(np.int8)
    return whole, scales.astype(np.float32)


def _large(graph: Any) -> dict[str, Any]:
    """Matrices and tables by their names."""
    float_type = package("onnx").TensorProto.FLOAT
    return {
        tensor.name: tensor
        for tensor in graph.initializer
        if tensor.data_type == float_type and len(tensor.dims) > 1 and np.prod(tensor.dims) >= SMALLEST
    }


def _quantise_tables(graph: Any) -> None:
    """Rows that are looked up: the row and its scale are looked up, and multiplied."""
    onnx = package("onnx")
    for name, tensor in _large(graph).items():
        users = [node for node in graph.node if name in node.input]
        looked_up = all(node.op_type == "Gather" and node.input[0] == name for node in users)
        if not (users and looked_up and len(tensor.dims) == 2 and all(_axis(node) == 0 for node in users)):
            continue
        whole, scales = rounded_rows(onnx.numpy_helper.to_array(tensor))
        graph.initializer.remove(tensor)
        graph.initializer.append(onnx.numpy_helper.from_array(whole, f"{name}.int8"))
        graph.initializer.append(onnx.numpy_helper.from_array(scales, f"{name}.scales"))
        for node in users:
            indices, found = node.input[1], node.output[0]
            steps = [
                onnx.helper.make_node("Gather", [f"{name}.int8", indices], [f"{found}.int8"]),
                onnx.helper.make_node("Cast", [f"{found}.int8"], [f"{found}.whole"], to=onnx.TensorProto.FLOAT),
                onnx.helper.make_node("Gather", [f"{name}.scales", indices], [f"{found}.scales"]),
                onnx.helper.make_node("Mul", [f"{found}.whole", f"{found}.scales"], [found]),
            ]
            _replace(graph, node, steps)


def _store_recurrent_weights(graph: Any) -> None:
    """Weights (directions, gates * H, numbers): one scale for each row, made fp32 in front of their layer."""
    onnx = package("onnx")
    for name, tensor in _large(graph).items():
        users = [node for node in graph.node if name in node.input]
        if not users or any(node.op_type not in STORED for node in users) or tensor.dims[0] != 1:
            continue
        whole, scales = rounded_rows(onnx.numpy_helper.to_array(tensor))
        graph.initializer.remove(tensor)
        graph.initializer.append(onnx.numpy_helper.from_array(whole, f"{name}.int8"))
        graph.initializer.append(onnx.numpy_helper.from_array(scales.reshape(-1), f"{name}.scales"))
        inputs = [f"{name}.int8", f"{name}.scales"]
        graph.node.insert(0, onnx.helper.make_node("DequantizeLinear", inputs, [name], axis=1))


def _axis(node: Any) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)


def _replace(graph: Any, node: Any, by: list[Any]) -> None:
    place = list(graph.node).index(node)
    graph.node.remove(node)
    for step in reversed(by):
        graph.node.insert(place, step)
