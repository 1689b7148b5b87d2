"""``--export``: the saved model for programs without PyTorch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.cli.flags import flagged
from textrnn.cli.output import command_line, say, say_aside
from textrnn.cli.trained import trained_classifier
from textrnn.config import Run
from textrnn.errors import ConfigError, did_you_mean, user_path

if TYPE_CHECKING:
    from textrnn.tasks.export import Exported

FORMATS = ("onnx",)
SLOWER = 1.05  # times, before that is said


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags of an export."""
    main_group.add_argument(
        "--export",
        metavar="FORMAT",
        help="write the saved model (trained first where there is none) for programs without PyTorch, into --output "
        "DIR or its own folder: onnx",
    )
    main_group.add_argument(
        "--int8", action="store_true", help="with --export: in 8 bits, too, and what that costs on the test texts"
    )


def refuse(options: argparse.Namespace) -> None:
    """What is wrong with the flags of an export.

    Raises:
        ConfigError: that names the flag.
    """
    if options.int8 and options.export is None:
        raise ConfigError("`int8`: belongs to `export`; expected `export=onnx` beside it")
    if options.export is None:
        return
    if options.export not in FORMATS:
        raise ConfigError(
            f"`export` {options.export}: no such format; expected {', '.join(FORMATS)}"
            f"{did_you_mean(options.export, FORMATS)}"
        )
    from textrnn.export.packages import require_packages

    require_packages()
    if options.output is not None:
        from textrnn.tasks.export import refuse_folder

        refuse_folder(user_path(options.output, "output"))


def run(asked: Run, options: argparse.Namespace) -> int:
    """Export a classifier, and give the exit status."""
    from textrnn.tasks.export import export_classifier

    classifier, folder = trained_classifier(asked, options)
    done = export_classifier(classifier, target(folder, options), int8=options.int8)
    figure = "micro F1" if classifier.multi_label else "accuracy"
    tell(done, apart="test", unit="texts", figure=figure, example="央行下调存款准备金率")
    return 0


def target(folder: Path, options: argparse.Namespace) -> Path:
    """Where an export goes: where the user says, else into the model's folder."""
    from textrnn.tasks.export import FOLDER

    return folder / FOLDER if options.output is None else user_path(options.output, "output")


def tell(done: Exported, *, apart: str, unit: str, figure: str, example: str) -> None:
    """Say what was written, how well it answers, and how to try it.

    Args:
        apart: what those are that were measured and not learnt: test texts, held-out characters.
    """
    from textrnn.export.documents import EXAMPLE_FILE, GRAPH_FILE, INT8_FILE

    say(
        f"{GRAPH_FILE}: {_megabytes(done.sizes[GRAPH_FILE])}; checked with onnxruntime: its logits differ from the "
        f"network's by {done.difference:.1e} at most"
    )
    if INT8_FILE in done.sizes:
        share = done.sizes[INT8_FILE] / done.sizes[GRAPH_FILE]
        larger = ", which is larger" if share > 1 else ""
        size = f"{_megabytes(done.sizes[INT8_FILE])}, {share:.0%} of fp32{larger}"
        say(f"{INT8_FILE}: {size}; {_costs(done, apart, unit, figure)}")
    say(f"saved in {done.folder}. Try it (it needs onnxruntime and numpy, no textrnn and no PyTorch):")
    say(f'  {command_line(["python", str(done.folder / EXAMPLE_FILE)])} "{example}"')
    if done.not_measured is not None:
        say_aside(f"note: what 8 bits cost was not measured: {flagged(done.not_measured)}")


def _costs(done: Exported, apart: str, unit: str, figure: str) -> str:
    if done.comparison is None:
        return f"its {figure} was not measured"
    fp32, int8 = done.comparison.fp32, done.comparison.int8
    pace = int8.speed / fp32.speed
    slower = ", which is slower" if pace * SLOWER < 1 else ""
    return (
        f"{figure} {int8.figure:.4f} (fp32 {fp32.figure:.4f}) on {done.comparison.count:,} {apart} {unit}; "
        f"{int8.speed:,.0f} {unit}/s, {pace:.2f} times fp32{slower}"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"
