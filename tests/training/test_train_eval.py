from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torch import nn
from torch.nn import functional

from tests.factories import DEV, TRAIN, StopAt, kept, learn, short
from tests.factories import new_classifier as new_model
from textrnn.config import TrainConfig
from textrnn.corpus.batches import Batch
from textrnn.errors import ArtifactError, ConfigError, Interrupted, TrainingError
from textrnn.evaluation.calibration import fit_temperature, penalised_loss, without_smoothing
from textrnn.files import load_document
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.training import train_eval
from textrnn.training.checkpoint import read_checkpoint_settings
from textrnn.training.events import Listener
from textrnn.training.history import History
from textrnn.training.objectives.base import Loss
from textrnn.training.objectives.classification import ClassificationObjective, evaluate, predict_logits
from textrnn.training.optimizers import make_optimizer
from textrnn.training.train_eval import choose_device, fit, learning_rate_at, train_step


def test_evaluation_against_scikit_learn() -> None:
    model = new_model()
    scored = evaluate(model, DEV)
    probabilities = predict_logits(model, DEV).double().softmax(dim=1).numpy()
    assert scored.loss == pytest.approx(log_loss(DEV.labels.numpy(), probabilities, labels=[0, 1, 2]), rel=1e-9)
    np.testing.assert_array_equal(scored.predictions, probabilities.argmax(axis=1))
    assert scored.accuracy == (scored.predictions == DEV.labels.numpy()).mean()


def test_logits_come_in_the_order_of_the_rows() -> None:
    model = new_model()
    logits = predict_logits(model, DEV)
    for row in (0, 7, 32):
        batch = DEV.batch(torch.tensor([row]))
        torch.testing.assert_close(logits[row], model(batch.token_ids, batch.lengths)[0].detach(), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_step_is_the_gradient_of_the_smoothed_loss(smoothing: float) -> None:
    plain = {"dropout": 0.0, "embedding_dropout": 0.0, "token_dropout": 0.0, "max_pairs": 0}
    ours, theirs = (new_model(**plain) for _ in range(2))
    config = short(label_smoothing=smoothing, clip_norm=0.5)
    batch = TRAIN.batch(torch.arange(16))
    objective = ClassificationObjective(TRAIN, DEV, config, 3)
    reported = train_step(ours, objective, batch, make_optimizer(ours, config), config).reported
    logits = theirs(batch.token_ids, batch.lengths)
    assert reported.item() == pytest.approx(functional.cross_entropy(logits, batch.labels).item(), rel=1e-5)
    functional.cross_entropy(logits, batch.labels, label_smoothing=smoothing).backward()
    torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
    for (name, mine), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad, atol=1e-6, rtol=1e-4, msg=name)


def test_schedule_by_hand() -> None:
    config = TrainConfig(learning_rate=1.0)
    assert learning_rate_at(config, 0.0) == pytest.approx(0.04)
    assert learning_rate_at(config, 0.075) == pytest.approx(0.52)
    assert learning_rate_at(config, 0.15) == pytest.approx(1.0)
    assert learning_rate_at(config, 0.575) == pytest.approx(0.5, abs=1e-3)
    assert learning_rate_at(config, 1.0) == pytest.approx(1e-4)
    assert learning_rate_at(TrainConfig(learning_rate=1.0, schedule="cosine"), 0.5) == pytest.approx(0.5, abs=1e-3)
    assert learning_rate_at(TrainConfig(learning_rate=1.0, schedule="constant"), 0.9) == 1.0


def test_it_learns_and_keeps_the_best_weights() -> None:
    model = new_model()
    history = learn(model, short(epochs=30, learning_rate=0.01))
    assert history.best["dev_accuracy"] > 0.9
    logits, labels = without_smoothing(predict_logits(model, DEV).numpy(), 0.1), DEV.labels.numpy()
    calibrated = penalised_loss(logits, labels, fit_temperature(logits, labels))
    assert calibrated == pytest.approx(min(row["dev_calibrated_loss"] for row in history.evaluations), rel=1e-5)
    assert history.stopped_by == "all epochs done"
    assert len(history.train_loss) == 30 * 8
    assert history.examples_seen == 30 * 120
    assert history.evaluations[-1]["step"] == 240


def test_history_as_csv() -> None:
    history = learn(new_model(), short(epochs=2))
    rows = list(csv.DictReader(io.StringIO(history.to_csv())))
    assert [int(row["step"]) for row in rows] == list(range(1, 17))
    assert [row["epoch"] for row in rows] == ["1"] * 8 + ["2"] * 8
    assert [int(row["step"]) for row in rows if row["dev_loss"]] == [5, 10, 15, 16]
    assert float(rows[0]["train_loss"]) == pytest.approx(history.train_loss[0], rel=1e-5)
    assert float(rows[4]["dev_loss"]) == history.evaluations[0]["dev_loss"]


