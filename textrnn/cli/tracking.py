"""``--tensorboard`` and ``--mlflow``: a training is also told to programs that show how it goes."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator

from textrnn.errors import user_path
from textrnn.training.events import Listener, ListenerGroup


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags of trackers."""
    main_group.add_argument(
        "--tensorboard",
        nargs="?",
        const="",
        metavar="DIR",
        help="write what TensorBoard shows, a folder for each model in DIR (default: the folder tensorboard in the "
        "model folder)",
    )
    main_group.add_argument(
        "--mlflow",
        nargs="?",
        const="",
        metavar="URI|DIR",
        help="keep the run in MLflow, at a tracking URI or in a local folder (default: mlflow beside the models)",
    )


@contextlib.contextmanager
def tracked(options: argparse.Namespace, listener: Listener) -> Iterator[Listener]:
    """The listener together with the trackers that the flags name, whose runs end with the block.

    Raises:
        ConfigError: if a package is missing, before anything is done.
    """
    trackers: list[Listener] = []
    with contextlib.ExitStack() as at_the_end:
        if getattr(options, "tensorboard", None) is not None:
            from textrnn.report.tracking.tensorboard import TensorBoard

            place = user_path(options.tensorboard, "tensorboard") if options.tensorboard else None
            trackers.append(at_the_end.enter_context(TensorBoard(place, listener.on_note)))
        if getattr(options, "mlflow", None) is not None:
            from textrnn.report.tracking.mlflow import MLflow

            trackers.append(at_the_end.enter_context(MLflow(options.mlflow or None, listener.on_note)))
        yield ListenerGroup([listener, *trackers]) if trackers else listener
