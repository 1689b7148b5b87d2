from __future__ import annotations

import platform
import shlex

import numpy as np
import pytest
import sklearn
import torch

from textrnn.cli import build_parser
from textrnn.cli.classify import to_runs
from textrnn.cli.flags import parse
from textrnn.config import DataConfig, Run
from textrnn.models.registry import all_models
from textrnn.report.repeat import command, versions
from textrnn.tasks.settings import combine, fit_to_data
from textrnn.version import __version__


@pytest.mark.parametrize("model", all_models("classify"))
def test_the_command_gives_the_same_settings_again(model: str) -> None:
    named = {
        "dataset": "my data/it's; rm -rf.csv", "text_column": ("title", "body text"), "separator": "-", "lowercase": True,
        "budget": 12.5, "header": False, "seed": 7,
    }  # fmt: skip
    facts = Facts()
    settings = fit_to_data(combine(Run("classify", model, named)), facts, named)
    typed = command(settings)
    program, script, *arguments = shlex.split(typed)
    assert (program, script) == ("python", "run.py")
    (run,) = to_runs(parse(build_parser("classify"), arguments))
    assert fit_to_data(combine(run), facts, run.named) == settings
    assert command(settings, baseline=False) == f"{typed} --no-baseline"


class Facts:
    """Of a made-up data set."""

    words_are_spaced, is_chinese, multi_label, training_rows, dev_rows = True, False, False, 2000, 250

    def mean_length(self, data: DataConfig, most: int) -> float:
        return 20.0

    def usual_length(self, data: DataConfig) -> float:
        return 20.0

    def vectors(self, settings: object) -> None:
        return None

    def beginning(self, settings: object) -> None:
        return None


def test_versions() -> None:
    found = versions()
    assert found["python"] == platform.python_version()
    assert found["textrnn"] == __version__
    assert (found["torch"], found["numpy"], found["scikit-learn"]) == (
        torch.__version__,
        np.__version__,
        sklearn.__version__,
    )