def weights(model: ClassifierNetwork) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_the_seed_decides_everything() -> None:
    models = [new_model() for _ in range(3)]
    histories = [learn(model, short(seed=seed)) for model, seed in zip(models, (1, 1, 2), strict=True)]
    assert histories[0].train_loss == histories[1].train_loss != histories[2].train_loss
    assert same(weights(models[0]), weights(models[1]))


def test_training_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    learn(_prebuilt, short(epochs=1))
    assert torch.equal(torch.rand(1), expected)


_prebuilt = new_model()


@pytest.mark.parametrize("stop_at", [1, 5, 7, 13, 31])
@pytest.mark.parametrize(
    ("name", "optimizer"), [("LSTM", "adam"), ("LSTM", "adamw"), ("FastText", "adam"), ("BiLSTM_Ngram", "adam")]
)
def test_stopped_and_resumed_is_as_if_never_stopped(tmp_path: Path, stop_at: int, name: str, optimizer: str) -> None:
    config = short(optimizer=optimizer, weight_decay=0.01)
    whole = new_model(name=name)
    expected = learn(whole, config)
    checkpoint = tmp_path / "c.safetensors"
    with pytest.raises(Interrupted, match=f"training was stopped at step {stop_at}; the checkpoint is"):
        learn(new_model(name=name), config, checkpoint=kept(checkpoint), listener=StopAt(stop_at))
    assert read_checkpoint_settings(checkpoint) == ({"a": 1}, stop_at)
    resumed = new_model(seed=99, name=name)
    history = learn(resumed, config, checkpoint=kept(checkpoint, resume=True))
    assert same(weights(whole), weights(resumed))
    assert history.train_loss == expected.train_loss
    assert history.learning_rate == expected.learning_rate
    assert [row["dev_loss"] for row in history.evaluations] == [row["dev_loss"] for row in expected.evaluations]
    assert history.best_step == expected.best_step


class _Killed(BaseException): ...


class _KillAfter(Listener):
    """Leaves at an evaluation, as a kill would: nothing is saved but what the loop had saved by itself."""

    def __init__(self, evaluation: int):
        self.left = evaluation

    def on_step(self, step: int, loss: float) -> None:
        if self.left <= 0 and step % 5 == 3:
            raise _Killed

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        self.left -= 1


@pytest.mark.parametrize("evaluation", [1, 3, 5])
def test_killed_and_resumed_is_as_if_never_killed(tmp_path: Path, evaluation: int) -> None:
    whole, checkpoint = new_model(), tmp_path / "c.safetensors"
    learn(whole, short())
    with pytest.raises(_Killed):
        learn(new_model(), short(), checkpoint=kept(checkpoint), listener=_KillAfter(evaluation))
    resumed = new_model(seed=7)
    learn(resumed, short(), checkpoint=kept(checkpoint, resume=True))
    assert same(weights(whole), weights(resumed))


def test_a_finished_run_is_only_read_back(tmp_path: Path) -> None:
    first, again = new_model(), new_model(seed=3)
    learn(first, short(), checkpoint=kept(tmp_path / "c"))
    history = learn(again, short(), checkpoint=kept(tmp_path / "c", resume=True))
    assert same(weights(first), weights(again))
    assert len(history.train_loss) == 32


def test_early_stop_and_best_weights() -> None:
    """With a rate that ruins the model, the first evaluations are the best ever."""
    config = short(epochs=100, learning_rate=0.5, schedule="constant", require_improvement=20)
    model = new_model()
    history = learn(model, config)
    steps = len(history.train_loss)
    assert steps < 800
    assert steps - history.best_step >= 20
    assert history.stopped_by == f"no better dev score for {steps - history.best_step} batches"
    assert evaluate(model, DEV).loss == pytest.approx(history.best["dev_loss"], rel=1e-9)
    assert history.best_loss == min(row["dev_calibrated_loss"] for row in history.evaluations)


def test_asked_to_stop_at_the_last_step(tmp_path: Path) -> None:
    with pytest.raises(Interrupted, match="stopped at step 32"):
        learn(new_model(), short(), checkpoint=kept(tmp_path / "c"), listener=StopAt(32))
    history = learn(new_model(), short(), checkpoint=kept(tmp_path / "c", resume=True))
    assert (len(history.train_loss), history.stopped_by) == (32, "all epochs done")


def test_asked_to_end_it_keeps_the_best_weights() -> None:
    class EndAt(StopAt):
        def should_stop(self) -> bool:
            return False

        def should_end(self) -> bool:
            return super().should_stop()

    model = new_model()
    history = learn(model, short(epochs=50), listener=EndAt(7))
    assert (len(history.train_loss), history.stopped_by) == (7, "a request to end")
    assert history.evaluations[-1]["step"] == 7  # a last look
    assert evaluate(model, DEV).loss == pytest.approx(history.best["dev_loss"])


def test_mean_training_loss_counts_rows_not_batches() -> None:
    model = new_model(dropout=0.0, embedding_dropout=0.0, token_dropout=0.0)
    config = short(epochs=1, batch_size=119, evaluate_every=2, learning_rate=1e-12, label_smoothing=0.0)
    history = learn(model, config)
    assert history.examples == [119, 1] or history.examples == [1, 119]
    assert history.evaluations[0]["train_loss"] == pytest.approx(evaluate(model, TRAIN).loss, rel=1e-5)


