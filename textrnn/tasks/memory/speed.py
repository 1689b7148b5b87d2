"""How long the cells written out take, beside PyTorch's and beside the textbook's loop."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from textrnn.errors import Interrupted
from textrnn.models.parts.recurrent.cell import RecurrentCell
from textrnn.models.parts.visible_cells import VisibleCell
from textrnn.models.registry import find_model
from textrnn.randomness import seeded
from textrnn.report.html import Figure, Paragraph, Table
from textrnn.report.memory import plot_times
from textrnn.report.memory_captions import CAPTIONS
from textrnn.tasks.memory.findings import Findings
from textrnn.tasks.memory.registry import Experiment
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.memory.training import Bench

EXPERIMENT = Experiment(
    name="speed",
    meaning="the cells written out against PyTorch's and against the textbook's loop, forwards and with gradients",
    place=5,
    models=("SRN", "LSTM"),
    accepts=("model",),
    trains="nothing",
    folders=("together",),
)
SHAPES = ((8, 20, 32, 32), (32, 35, 64, 64), (64, 100, 64, 128))  # B, T, E, H
WRITTEN, PYTORCH, TEXTBOOK = "written out", "PyTorch", "textbook's loop"
WAYS = {"forward": "forward", "forward_backward": "forward and backward"}
ROUNDS, SECONDS = 9, 0.05  # each candidate is timed so many times in turn, about so long each time
Times = dict[str, float]
Shape = tuple[int, int, int, int]


def seconds_in_turn(
    candidates: Mapping[str, Callable[[], object]], device: torch.device, seconds: float = SECONDS
) -> Times:
    """Seconds of one call of each: the best of several rounds, in which all have their turn for about `seconds`."""

    def waiting() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    calls: dict[str, int] = {}
    best = dict.fromkeys(candidates, float("inf"))
    for name, candidate in candidates.items():
        candidate()
        waiting()
        started = time.perf_counter()
        candidate()
        waiting()
        calls[name] = max(1, min(200, int(seconds / max(1e-6, time.perf_counter() - started))))
    for _ in range(ROUNDS):
        for name, candidate in candidates.items():
            started = time.perf_counter()
            for _ in range(calls[name]):
                candidate()
            waiting()
            best[name] = min(best[name], (time.perf_counter() - started) / calls[name])
    return best


def compare(cell: RecurrentCell, inputs: Tensor, seconds: float = SECONDS) -> dict[str, Times]:
    """By way and by implementation, the seconds of a call on inputs (B, T, E)."""
    layer = None
    if isinstance(cell, VisibleCell) and cell.torch_layer is not None:
        layer = cell.to_torch().to(inputs.device)
    run: dict[str, tuple[nn.Module, Callable[[], Tensor]]] = {WRITTEN: (cell, lambda: cell.last(inputs))}
    if layer is not None:
        run[PYTORCH] = (layer, lambda: layer(inputs)[0][:, -1])
    run[TEXTBOOK] = (cell, lambda: cell.step_by_step(inputs))

    def without_gradients(module: nn.Module, forward: Callable[[], Tensor]) -> None:
        with torch.inference_mode():
            forward()

    def with_gradients(module: nn.Module, forward: Callable[[], Tensor]) -> None:
        module.zero_grad(set_to_none=True)
        forward().sum().backward()

    return {
        way: seconds_in_turn({name: functools.partial(work, *run[name]) for name in run}, inputs.device, seconds)
        for way, work in (("forward", without_gradients), ("forward_backward", with_gradients))
    }


def run(request: MemoryRequest, bench: Bench, *, shapes: Sequence[Shape] = SHAPES, seconds: float = SECONDS) -> None:
    """Measure every model's cell at every shape, each candidate in turn for about so many seconds."""
    measured: list[dict[str, Any]] = []
    rows = [["milliseconds", "", WRITTEN, PYTORCH, TEXTBOOK, "of PyTorch", "of the loop"]]
    bars: list[tuple[str, Times]] = []
    for model in request.models:
        for shape in shapes:
            batch, steps, input_size, hidden_size = shape
            with seeded(bench.training.seed, torch.device("cpu")):
                cell = find_model(model, "memory").model_class.cell_type(input_size, hidden_size).to(bench.device)
                inputs = torch.randn(batch, steps, input_size).to(bench.device)
            if bench.listener.should_stop():
                raise Interrupted("measuring was stopped")
            found = compare(cell, inputs, seconds)
            for way, times in found.items():
                ratio = {name: times[WRITTEN] / other for name, other in times.items() if name != WRITTEN}
                label = f"{model} {shape}"
                measured.append({"model": model, "shape": list(shape), "way": way, "seconds": times, "ratio": ratio})
                cells = [f"{1e3 * times[name]:.3f}" if name in times else "" for name in (WRITTEN, PYTORCH, TEXTBOOK)]
                rows.append(
                    [
                        label, WAYS[way], *cells,
                        f"{ratio[PYTORCH]:.2f}" if PYTORCH in ratio else "", f"{ratio[TEXTBOOK]:.2f}",
                    ]
                )  # fmt: skip
                bars.append((f"{label}\n{WAYS[way]}", times))
    threads = torch.get_num_threads()
    where = f"{bench.device}, {threads} {'thread' if threads == 1 else 'threads'}"
    about = f"(B, T, E, H): rows, steps, input size, units; {where}; best of {ROUNDS} rounds in turn"
    bench.note("table", rows=rows, about=about, left_columns=2)
    plots = plot_times(bars, title="Cells written out and PyTorch's")
    section = [
        Table(rows),
        Paragraph([about]),
        Figure(plots["speed.svg"], "milliseconds of a call, by cell, shape and implementation", *CAPTIONS["speed"]),
    ]
    Findings(request.models, {"lengths": {}, "device": where, "measured": measured}, plots, section).save(request)
