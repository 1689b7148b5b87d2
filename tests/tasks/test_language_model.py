"""The language model's path in memory: how long it trains where nobody said, and what it writes while it learns."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.factories import SENTENCES
from textrnn.config import LanguageModelSettings, Run
from textrnn.corpus.texts import Corpus
from textrnn.errors import Interrupted, Note
from textrnn.report.notes import words
from textrnn.tasks.language_model import USUAL_SECONDS, prepare, train, train_on, within_a_minute
from textrnn.tasks.settings import CorpusFacts, settle
from textrnn.training.checkpoint import CHECKPOINT_NAME, read_checkpoint_settings
from textrnn.training.events import Listener
from textrnn.training.train_eval import fit

SMALL: dict[str, Any] = {"hidden_size": 8, "embedding_size": 4, "num_steps": 20, "device": "cpu", "precision": "fp32"}
ENGLISH = "".join(SENTENCES[:3]) * 60
CHINESE = "时间旅行者说话了众人听着" * 200


def corpus(text: str = ENGLISH, *, letters: bool = False) -> Corpus:
    at = int(len(text) * 0.9)
    return Corpus("t", Path("t.txt"), text[:at], text[at:], text[at - 100 : at], letters, "0" * 64)


class Hearing(Listener):
    def __init__(self) -> None:
        self.notes: list[Note] = []

    def on_note(self, note: Note) -> None:
        self.notes.append(note)


class Ticking:
    """Each step takes so many seconds."""

    def __init__(self, seconds: float):
        self.now, self.seconds = 0.0, seconds

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


def settled(run: Run, text: Corpus) -> LanguageModelSettings:
    settings: LanguageModelSettings = settle(run, None, CorpusFacts(len(text.train), text.letters))
    return settings


def bounded(seconds_a_step: float) -> tuple[LanguageModelSettings, LanguageModelSettings, list[Note]]:
    """Settings before and after, and what was said."""
    run, text, heard = Run("lm", named=SMALL), corpus(), Hearing()
    settings = settled(run, text)
    return settings, within_a_minute(text, run, settings, heard, Ticking(seconds_a_step)), heard.notes


def test_epochs_that_fit_stay_as_they_are() -> None:
    before, after, notes = bounded(0.001)
    assert before == after
    assert notes == []


def test_near_a_minute_is_a_minute() -> None:
    """What a seed repeats is given up only where it would take much longer."""
    before, _, _ = bounded(0.001)
    training = before.training
    assert training.epochs is not None
    steps = training.epochs * len(corpus().train) / (training.batch_size * training.num_steps)
    assert bounded(1.4 * USUAL_SECONDS / steps)[1] == before
    assert bounded(1.6 * USUAL_SECONDS / steps)[1] != before


def test_epochs_that_do_not_fit_become_a_budget() -> None:
    before, after, notes = bounded(10.0)
    (note,) = notes
    speed = before.training.batch_size * before.training.num_steps / 10.0
    epochs = 60.0 * speed / len(corpus().train)
    assert note["speed"] == pytest.approx(speed)
    assert note["epochs"] == pytest.approx(epochs, rel=0.01)
    assert words(note).startswith(
        f"this machine makes {speed:,.0f} characters a second: about {note['epochs']:.2g} of {before.training.epochs} "
        "epochs in 60 s, where training stops"
    )
    assert words(note).endswith("; `epochs` or `budget` says otherwise")
    # As if the budget had been named, but for the dropout, which is fitted to the speed that was measured.
    named = settled(Run("lm", named={**SMALL, "budget": 60.0}), corpus())
    assert (after.training, after.data) == (named.training, named.data)
    assert (after.training.epochs, after.training.budget) == (None, 60.0)
    assert after.model_config.dropout < before.model_config.dropout
    dropouts = {"dropout": 0.0, "embedding_dropout": 0.0}
    assert after.model_config.fitted_to(1).to_dict() | dropouts == before.model_config.to_dict() | dropouts


@pytest.mark.parametrize("named", [{"epochs": 2}, {"budget": 1.0}, {"recipe": "d2l", "batch_size": 2, "epochs": 1}])
def test_what_was_named_is_not_bounded(named: dict[str, Any]) -> None:
    heard = Hearing()
    result = train_on(corpus(), Run("lm", named={**SMALL, **named}), heard)
    assert "time_bound" not in [note.kind for note in heard.notes]
    assert result.saved.settings.training.epochs == named.get("epochs")


def test_a_run_that_goes_on_keeps_what_was_decided(tmp_path: Path) -> None:
    class Stopping(Hearing):
        def should_stop(self) -> bool:
            return True

    path = tmp_path / "t.txt"
    path.write_text(ENGLISH, encoding="utf-8")
    run = Run("lm", named={**SMALL, "corpus": str(path), "budget": 2.0}, folder=tmp_path / "m")
    with pytest.raises(Interrupted):
        train(run, Stopping())
    assert read_checkpoint_settings(tmp_path / "m" / CHECKPOINT_NAME)[0]["training"]["budget"] == 2.0
    silent = dataclasses.replace(run, named={"corpus": str(path)}, resume=True)  # names no budget, as after a bound
    heard = Hearing()
    _, result = train(silent, heard)
    assert result is not None
    assert result.history.stopped_by == "the budget of 2 s"
    assert "time_bound" not in [note.kind for note in heard.notes]


def test_drawing_while_it_learns_changes_no_bit() -> None:
    text = corpus()
    settings = settled(Run("lm", named={**SMALL, "epochs": 3, "dropout": 0.3}), text)
    silent, writing = prepare(text, settings), prepare(text, settings)
    silent.objective.write = None
    histories = [
        fit(one.model.network, one.objective, settings.training, clock=Ticking(0.5)) for one in (silent, writing)
    ]
    assert histories[0].samples == []
    assert histories[1].samples
    assert histories[0].train_loss == histories[1].train_loss
    weights = [one.model.network.state_dict() for one in (silent, writing)]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


@pytest.mark.parametrize(
    ("text", "letters", "prefix", "begins"),
    [
        (ENGLISH, False, "what ti", "what ti"),
        (ENGLISH, False, None, ""),
        (ENGLISH, True, "What ti", "what ti"),
        (ENGLISH, False, "x" * 500 + " the time", " the time"),
        (CHINESE, False, None, CHINESE[2160:2164]),
        (CHINESE, False, "旅行", "旅行"),
        (ENGLISH, False, "Ω", "Ω"),
    ],
)
def test_what_it_writes_while_it_learns(text: str, letters: bool, prefix: str | None, begins: str) -> None:
    source = corpus(text, letters=letters)
    ready = prepare(source, settled(Run("lm", named=SMALL), source), prefix)
    first, again, later = map(ready.objective.sample, (5, 5, 6))
    assert first == again != later
    assert first is not None
    body = first[:-60]
    assert body.endswith(begins)
    assert len(body) <= 40
    if prefix is None and text == ENGLISH:
        assert body.endswith(" ")
        assert body.strip() in text.split()


def test_a_large_vocabulary_does_not_drive_the_cells_away() -> None:
    """The shares of 400 characters are told by the biases of the output from the first step on.

    Learnt by the network, they took it to cells of 12 and more, where nothing is told any more by what was read; then
    a row's beginning had another loss than its end, and the held-out loss was 4.35 here.
    """
    generator, size = torch.Generator().manual_seed(0), 400
    firsts = torch.multinomial(1 / torch.arange(1.0, size + 1), 9000, replacement=True, generator=generator)
    text = corpus("".join(chr(0x4E00 + i) + chr(0x4E00 + (7 * i + 3) % size) for i in firsts.tolist()))
    sizes = {"hidden_size": 48, "embedding_size": 32, "num_steps": 50, "batch_size": 8, "dropout": 0.0, "epochs": 2}
    settings = settled(Run("lm", named={**SMALL, **sizes, "threads": 1}), text)
    ready = prepare(text, settings)
    history = fit(ready.model.network, ready.objective, settings.training)
    state = ready.objective.state
    assert state is not None
    assert float(state[1].abs().mean()) < 3.0
    assert history.train_loss[0] < 1.05 * ready.objective.guessing_loss()
    assert history.best["dev_loss"] < 3.9


def test_the_books_recipe_starts_as_pytorch_does() -> None:
    text = corpus()
    ready = prepare(text, settled(Run("lm", named={**SMALL, "recipe": "d2l", "batch_size": 2}), text))
    assert not ready.model.network.output_bias.any()


@pytest.mark.parametrize("order", [3, 0])
def test_what_is_learnt_while_reading_is_reported_apart(order: int) -> None:
    named = {**SMALL, "epochs": 1, "ngram_order": order}
    plain = train_on(corpus(), Run("lm", named=named), Hearing()).to_metrics()
    result = train_on(corpus(), Run("lm", named={**named, "dynamic_evaluation": True}), Hearing())
    metrics = result.to_metrics()
    for name in ("valid", "valid_blocks"):
        assert metrics[name] == plain[name]
    assert set(metrics) - set(plain) == {"valid_dynamic", "valid_network_dynamic"}
    assert metrics["valid_dynamic"]["nats_per_char"] < plain["valid"]["nats_per_char"]
    assert (metrics["valid_dynamic"] == metrics["valid_network_dynamic"]) == (order == 0)
    rows = [row[0] for row in result.comparison]
    assert rows[-2 if order else -1] == "learning from it as it reads"
    assert (rows[-1] == "the same, LSTM alone") == bool(order)
