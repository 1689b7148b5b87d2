"""Memory experiments from a request to folders with figures and plots, and one page of them all.

digits, label -> batches -> cell, every gate to be seen -> train_eval -> accuracies, gradients, gates -> plots, page
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path

from textrnn.config import EXPLOSION
from textrnn.files import exclusive_use
from textrnn.tasks.memory.explosion import run_explosion
from textrnn.tasks.memory.findings import write_page
from textrnn.tasks.memory.gates import run_gates
from textrnn.tasks.memory.lengths import run_learning_rates, run_lengths
from textrnn.tasks.memory.normalisation import run_normalisation
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.memory.speed import run_speed
from textrnn.tasks.memory.training import Bench
from textrnn.tasks.resuming import Say, ShouldStop
from textrnn.training.events import Listener
from textrnn.training.train_eval import explain_out_of_memory

RUN: dict[str, Callable[[MemoryRequest, Bench, Say], None]] = {
    "lengths": run_lengths,
    "learning-rates": run_learning_rates,
    "explosion": run_explosion,
    "gates": run_gates,
    "speed": run_speed,
    "normalisation": run_normalisation,
}


def run(
    request: MemoryRequest,
    *,
    say: Say,
    listener: Listener | None = None,
    stopping: AbstractContextManager[ShouldStop] | None = None,
) -> Path:
    """Run one experiment; its folders, and the page with all experiments that were run here, are left behind.

    Args:
        say: takes each line as it becomes known.
        listener: told of every step and evaluation of every training.
        stopping: entered while networks are trained; what it gives is asked after every step, and True ends the
            experiment, what is finished being kept.

    Returns:
        The page.

    Raises:
        Interrupted: if `stopping` said so.
        TextRNNError: for anything the user can mend.
    """
    bench = Bench(
        request,
        say=say,
        listeners=[listener] if listener else [],
        recipe=EXPLOSION if request.experiment == "explosion" else None,
    )
    with ExitStack() as held:
        for folder in sorted({*request.folders, request.folder}):
            held.enter_context(exclusive_use(folder))
        bench.should_stop = held.enter_context(stopping or nullcontext(lambda: False))
        held.enter_context(explain_out_of_memory("--lengths, --variants, --batch-size or --hidden-size"))
        bench.begin()
        RUN[request.experiment](request, bench, say)
        page = write_page(request.root, say)
        bench.clear()
    return page
