"""The saved classifier that a command asks, trained first where there is none."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.cli.flags import SAVE_DIR
from textrnn.cli.output import Say, Teller, say_aside, shown
from textrnn.cli.tracking import tracked
from textrnn.config import READING_SETTINGS, DataConfig, Run
from textrnn.errors import user_path

if TYPE_CHECKING:
    from textrnn.saved.classifier import Classifier


def train(run: Run, options: argparse.Namespace, *, say: Say) -> Run:
    """Train a classifier, and show how it goes. Returns the run in its own folder."""
    from textrnn.tasks.classify import train
    from textrnn.tasks.few_labels.train import train as train_few

    with shown(quiet=options.quiet, say=say) as (shower, download_bar), tracked(options, shower) as listener:
        if options.unlabelled is not None:
            more = {"on_download": download_bar, "baseline": options.baseline, "choose": options.model is None}
            return train_few(run, options.unlabelled, listener, **more)[0]
        return train(run, listener, on_download=download_bar, baseline=options.baseline)[0]


READING = tuple(name for name in READING_SETTINGS if name != "merge_labels")  # the model has its labels


def for_another_file(run: Run) -> tuple[Run, DataConfig]:
    """Of a run that reads another file than the model has learnt from: the run without what was said of that file, and
    how it is to be read."""
    named = {name: value for name, value in run.named.items() if name in READING}
    return replace(run, named={name: value for name, value in run.named.items() if name not in named}), DataConfig(
        **named
    )


def trained_classifier(run: Run, options: argparse.Namespace) -> tuple[Classifier, Path]:
    """The classifier that the flags name, and its folder; where there is none yet, it is trained."""
    from textrnn.tasks.answers import open_classifier
    from textrnn.tasks.common import can_go_on
    from textrnn.tasks.model_folders import find_saved, placed, refuse_mistyped_model

    save_dir = user_path(options.save_dir, "save_dir")
    teller, model_named, own = Teller(say_aside), options.model is not None, placed(run)
    folder = find_saved(own, save_dir, teller, model_named=model_named)
    if folder is None:
        refuse_mistyped_model(own, save_dir, model_named=model_named, usual=Path(SAVE_DIR))
        unfinished = can_go_on(own)
        say_aside(f"no saved model in {own.folder}: {'finishing' if unfinished else 'training'} it first")
        own = train(replace(run, resume=unfinished), options, say=say_aside)
        assert own.folder is not None
        folder = own.folder
        say_aside(f"saved in {folder} (open report.html)")
    return open_classifier(own, folder, teller), folder
