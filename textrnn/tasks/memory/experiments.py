"""Memory experiments from a request to folders with figures and plots, and one page of them all.

tokens, label -> batches -> cell, every gate to be seen -> train_eval -> accuracies, gradients, gates -> plots, page
"""

from __future__ import annotations

import importlib
from pathlib import Path

from textrnn.errors import Interrupted
from textrnn.tasks.memory.findings import write_page
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.memory.training import Bench
from textrnn.training.events import Listener


def run(request: MemoryRequest, listener: Listener | None = None) -> Path:
    """Run one experiment; its folders, and the page with all experiments that were run here, are left behind.

    Args:
        listener: told of every step and evaluation of every training and of every note; asked whether to stop. What is
            finished by then is kept.

    Returns:
        The page.

    Raises:
        Interrupted: if the listener asked to stop.
        TextRNNError: for anything the user can mend.
    """
    experiment, listener = request.experiment_entry, listener or Listener()
    with Bench(request, listener) as bench:
        try:
            importlib.import_module(experiment.module).run(request, bench)
        except Interrupted as error:
            if experiment.resumable:
                raise
            raise Interrupted(
                f"the {experiment.name} experiment was stopped; nothing was saved", resumable=False
            ) from error
        return write_page(request.root, listener)
