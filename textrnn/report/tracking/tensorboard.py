"""``--tensorboard``: event files that TensorBoard shows."""

from __future__ import annotations

import itertools
import struct
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from textrnn.errors import Note, missing_package
from textrnn.files import portable_name
from textrnn.report.repeat import command_line, every_setting
from textrnn.report.tracking.tracker import Figures, Tracker

FOLDER = "tensorboard"  # in the model folder
EVENT_FILES = "events.out.tfevents.*"
PNG_COLOURS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}  # channels, by the colour type of a PNG
JUDGED_BY = {"classify": "test/accuracy", "lm": "valid/perplexity", "memory": "accuracy/dev"}


class TensorBoard(Tracker):
    """Writes the figures of every evaluation, settings, samples, confusion matrix and report as TensorBoard reads them.

    Args:
        folder: where a folder for each model is made; by default the folder ``tensorboard`` of the model folder.
        tell: takes notes on the tracker itself; by default they are warnings.

    Raises:
        ConfigError: if the package tensorboard is not installed.
    """

    title = "TensorBoard"

    def __init__(self, folder: Path | str | None = None, tell: Callable[[Note], None] | None = None):
        super().__init__(tell)
        self.root = None if folder is None else Path(folder)
        self.writer: Any = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import torch.utils.tensorboard  # noqa: F401
        except ImportError as error:
            raise missing_package("tensorboard", "tensorboard", "tensorboard") from error

    def begin(self, done_steps: int) -> str:
        from torch.utils.tensorboard import SummaryWriter

        place, shown = self._place()
        place.mkdir(parents=True, exist_ok=True)
        if not done_steps:
            for old in place.glob(EVENT_FILES):  # of a run that this one takes the place of
                old.unlink()
        self.writer = SummaryWriter(str(place), purge_step=done_steps + 1 if done_steps else None)
        if not done_steps:
            self._log_settings()
        return command_line(["tensorboard", "--logdir", str(shown)])

    def _place(self) -> tuple[Path, Path]:
        """The folder of this training, and the one to be looked at."""
        if self.root is not None and self.folder is None:  # nothing tells it from others that are kept there
            return _unused(self.root / (portable_name(self.name) or "training")), self.root
        if self.root is not None:
            return self.root / self.path, self.root
        if self.folder is None:
            raise OSError("the run has no folder; expected one for the tracker")
        return self.folder / FOLDER / portable_name(self.name), self.folder / FOLDER

    def _log_settings(self) -> None:
        from torch.utils.tensorboard.summary import hparams

        if self.settings is None:
            return
        every = every_setting(self.settings)
        values = {name: v if isinstance(v, bool | int | float | str) else str(v) for name, v in every.items()}
        several = self.settings.task == "classify" and self.settings.data.multi_label
        judged_by = "test/macro_f1" if several else JUDGED_BY[self.settings.task]
        for summary in hparams(values, {judged_by: 0.0}):
            self.writer.file_writer.add_summary(summary)
        rows = "".join(f"| {name} | {str(v).replace('|', ' ')} |\n" for name, v in values.items())
        self.writer.add_text("settings", f"| setting | value |\n|---|---|\n{rows}")

    def log_figures(self, figures: Figures, step: int) -> None:
        for name, value in figures.items():
            self.writer.add_scalar(name, value, step)
        self.writer.flush()  # seen at once, and what goes wrong shows

    def log_sample(self, text: str, step: int) -> None:
        self.writer.add_text("sample", _verbatim(text), step)

    def log_report(self, figures: Figures, files: Mapping[str, bytes], step: int) -> None:
        self.log_figures(figures, step)
        if self.text:
            self.writer.add_text("report", _verbatim(self.text), step)
        for name, content in files.items():
            if name.startswith("confusion") and name.endswith(".png"):
                tag = f"confusion matrix/{name.removesuffix('.png').partition('_')[2]}"
                self.writer.file_writer.add_summary(_image(tag, content), step)
        self.writer.flush()

    def end(self, how: str) -> None:
        self.writer.close()


def _unused(folder: Path) -> Path:
    """The folder, or the first of its name with a number behind it that is not there yet."""
    numbered = (folder.with_name(f"{folder.name}-{number}") for number in itertools.count(2))
    return next(each for each in itertools.chain([folder], numbered) if not each.exists())


def _verbatim(text: str) -> str:
    """Text as Markdown that shows it as it is."""
    return "".join(f"    {line}\n" for line in text.split("\n"))


def _image(tag: str, png: bytes) -> Any:
    """A summary with a picture that is encoded already."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    width, height, _, colour = struct.unpack(">IIBB", png[16:26])  # of the header chunk
    image = Summary.Image(height=height, width=width, colorspace=PNG_COLOURS[colour], encoded_image_string=png)
    return Summary(value=[Summary.Value(tag=tag, image=image)])
