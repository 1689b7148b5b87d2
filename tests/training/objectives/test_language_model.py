"""Training of language models: losses against an independent computation, states carried, runs resumed."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.factories import StopAt, kept
from textrnn.config import LanguageModelTrainConfig
from textrnn.errors import ConfigError, Interrupted
from textrnn.models.language.base import RecurrentLanguageModel
from textrnn.models.registry import find_model
from textrnn.training.events import Listener
from textrnn.training.history import History, Sample
from textrnn.training.objectives.language_model import HeldOutText, LanguageModelObjective, token_losses
from textrnn.training.train_eval import fit

V = 12


def text(count: int, seed: int = 0) -> Tensor:
    """A text with something to learn: each id is mostly the one before plus two."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.where(torch.rand(count, generator=generator) < 0.8, 2, 5)
    return steps.cumsum(0) % (V - 2) + 2


def new_model(seed: int = 0, **settings: object) -> RecurrentLanguageModel:
    torch.manual_seed(seed)
    entry = find_model("LSTM", "lm")
    config = entry.config_class.from_dict({"embedding_size": 6, "hidden_size": 10, "dropout": 0.1, **settings})
    model: RecurrentLanguageModel = entry.build(config.fitted_to(100), vocabulary_size=V)
    return model


def short(**settings: object) -> LanguageModelTrainConfig:
    return LanguageModelTrainConfig(  # type: ignore[arg-type]
        **{"epochs": 4, "batch_size": 4, "num_steps": 9, "evaluate_epochs": 1, **settings}
    )


