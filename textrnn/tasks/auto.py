"""``model=auto``: a network, a linear model and their mixture are trained, and dev decides which of them is kept.

The share of the linear model in the mixture says which: all of it, and the linear model is kept alone; else the
network, mixed with as much of it as is best, which may be nothing. Shares far from a half need reasons: where dev is
small, both are kept (see :func:`textrnn.training.linear_beside.best_share`). Where rows are few, the linear model is
all that is trained.
"""

from __future__ import annotations

import dataclasses

from textrnn.config import ClassifierSettings
from textrnn.models.registry import MIXED, SOLVED, find_model
from textrnn.training.linear_beside import Mixing


def settings_of_kind(settings: ClassifierSettings, mixing: Mixing | None) -> ClassifierSettings:
    """The settings of the kind that is kept: by them, it can be trained again and is read when it is loaded.

    Args:
        settings: of the network that was trained.
        mixing: None where no linear model could be trained.
    """
    if mixing is None or mixing.share < 1:
        return dataclasses.replace(settings, model_name=MIXED)
    return linear_settings(settings)


def linear_settings(settings: ClassifierSettings) -> ClassifierSettings:
    """The settings of the linear model alone."""
    entry = find_model(SOLVED)
    training = dataclasses.replace(settings.training, label_smoothing=entry.label_smoothing or 0.0)
    return dataclasses.replace(settings, model_name=SOLVED, model_config=entry.config_class(), training=training)