def test_early_stopped_run_is_only_read_back(tmp_path: Path) -> None:
    config = short(epochs=100, learning_rate=0.5, schedule="constant", require_improvement=20)
    first, again = new_model(), new_model(seed=4)
    stopped = learn(first, config, checkpoint=kept(tmp_path / "c"))
    history = learn(again, config, checkpoint=kept(tmp_path / "c", resume=True))
    assert history.stopped_by == stopped.stopped_by
    assert same(weights(first), weights(again))


class _Timed(ClassificationObjective):
    """Has a clock that only its losses (0.01 s each) and its evaluations move."""

    def __init__(self, config: TrainConfig, seconds: float):
        super().__init__(TRAIN, DEV, config, 3)
        self.now, self.seconds = 0.0, seconds

    def loss(self, model: nn.Module, batch: Batch) -> Loss:
        self.now += 0.01
        return super().loss(model, batch)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        self.now += self.seconds
        return super().evaluate(model)

    def evaluation_seconds(self, model: nn.Module) -> float:
        return self.seconds

    def learn(self, config: TrainConfig, **others: Any) -> History:
        return fit(new_model(), self, config, clock=lambda: self.now, **others)


@pytest.mark.parametrize("evaluate_every", [1, 7, 20, 1000])
@pytest.mark.parametrize("seconds", [0.001, 0.3, 5.0])
def test_a_budget_is_kept_with_all_evaluations(evaluate_every: int, seconds: float) -> None:
    config = TrainConfig(budget=2.0, batch_size=16, evaluate_every=evaluate_every)
    history = _Timed(config, seconds).learn(config)
    assert history.stopped_by == "the budget of 2 s"
    # Where an evaluation takes longer than half the budget, training gets that half and the evaluation comes on top.
    assert history.seconds <= (2.0 if seconds < 1 else 1.0 + seconds) + 1e-9
    assert history.seconds >= 1.5
    assert history.learning_rate[-1] < 0.02 * config.learning_rate or seconds == 0.3  # an evaluation leaves a gap
    assert history.evaluations[-1]["step"] == len(history.train_loss)
    assert history.evaluation_seconds == pytest.approx(len(history.evaluations) * seconds)


def test_a_budget_and_epochs_whichever_ends_first() -> None:
    config = short(budget=100.0)
    history = _Timed(config, 0.001).learn(config)
    assert history.stopped_by == "all epochs done"
    assert history.learning_rate[-1] < 0.1 * TrainConfig().learning_rate


class _KillAtOnce(Listener):
    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        raise _Killed


def test_a_checkpoint_knows_the_time_of_its_evaluation(tmp_path: Path) -> None:
    config = short(budget=10.0)
    with pytest.raises(_Killed):
        _Timed(config, 0.01).learn(config, checkpoint=kept(tmp_path / "c"), listener=_KillAtOnce())
    document = load_document(tmp_path / "c")
    assert document["steps"] == 5
    assert document["seconds"] == pytest.approx(0.06)
    assert document["evaluation_seconds"] == pytest.approx(0.01)


def test_a_loss_that_is_no_number_is_an_error() -> None:
    model = new_model()
    with torch.no_grad():
        model.embedding.table.weight[2:] = math.nan
    with pytest.raises(TrainingError) as caught:
        learn(model, short())
    assert str(caught.value) == (
        "training: the loss is nan at step 1; expected a finite number: try a lower `learning_rate` or `clip_norm`"
    )


def test_frozen_vectors_stay_as_they_are() -> None:
    model = new_model()
    model.embedding.table.weight.requires_grad_(False)
    before = model.embedding.table.weight.clone()
    learn(model, short())
    assert torch.equal(model.embedding.table.weight, before)


def test_checkpoint_of_another_model(tmp_path: Path) -> None:
    learn(new_model(), short(), checkpoint=kept(tmp_path / "c"))
    with pytest.raises(
        ArtifactError, match=r"not a checkpoint of this model .*; delete it and train from the beginning"
    ):
        learn(new_model(hidden_size=5), short(), checkpoint=kept(tmp_path / "c", resume=True))


def test_open_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="epochs and budget are both open"):
        learn(new_model(), TrainConfig())


def test_devices() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(
        ConfigError, match=r"`device` cudda: cannot be used \(.*\); expected auto, cpu or a GPU that is here"
    ):
        choose_device("cudda")


def test_history_of_nothing_is_a_header() -> None:
    assert History().to_csv() == "step,epoch,learning_rate,train_loss,dev_loss,seconds\n"


def test_denormals_are_as_they_were_after_training() -> None:
    number = train_eval.SMALLEST_FLOAT
    assert number * 1.0 > 0.0
    with train_eval.flushing_denormals():
        assert number * 1.0 == 0.0
        with train_eval.flushing_denormals():
            pass
        assert number * 1.0 == 0.0
    learn(new_model(), short(epochs=1))
    assert number * 1.0 > 0.0