class Clock:
    """One second further each time that it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def learn(model: RecurrentLanguageModel, config: LanguageModelTrainConfig, **others: object) -> History:
    objective = LanguageModelObjective(text(500), HeldOutText(text(30, 1), text(90, 2)), config)
    return fit(model, objective, config, **others)  # type: ignore[arg-type]


def test_losses_against_a_computation_by_hand() -> None:
    model, tokens = new_model().eval(), text(50)
    losses, _ = token_losses(model, tokens[None, :-1], tokens[None, 1:])
    by_hand = []
    for i in range(49):  # from the beginning for every character, one at a time, in numpy
        with torch.no_grad():
            logits = model(tokens[None, : i + 1])[0][0, -1].double().numpy()
        by_hand.append(-(logits[tokens[i + 1]] - np.log(np.exp(logits).sum())))
    np.testing.assert_allclose(losses[0].numpy(), by_hand, atol=1e-5)


def test_many_characters_are_scored_a_few_at_a_time() -> None:
    model, tokens = new_model().eval(), text(80).view(2, 40)
    whole, end = token_losses(model, tokens[:, :-1], tokens[:, 1:])
    for logits_at_once in (1, 2 * V, 7 * 2 * V):
        in_parts, again = token_losses(model, tokens[:, :-1], tokens[:, 1:], logits_at_once=logits_at_once)
        torch.testing.assert_close(in_parts, whole, atol=1e-5, rtol=1e-5)
        for one, other in zip(end or (), again or (), strict=True):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("count", [1, 5, 37])
def test_held_out_in_rows_scores_every_character_once(count: int) -> None:
    before, tokens = text(20, 1), text(count, 2)
    held_out = HeldOutText(before, tokens, row_length=4, warm_up=6)
    assert held_out.inputs.shape == {1: (1, 7), 5: (1, 11), 37: (9, 11)}[count]
    assert int(held_out.scored.sum()) == count
    assert sorted(held_out.targets[held_out.scored].tolist()) == sorted(tokens.tolist())
    whole = torch.cat([before, tokens]).tolist()
    for row in range(len(held_out.inputs)):  # each target stands right after its input in the text
        pairs = zip(held_out.inputs[row].tolist(), held_out.targets[row].tolist(), held_out.scored[row], strict=True)
        for one, following, scored in pairs:
            assert not scored or (one, following) in itertools.pairwise(whole)


def test_held_out_in_rows_comes_near_the_text_in_one_go() -> None:
    model, before, tokens = new_model(hidden_size=16), text(400, 1), text(9000, 2)
    config = short(epochs=3)
    fit(model, LanguageModelObjective(text(2000), HeldOutText(before, tokens), config), config)
    in_rows = HeldOutText(before, tokens)
    assert len(in_rows.inputs) == 18
    inputs = torch.cat([before[-1:], tokens[:-1]])
    exact = token_losses(model, inputs[None], tokens[None])[0].mean().item()
    assert in_rows.loss(model) == pytest.approx(exact, abs=1e-3)


def test_the_state_is_carried_only_where_windows_go_on() -> None:
    model = new_model(dropout=0.0).eval()
    objective = LanguageModelObjective(text(500), HeldOutText(text(9), text(9)), short())
    windows = objective.batches(1)
    losses = [objective.loss(model, window).reported.item() for window in windows]
    rows = torch.cat([window.inputs for window in windows], dim=1)
    targets = torch.cat([window.targets for window in windows], dim=1)
    whole = functional.cross_entropy(model(rows)[0].transpose(1, 2), targets, reduction="none")
    parts = [part.mean().item() for part in whole.split(9, dim=1)]
    assert losses == pytest.approx(parts, abs=1e-5)
    again = objective.loss(model, objective.batches(2)[0]).reported.item()
    alone = LanguageModelObjective(text(500), HeldOutText(text(9), text(9)), short())
    assert again == alone.loss(model, alone.batches(2)[0]).reported.item()


def test_gradients_end_at_the_window() -> None:
    model = new_model(dropout=0.0)
    objective = LanguageModelObjective(text(500), HeldOutText(text(9), text(9)), short())
    for window in list(objective.batches(1))[:3]:
        objective.loss(model, window).value.backward()  # would fail if it reached into the window before
    assert all(not part.requires_grad for part in objective.state or ())


def test_it_learns_and_tells_perplexities() -> None:
    history = learn(new_model(hidden_size=24), short(epochs=12, learning_rate=0.02))
    last, first = history.evaluations[-1], history.evaluations[0]
    entropy = -(0.8 * math.log(0.8) + 0.2 * math.log(0.2))
    assert entropy - 0.1 < last["dev_loss"] < 0.8 < first["dev_loss"]
    for row in history.evaluations:
        assert row["dev_perplexity"] == pytest.approx(math.exp(row["dev_loss"]))
        assert row["train_perplexity"] == pytest.approx(math.exp(row["train_loss"]))
    assert history.to_csv().splitlines()[0] == (
        "step,epoch,learning_rate,train_loss,dev_loss,dev_perplexity,train_perplexity,seconds"
    )


@pytest.mark.parametrize("sampling", ["sequential", "random"])
@pytest.mark.parametrize("stop_at", [1, 9, 14, 27])
def test_stopped_and_resumed_is_as_if_never_stopped(tmp_path: Path, sampling: str, stop_at: int) -> None:
    """Also in the middle of an epoch, where a state is carried from window to window."""
    config = short(sampling=sampling)
    whole = new_model()
    expected = learn(whole, config)
    checkpoint = tmp_path / "c"
    with pytest.raises(Interrupted, match=f"stopped at step {stop_at};"):
        learn(new_model(), config, checkpoint=kept(checkpoint), listener=StopAt(stop_at))
    resumed = new_model(seed=9)
    history = learn(resumed, config, checkpoint=kept(checkpoint, resume=True))
    assert history.train_loss == expected.train_loss
    assert [row["dev_loss"] for row in history.evaluations] == [row["dev_loss"] for row in expected.evaluations]
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name])


@pytest.mark.parametrize("count", [38, 39, 47, 60, 101])
def test_every_epoch_has_a_batch_and_the_count_is_right(count: int) -> None:
    for sampling in ("sequential", "random"):
        objective = LanguageModelObjective(text(count), HeldOutText(text(9), text(9)), short(sampling=sampling))
        for epoch in range(1, 30):
            assert objective.batch_count(epoch) == len(list(objective.batches(epoch))) >= 1


def test_a_text_that_does_not_fill_a_batch() -> None:
    with pytest.raises(ConfigError) as caught:
        LanguageModelObjective(text(4), HeldOutText(text(9), text(9)), short(batch_size=4))
    assert str(caught.value) == (
        "`batch_size` 4 and `num_steps` 9: one batch has more than the 4 characters to learn from; expected smaller "
        "ones, or a longer text"
    )


def test_settings_fitted_to_the_text() -> None:
    fitted = LanguageModelTrainConfig().fitted_to(150_000)
    assert (fitted.epochs, fitted.batch_size, fitted.evaluate_epochs) == (14, 16, 1)
    assert LanguageModelTrainConfig().fitted_to(1_000_000).epochs == 7
    assert LanguageModelTrainConfig().fitted_to(900).batch_size == 2
    assert LanguageModelTrainConfig(budget=9.0).fitted_to(900).epochs is None
    config = find_model("LSTM", "lm").config_class
    assert [config().fitted_to(count).dropout for count in (9_000, 150_000, 1_003_854, 10**8)] == [0.5, 0.5, 0.1, 0.0]
    assert config().fitted_to(1_003_854, passes=36).dropout == pytest.approx(0.39, abs=0.01)
    assert config().fitted_to(150_000, passes=300).dropout == 0.6
    assert config(dropout=0.3).fitted_to(9_000).embedding_dropout == pytest.approx(0.12)


class _Hearing(Listener):
    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def on_sample(self, sample: Sample) -> None:
        self.samples.append(sample)


def writing(model: RecurrentLanguageModel, config: LanguageModelTrainConfig) -> LanguageModelObjective:
    """Writes what the network takes for the likeliest after one character."""

    def write(step: int) -> str:
        model.eval()
        return f"{step}: {int(model(torch.tensor([[3]]))[0][0, -1].argmax())}"

    return LanguageModelObjective(text(500), HeldOutText(text(30, 1), text(90, 2)), config, write)


def test_writing_while_it_learns_changes_no_bit(tmp_path: Path) -> None:
    silent, heard = new_model(dropout=0.3), _Hearing()
    expected = learn(silent, short())
    model = new_model(dropout=0.3)
    history = fit(
        model, writing(model, short()), short(), listener=heard, clock=Clock(), checkpoint=kept(tmp_path / "c")
    )
    assert history.train_loss == expected.train_loss
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in silent.state_dict().items())
    assert heard.samples == history.samples
    assert 1 <= heard.samples[0].step < len(history.train_loss)


def test_samples_of_a_run_that_goes_on_are_kept(tmp_path: Path) -> None:
    first, again = new_model(), new_model(seed=3)
    with pytest.raises(Interrupted):
        fit(first, writing(first, short()), short(), clock=Clock(), checkpoint=kept(tmp_path / "c"), listener=StopAt(9))
    heard = _Hearing()
    goes_on = kept(tmp_path / "c", resume=True)
    history = fit(again, writing(again, short()), short(), clock=Clock(), checkpoint=goes_on, listener=heard)
    before = len(history.samples) - len(heard.samples)
    assert before >= 1
    assert history.samples[before:] == heard.samples
    assert history.samples[0].step <= 9
