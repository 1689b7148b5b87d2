from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.config import DataConfig, ModelConfig, TrainConfig
from textrnn.errors import ConfigError


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig(epochs=0, learning_rate=-1.0, optimizer="adem")
    assert str(caught.value) == (
        "`epochs` 0: must be at least 1; `learning_rate` -1.0: must be above 0.0; "
        "`optimizer` adem: expected one of adam, adamw, sgd; did you mean adam?"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label_smoothing": 1.0}, "`label_smoothing` 1.0: must be below 1.0"),
        ({"seed": -1}, "`seed` -1: must be at least 0"),
        ({"epochs": 2.5}, "`epochs` 2.5: expected int"),
        ({"epochs": True}, "`epochs` True: expected int"),
        ({"learning_rate": float("nan")}, "`learning_rate` nan: expected a finite number"),
        ({"learning_rate": "fast"}, "`learning_rate` 'fast': expected float"),
        ({"schedule": None}, "`schedule` None: expected str"),
    ],
)
def test_bad_values(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig(**settings)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_a_whole_number_does_for_a_real_one() -> None:
    assert TrainConfig(budget=30).budget == 30


def test_unknown_key_names_the_nearest() -> None:
    with pytest.raises(
        ConfigError, match=r"learning_rat: no such setting of TrainConfig; did you mean learning_rate\?"
    ):
        TrainConfig.from_dict({"learning_rat": 1})


def test_round_trip() -> None:
    for config in (TrainConfig(epochs=3, budget=2.0), DataConfig(dataset="x.csv"), ModelConfig(embedding_size=7)):
        assert type(config).from_dict(config.to_dict()) == config


@given(training_rows=st.integers(1, 10**7), dev_rows=st.integers(1, 10**6))
def test_fitted_settings_are_usable(training_rows: int, dev_rows: int) -> None:
    fitted = TrainConfig().fitted_to(training_rows, dev_rows)
    assert fitted.epochs is not None
    assert 2 <= fitted.epochs <= 30
    assert fitted.batch_size is not None
    assert 1 <= fitted.batch_size <= min(128, training_rows)
    assert fitted.evaluate_every is not None
    assert 1 <= fitted.evaluate_every <= -(-training_rows // fitted.batch_size) * fitted.epochs


@pytest.mark.parametrize(
    ("rows", "length", "passes", "epochs", "batch_size"),
    [
        (44_960, 19, 6, 6, 128),  # titles
        (44_960, 19, 4, 4, 128),
        (180_000, 19, 6, 6, 128),
        (2000, 18, 6, 30, 64),
        (2000, 18, 4, 20, 64),
        (25_000, 230, 6, 2, 32),  # reviews: no fewer than two
        (3000, 450, 6, 4, 16),
        (140, 512, 6, 30, 8),
        (3_000_000, 500, 6, 2, 16),
    ],
)
def test_passes_and_batches_by_rows_and_length(
    rows: int, length: float, passes: int, epochs: int, batch_size: int
) -> None:
    fitted = TrainConfig().fitted_to(rows, 1000, mean_length=length, passes=passes)
    assert (fitted.epochs, fitted.batch_size) == (epochs, batch_size)


def test_given_settings_are_kept_by_fitting() -> None:
    fitted = TrainConfig(epochs=2, batch_size=7, evaluate_every=3).fitted_to(100, 10)
    assert (fitted.epochs, fitted.batch_size, fitted.evaluate_every) == (2, 7, 3)


def test_a_budget_alone_leaves_the_epochs_open() -> None:
    assert TrainConfig(budget=5.0).fitted_to(1000, 100).epochs is None


def test_fewer_rows_than_a_batch() -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig(batch_size=64).fitted_to(50, 10)
    assert str(caught.value) == (
        "`batch_size` 64: the training split has 50 rows, fewer than one batch; "
        "expected `batch_size` 50 or less, or more data"
    )
