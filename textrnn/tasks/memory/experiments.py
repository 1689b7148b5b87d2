"""Memory experiments from a request to folders with figures and plots, and one page of them all.

tokens, label -> batches -> cell, every gate to be seen -> train_eval -> accuracies, gradients, gates -> plots, page
"""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from pathlib import Path

from textrnn.errors import Interrupted
from textrnn.tasks.memory.findings import write_page
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.memory.training import Bench
from textrnn.tasks.resuming import Say, ShouldStop
from textrnn.training.events import Listener


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
    experiment = request.experiment_entry
    with Bench(request, say=say, listeners=[listener] if listener else [], stopping=stopping) as bench:
        try:
            importlib.import_module(experiment.module).run(request, bench)
        except Interrupted as error:
            if experiment.resumable:
                raise
            raise Interrupted(
                f"the {experiment.name} experiment was stopped; nothing was saved", resumable=False
            ) from error
        return write_page(request.root, say)
