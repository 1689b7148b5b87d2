"""What a network of the memory experiments learns by: batches, loss, and which weights are kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from textrnn.config import MEMORY_RECIPES, MemoryTrainConfig
from textrnn.corpus.sequences import NOTHING, LabelledSequences, joined, make_splits
from textrnn.tasks.memory.registry import all_problems
from textrnn.training.objectives.sequences import SequenceBatch, SequenceObjective, score
from textrnn.training.optimizers import make_optimizer

CPU = torch.device("cpu")


class Fixed(nn.Module):
    """Answers what a table says, by the first digit."""

    def __init__(self, table: Tensor):
        super().__init__()
        self.table = nn.Parameter(table)

    def forward(self, tokens: Tensor, asked: Tensor | None = None) -> Tensor:
        first = self.table[tokens[:, :1]].expand(-1, tokens.shape[1], -1)
        return first[:, -1] if asked is None else first[asked]


def objective(**settings: object) -> SequenceObjective:
    splits = make_splits(all_problems()["digit-sum"], 6, 0)
    config = MemoryTrainConfig.from_dict({"epochs": 2, "batch_size": 64, **settings}).fitted_to(300, 6)
    return SequenceObjective(
        SequenceBatch.from_split(splits["train"], CPU), SequenceBatch.from_split(splits["dev"], CPU), config
    )


@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_has_every_row_once(shuffle: bool) -> None:
    found = objective(shuffle=shuffle)
    batches = found.batches(1)
    assert [len(batch.labels) for batch in batches] == [64, 64, 64, 64, 44]
    assert len(batches) == found.batch_count(1)
    tokens = torch.cat([batch.tokens for batch in batches])
    assert torch.equal(tokens, found.train.tokens) == (not shuffle)
    np.testing.assert_array_equal(np.sort(tokens.numpy(), axis=0), np.sort(found.train.tokens.numpy(), axis=0))
    for batch in batches:
        assert torch.equal(batch.tokens[:, 0] + batch.tokens[:, 1], batch.labels)
    again, other = found.batches(1), found.batches(2)
    assert torch.equal(again[0].tokens, batches[0].tokens)
    assert torch.equal(other[0].tokens, batches[0].tokens) == (not shuffle)


def test_loss_is_the_mean_or_the_sum() -> None:
    torch.manual_seed(0)
    model = Fixed(torch.randn(10, 19))
    mean, summed = objective(), objective(summed_loss=True)
    batch = mean.train
    expected = -model.table.log_softmax(1)[batch.tokens[:, 0], batch.labels]
    found = mean.loss(model, batch)
    torch.testing.assert_close(found.value, expected.mean())
    assert found.examples == 300
    of_sum = summed.loss(model, batch)
    torch.testing.assert_close(of_sum.value, expected.sum())
    torch.testing.assert_close(of_sum.reported, expected.mean())


def test_score_by_hand() -> None:
    table = torch.zeros(10, 19)
    table[:, 9] = 50.0  # always answers 9: right for 10 of the 100 pairs
    found = objective()
    accuracy, loss, whole = score(Fixed(table), found.dev)
    assert whole == accuracy
    assert accuracy == pytest.approx(0.1)
    assert loss == pytest.approx(0.9 * 50.0, abs=1e-6)
    assert found.evaluate(Fixed(table)) == {"dev_loss": loss, "dev_accuracy": accuracy}


def test_which_weights_are_kept() -> None:
    by_accuracy, by_loss = objective(), objective(select_by="loss")

    def better(one: tuple[float, float], other: tuple[float, float], of: SequenceObjective) -> bool:
        first, second = (of.criterion({"dev_accuracy": a, "dev_loss": loss}) for a, loss in (one, other))
        return first < second

    assert better((0.91, 9.0), (0.90, 0.1), by_accuracy)
    assert better((0.90, 0.1), (0.90, 0.2), by_accuracy)
    assert better((0.90, 0.1), (0.91, 0.2), by_loss)


def test_longer_sequences_tell_weights_apart_that_answer_nearly_all() -> None:
    """A network that answers all of dev is judged by the longer ones, too; one that does not is not asked."""
    every = torch.tensor([0, 1])
    dev, longer = (
        SequenceBatch(every[:, None], every),
        SequenceBatch(every[:, None].repeat(3, 2), torch.tensor([0, 1, 0, 0, 1, 1])),
    )
    config = MemoryTrainConfig(epochs=1)
    found = SequenceObjective(dev, dev, config, longer)
    right, wrong = Fixed(9 * torch.eye(2)), Fixed(9 * torch.eye(2).flip(0))
    assert found.evaluate(right)["dev_longer"] == pytest.approx(4 / 6)
    assert "dev_longer" not in found.evaluate(wrong)
    assert "dev_longer" not in SequenceObjective(dev, dev, config).evaluate(right)
    best_first = [
        {"dev_accuracy": 1.0, "dev_loss": 0.02, "dev_longer": 1.0},
        {"dev_accuracy": 0.996, "dev_loss": 0.03, "dev_longer": 1.0},
        {"dev_accuracy": 1.0, "dev_loss": 0.01, "dev_longer": 0.5},
        {"dev_accuracy": 0.99, "dev_loss": 0.01},
        {"dev_accuracy": 0.5, "dev_loss": 0.7},
    ]
    splits = make_splits(all_problems()["parity"], 8, 0)
    batch = SequenceBatch.from_split(splits["train"], CPU)
    ranked = [SequenceObjective(batch, batch, config, longer).criterion(scores) for scores in best_first]
    assert ranked == sorted(ranked)


def test_settings_are_fitted_to_the_data() -> None:
    config = MemoryTrainConfig()
    assert config.fitted_to(300, 10).epochs == 150
    assert config.fitted_to(300, 100).epochs == 100
    assert config.fitted_to(300, 1000).epochs == 150
    assert config.fitted_to(3000, 10).epochs == 15
    assert config.fitted_to(20, 10).batch_size == 20
    assert MemoryTrainConfig(epochs=3).fitted_to(300, 10).epochs == 3
    assert MemoryTrainConfig(budget=2.0).fitted_to(300, 10).epochs is None


def test_the_textbooks_recipe() -> None:
    """19,000 steps for each length, with Adam as PyTorch has it by default."""
    config = MemoryTrainConfig.from_dict(MEMORY_RECIPES["textbook"].training).fitted_to(300, 10)
    splits = make_splits(all_problems()["digit-sum"], 6, 0)
    train, dev = (SequenceBatch.from_split(splits[name], CPU) for name in ("train", "dev"))
    assert config.epochs is not None
    assert config.epochs * SequenceObjective(train, dev, config).batch_count(1) == 19_000
    (optimizer,) = make_optimizer(nn.Linear(2, 2), config).parts
    assert type(optimizer) is torch.optim.Adam
    assert optimizer.defaults["betas"] == (0.9, 0.999)
    assert optimizer.defaults["lr"] == 1e-3


def test_weight_decay_spares_biases_and_starts() -> None:
    from textrnn.models.registry import find_model

    entry = find_model("LSTM", "memory")
    network = entry.build(entry.config_class(), vocabulary_size=10, class_count=19, sequence_length=5)
    decayed, spared = make_optimizer(network, MemoryTrainConfig(weight_decay=0.3)).param_groups
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.3, 0.0)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    assert {names[id(p)] for p in decayed["params"]} == {
        "embedding.weight", "output.weight", *(f"cell.{letter}_{gate}" for letter in "WU" for gate in "ifco")
    }  # fmt: skip
    assert {names[id(p)] for p in spared["params"]} == {
        "output.bias", "start.0", "start.1", *(f"cell.b_{gate}" for gate in "ifco")
    }  # fmt: skip


class LastToken(nn.Module):
    """Answers what a table says, by the token that was read last."""

    def __init__(self, table: Tensor):
        super().__init__()
        self.table = nn.Parameter(table)

    def forward(self, tokens: Tensor, asked: Tensor) -> Tensor:
        return self.table[tokens][asked]


def mixed(name: str = "dyck-depth") -> LabelledSequences:
    return make_splits(all_problems()[name], 12, 0)["dev"]


def test_a_batch_of_several_answers() -> None:
    split = joined(
        [
            LabelledSequences(np.array([[1, 2]]), np.array([[NOTHING, 5]])),
            LabelledSequences(np.array([[7, 8, 9]]), np.array([[1, NOTHING, 0]])),
        ]
    )
    batch = SequenceBatch.from_split(split, CPU)
    tokens, asked = batch.inputs
    assert tokens.tolist() == [[1, 2, 0], [7, 8, 9]]
    assert asked.tolist() == [[False, True, False], [True, False, True]]
    assert batch.answers.tolist() == [5, 1, 0]
    assert batch.lengths.tolist() == [2, 3]
    one = batch.rows(torch.tensor([0]), 2)
    assert (one.tokens.tolist(), one.labels.tolist()) == ([[1, 2]], [[NOTHING, 5]])


def test_single_answers_of_rows_of_one_length_are_asked_at_the_end() -> None:
    alike = LabelledSequences(np.array([[1, 2], [3, 4]]), np.array([5, 6]))
    assert len(SequenceBatch.from_split(alike, CPU).inputs) == 1
    unlike = joined([alike, LabelledSequences(np.array([[7, 8, 9]]), np.array([0]))])
    batch = SequenceBatch.from_split(unlike, CPU)
    assert batch.inputs[1].nonzero().tolist() == [[0, 1], [1, 1], [2, 2]]
    assert batch.answers.tolist() == [5, 6, 0]


@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_of_mixed_lengths_has_every_row_once_and_little_in_vain(shuffle: bool) -> None:
    train = SequenceBatch.from_split(mixed(), CPU)
    config = MemoryTrainConfig.from_dict({"epochs": 1, "batch_size": 36, "shuffle": shuffle}).fitted_to(360, 12)
    batches = SequenceObjective(train, train, config).batches(1)
    assert sum(len(batch.labels) for batch in batches) == len(train.labels) == 360
    rows = [
        tuple(row[:length])
        for batch in batches
        for row, length in zip(batch.tokens.tolist(), batch.lengths.tolist(), strict=True)
    ]
    assert sorted(rows) == sorted(tuple(row[row >= 0]) for row in mixed().tokens)
    assert all(batch.tokens.shape[1] == batch.lengths.max() for batch in batches)
    assert sum(batch.tokens.numel() for batch in batches) < 1.1 * int(train.lengths.sum())


def test_loss_and_score_of_several_answers_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    split = mixed("copy")
    table = torch.randn(9, 8)
    model = LastToken(table.clone())
    batch = SequenceBatch.from_split(split, CPU)
    config = MemoryTrainConfig.from_dict({"epochs": 1}).fitted_to(len(split), 12)
    losses, right, whole = [], [], 0
    for tokens, labels in zip(split.tokens.tolist(), split.labels.tolist(), strict=True):
        asked = [(token, label) for token, label in zip(tokens, labels, strict=True) if label != NOTHING]
        losses += [-float(table[token].log_softmax(0)[label]) for token, label in asked]
        of_row = [int(table[token].argmax()) == label for token, label in asked]
        right += of_row
        whole += all(of_row)
    found = SequenceObjective(batch, batch, config).loss(model, batch)
    assert found.examples == len(losses)
    assert found.value.item() == pytest.approx(sum(losses) / len(losses), rel=1e-5)
    assert whole > 0
    expected = (sum(right) / len(right), sum(losses) / len(losses), whole / len(split))
    assert score(model, batch) == pytest.approx(expected, rel=1e-5)
    monkeypatch.setattr("textrnn.corpus.batches.SCORING_BATCH_TOKENS", 100)  # in many parts
    assert score(model, batch) == pytest.approx(expected, rel=1e-5)
