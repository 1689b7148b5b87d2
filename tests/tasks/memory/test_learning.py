"""A network learns a problem in memory, and is tested on longer sequences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from textrnn.corpus.sequences import make_longer, make_splits
from textrnn.errors import ConfigError
from textrnn.tasks.memory.learning import learn
from textrnn.tasks.memory.registry import all_problems

SMALL: dict[str, Any] = {"hidden_size": 8, "epochs": 2, "evaluate_every": 20, "threads": 1}


@pytest.mark.parametrize("name", ["majority", "copy", "s3-word"])
def test_figures_are_those_of_the_network(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    problem = all_problems()[name]
    found = learn(problem, "LSTM", 8, SMALL)
    assert list(found.longer) == [32]
    network = found.network.eval()
    of_each = ((make_splits(problem, 8, 0)["test"], found.test), (make_longer(problem, 8, 32, 0), found.longer[32]))
    for split, figures in of_each:
        answered, right, whole = 0, 0, 0
        for tokens, length in zip(split.tokens.tolist(), split.lengths.tolist(), strict=True):
            truth = problem.answer(tokens[:length])
            labels = truth if isinstance(truth, list) else [-1] * (length - 1) + [truth]
            asked = [(place, label) for place, label in enumerate(labels) if label >= 0]
            asked = asked[-1:] if problem.asks == "running" else asked
            with torch.inference_mode():
                states = network.record(torch.tensor([tokens[:length]])).hidden[:, 0]
                answers = network.output(states).argmax(dim=1).tolist()
            hits = [answers[place] == label for place, label in asked]
            answered, right, whole = answered + len(hits), right + sum(hits), whole + all(hits)
        assert figures.accuracy == pytest.approx(right / answered, abs=2 / answered)
        assert figures.whole == pytest.approx(whole / len(split), abs=2 / len(split))
    assert not list(tmp_path.iterdir())  # all in memory


def test_the_same_seed_gives_the_same_figures() -> None:
    problem = all_problems()["recall"]
    one, again, other = (learn(problem, "SRN", 8, {**SMALL, "seed": seed}, longer=[9, 12]) for seed in (3, 3, 4))
    assert (one.test, one.dev, one.longer) == (again.test, again.dev, again.longer)
    assert one.test != other.test
    assert list(one.longer) == [9, 12]
    assert one.settings.training.seed == 3


def test_longer_sequences_may_have_a_say_in_the_weights() -> None:
    problem = all_problems()["parity"]
    longer = make_longer(problem, 8, 32, 7)
    found = learn(problem, "SRN", 8, {**SMALL, "epochs": 12}, dev_longer=longer, meant_for=32)
    assert found.dev_longer is not None
    asked = [row["dev_longer"] for row in found.history.evaluations if "dev_longer" in row]
    assert found.dev_longer.accuracy == max(asked) if asked else found.dev.accuracy < 0.995
    assert learn(problem, "SRN", 8, SMALL).dev_longer is None


def test_parity_is_learnt_and_goes_on_beyond_the_training() -> None:
    """What no linear recurrence with factors between 0 and 1 does."""
    found = learn(all_problems()["parity"], "SRN", 10, {"hidden_size": 16, "epochs": 30, "threads": 1})
    assert found.test.accuracy > 0.95
    assert found.longer[40].accuracy > 0.9


def test_names_that_are_not_known() -> None:
    with pytest.raises(ConfigError, match="no such model"):
        learn(all_problems()["parity"], "GRUU", 5)
    with pytest.raises(ConfigError, match="`hidden_sizes`: no such setting; did you mean"):
        learn(all_problems()["parity"], "LSTM", 5, {"hidden_sizes": 3})
