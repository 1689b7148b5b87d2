"""Recurrent cells, measured side by side.

``python -m benchmarks.cells speed [CELL ...]``
    seconds of a forward and a backward pass as a ratio to ``torch.nn.LSTM``, all in turn: all steps at once, and step
    by step under autograd (batch 32, 128 steps, 128 inputs and units, unless --shape says otherwise)
``python -m benchmarks.cells language --data DIR CELL [CELL ...]``
    DIR/tinyshakespeare.txt, --seconds (180) for each cell and for the LSTM as it comes: the language model's own recipe
    with another layer in its place, nats per character of the network alone and mixed with the n-gram model

Cells are named as the models of the laboratory are.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import torch
from torch import Tensor, nn

from benchmarks.language_model import _metrics
from textrnn import LanguageModel
from textrnn.models.language.lstm import Model
from textrnn.models.parts.recurrent.cell import RecurrentCell
from textrnn.models.parts.recurrent.stack import CellStack
from textrnn.models.parts.recurrent_layers import LayerState, RecurrentLayer
from textrnn.models.registry import all_models, find_model
from textrnn.tasks.memory.speed import seconds_in_turn


def find_cell(name: str) -> type[RecurrentCell]:
    found: type[RecurrentCell] = find_model(name, "memory").model_class.cell_type
    return found


def once(module: nn.Module, inputs: Tensor, *, stepwise: bool = False) -> None:
    """Forward and backward, with a loss on every output."""
    module.zero_grad(set_to_none=True)
    outputs = module.trace(inputs)[0] if stepwise else module(inputs)[0]
    outputs.square().mean().backward()


def speed(names: list[str], shape: tuple[int, int, int, int], seconds: float, *, stepwise: bool) -> None:
    batch, steps, input_size, hidden_size = shape
    torch.manual_seed(0)
    inputs = torch.randn(batch, steps, input_size)
    candidates = {"torch.nn.LSTM": functools.partial(once, nn.LSTM(input_size, hidden_size, batch_first=True), inputs)}
    for name in names:
        cell = find_cell(name)(input_size, hidden_size)
        candidates[name] = functools.partial(once, cell, inputs)
        if stepwise:
            candidates[f"{name}, step by step"] = functools.partial(once, cell, inputs, stepwise=True)
    found = seconds_in_turn(candidates, torch.device("cpu"), seconds)
    reference = found["torch.nn.LSTM"]
    print(f"torch.nn.LSTM: {1e3 * reference:.2f} ms; {torch.get_num_threads()} threads; the others as a ratio to it")
    print("cell | all steps at once | step by step")
    for name in names:
        slow = found.get(f"{name}, step by step", float("nan"))
        print(f"{name} | {found[name] / reference:.2f} | {slow / reference:.2f}", flush=True)


class _CellLayer(RecurrentLayer):
    """A cell, or several above each other, in the place of a language model's layer."""

    cell_type: type[RecurrentCell]
    depth = 1

    def __init__(self, input_size: int, hidden_size: int):
        nn.Module.__init__(self)  # no weights but the cell's
        self.hidden_size = hidden_size
        self.cell: RecurrentCell = (
            self.cell_type(input_size, hidden_size)
            if self.depth == 1
            else CellStack(self.cell_type, input_size, hidden_size, self.depth)
        )
        self.state_count = len(self.cell.state_shapes())

    def initialise(self, method: str) -> None:
        self.cell.initialise(method, 64)

    def zero_state(self, batch_size: int, like: Tensor) -> LayerState:
        return tuple(self.cell.initial_state(batch_size))

    def forward(self, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        """(T, B, E) -> (T, B, H); in fp32, whatever the precision of the rest."""
        before = self.cell.state_type(*(part.float() for part in state))
        outputs, after = self.cell(inputs.transpose(0, 1).float(), before)
        return outputs.transpose(0, 1).to(inputs.dtype), tuple(after)


@contextmanager
def replaced_layer(cell_type: type[RecurrentCell], depth: int) -> Iterator[None]:
    kind = type("CellLayer", (_CellLayer,), {"cell_type": cell_type, "depth": depth})
    with mock.patch.object(Model, "layer_type", kind):
        yield


def language(data: Path, names: list[str], seconds: float, depth: int, seeds: list[int], settings: list[str]) -> None:
    named = dict(pair.split("=") for pair in settings)
    values = {name: float(value) if "." in value else int(value) for name, value in named.items()}
    print("cell | seed | epochs | characters/s | nats, network | nats, mixed")
    rows: dict[str, list[float]] = {}
    for seed in seeds:
        for name in ["LSTM, as it comes", *names]:
            with tempfile.TemporaryDirectory() as folder:
                train = functools.partial(
                    LanguageModel.train, data / "tinyshakespeare.txt", budget=seconds, seed=seed, save_dir=folder
                )
                if name in names:
                    with replaced_layer(find_cell(name), depth):
                        train(**values)
                else:
                    train()
                m = _metrics(Path(folder))
            alone = m["valid_network"]["nats_per_char"]
            rows.setdefault(name, []).append(alone)
            epochs, pace = m["train"]["epochs"], m["train"]["tokens_per_second"]
            mixed = m["valid"]["nats_per_char"]
            print(f"{name} | {seed} | {epochs:.1f} | {pace:,.0f} | {alone:.4f} | {mixed:.4f}", flush=True)
    for name, found in rows.items():
        print(f"{name}: {statistics.mean(found):.4f} nats, network alone, mean of {len(found)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("speed", "language"))
    parser.add_argument("cells", nargs="*", metavar="CELL", help=f"some of {', '.join(all_models('memory'))}")
    parser.add_argument("--shape", type=int, nargs=4, default=(32, 128, 128, 128), metavar=("B", "T", "E", "H"))
    parser.add_argument("--round", type=float, default=0.3, metavar="SECONDS", help="for a cell in a round, of nine")
    parser.add_argument("--at-once", action="store_true", help="without the step by step forms")
    parser.add_argument("--threads", type=int, metavar="N")
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--layers", type=int, default=1, help="cells above each other")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the cells' trainings")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    names = options.cells or list(all_models("memory"))
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads", file=sys.stderr)
    if options.part == "speed":
        speed(names, tuple(options.shape), options.round, stepwise=not options.at_once)
    elif options.data is None:
        parser.error("language: expected --data DIR")
    else:
        language(options.data, names, options.seconds, options.layers, options.seeds, options.set)


if __name__ == "__main__":
    main()
