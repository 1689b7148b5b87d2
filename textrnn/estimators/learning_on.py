"""What ``partial_fit`` needs beside what ``fit`` does: a model that can, and the settings of the one that learns on."""

from __future__ import annotations

import dataclasses

from textrnn.config import ClassifierSettings, Run
from textrnn.estimators.settings import SettingError
from textrnn.models.registry import find_model
from textrnn.saved.classifier import Classifier
from textrnn.tasks.classify import DatasetFacts
from textrnn.tasks.settings import settle

AT_THE_END = 10**9  # batches between two evaluations, so that there is one when all are done


def refuse_to_learn_on(model: str) -> None:
    """Some models decide what they are made of by all texts.

    Raises:
        SettingError: for such a model.
    """
    network = find_model(model).model_class
    if network.needs_all_texts:
        raise SettingError(
            f"`model` {model}: chooses its n-grams from all texts before it learns, so that `partial_fit` makes no "
            "sense; expected `fit` with all texts, or another model"
        )


def settings_to_learn_on(run: Run, facts: DatasetFacts, before: Classifier | None, calls: int) -> ClassifierSettings:
    """Those of one call of ``partial_fit``.

    Args:
        before: the model that learns on; None in the first call.
        calls: before this one.

    Raises:
        SettingError: for settings that make another network.
    """
    named = {"epochs": 1, "schedule": "constant", **run.named, "evaluate_every": AT_THE_END}
    named["seed"] = (int(named.get("seed", 0)) + calls) % 2**63  # other dropout in every call
    if "batch_size" in named:
        named["batch_size"] = min(named["batch_size"], facts.training_rows)
    settings: ClassifierSettings = settle(dataclasses.replace(run, named=named), None, facts)
    if before is None:
        return settings
    of_training = settings.training.__dataclass_fields__
    changes = before.settings.changes({n: v for n, v in run.named.items() if n not in of_training})
    if changes or settings.model_name != before.settings.model_name:
        changes = changes or [f"`model` was {before.settings.model_name}, now {settings.model_name}"]
        raise SettingError(f"partial_fit: {'; '.join(changes)}; expected the same network: `fit` starts another")
    return dataclasses.replace(settings, model_config=before.settings.model_config, data=before.settings.data)
