"""Adam by rows against torch's own Adam, and its way into a checkpoint."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn
from torch.nn import functional

from tests.factories import TRAIN, new_classifier
from textrnn.config import FitConfig
from textrnn.errors import ConfigError
from textrnn.models.parts.ngram_bag import SparseTable
from textrnn.training.optimizers import RowAdam, make_optimizer, sparse_tables, tables_of_pairs


def gradient_of(table: nn.Parameter, rows: Tensor, seed: int, *, sparse: bool) -> None:
    weights = torch.randn(len(rows), table.shape[1], generator=torch.Generator().manual_seed(seed))
    table.grad = None
    (functional.embedding(rows, table, sparse=sparse) * weights).sum().backward()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=9), min_size=1, max_size=6), st.integers(0, 99))
def test_equals_sparse_adam(batches: list[list[int]], seed: int) -> None:
    """torch.optim.SparseAdam is the oracle: rows twice in a batch, rows in some batches only."""
    ours, theirs = (nn.Parameter(torch.arange(10.0).view(5, 2)) for _ in range(2))
    row_adam, sparse_adam = RowAdam([ours], 0.1, (0.9, 0.99)), torch.optim.SparseAdam([theirs], 0.1, (0.9, 0.99))
    for index, rows in enumerate(batches):
        for table, optimizer in ((ours, row_adam), (theirs, sparse_adam)):
            gradient_of(table, torch.tensor(rows), seed + index, sparse=True)
            optimizer.step()
    torch.testing.assert_close(ours, theirs)


def test_equals_adam_where_every_row_is_touched() -> None:
    ours, theirs = (nn.Parameter(torch.arange(6.0).view(3, 2)) for _ in range(2))
    row_adam, adam = RowAdam([ours], 0.1), torch.optim.Adam([theirs], 0.1)
    for seed in range(5):
        gradient_of(ours, torch.tensor([0, 2, 1, 0]), seed, sparse=True)
        gradient_of(theirs, torch.tensor([0, 2, 1, 0]), seed, sparse=False)
        row_adam.step()
        adam.step()
    torch.testing.assert_close(ours, theirs)


def test_untouched_rows_stay_as_they_are() -> None:
    table = nn.Parameter(torch.ones(4, 2))
    optimizer = RowAdam([table], 0.1)
    gradient_of(table, torch.tensor([1]), 0, sparse=True)
    optimizer.step()
    assert (table[[0, 2, 3]] == 1).all()
    assert (table[1] != 1).all()
    (state,) = optimizer.state_dict()["state"].values()
    assert state["rows"].tolist() == [1]


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = SparseTable(6, 3)
        self.output = nn.Linear(3, 2)

    def forward(self, rows: Tensor) -> Tensor:
        logits: Tensor = self.output(self.table(rows, torch.arange(len(rows)), torch.ones(len(rows))))
        return logits


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_the_state_goes_on_where_it_was(kind: str) -> None:
    """Saved after two steps and loaded into new ones: the third step is the same."""
    config = FitConfig(optimizer=kind, learning_rate=0.1)
    torch.manual_seed(0)
    one, other = Network(), Network()
    optimizer = make_optimizer(one, config)
    assert [len(part.param_groups) for part in optimizer.parts] == [2, 1]
    assert sparse_tables(one) == [one.table.weight]

    def step(network: Network, rows: list[int]) -> None:
        optimizer.zero_grad()
        functional.cross_entropy(network(torch.tensor(rows)), torch.tensor([0, 1])).backward()
        optimizer.step()

    step(one, [0, 5])
    step(one, [5, 2])
    saved = {index: {k: v.clone() for k, v in state.items()} for index, state in optimizer.state_by_index().items()}
    other.load_state_dict(one.state_dict())
    step(one, [2, 2])
    optimizer = make_optimizer(other, config)
    optimizer.load_state_by_index(saved)
    step(other, [2, 2])
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_tables_do_not_learn_by_sgd() -> None:
    with pytest.raises(ConfigError) as caught:
        make_optimizer(Network(), FitConfig(optimizer="sgd"))
    assert str(caught.value) == (
        "`optimizer` sgd: tables of n-grams learn by Adam; expected adam or adamw for this model"
    )


def test_pairs_of_tokens_learn_by_sgd() -> None:
    model = new_classifier(name="LSTM", embedding_dropout=0.0)
    tables = tables_of_pairs(model)
    optimizer = make_optimizer(model, FitConfig(optimizer="sgd", learning_rate=0.5))
    model(TRAIN.token_ids[None, :4], torch.tensor([4])).sum().backward()
    gradient = tables[0].grad
    assert gradient is not None
    optimizer.step()
    assert len(tables) == 1
    assert gradient.coalesce().values().any()
    torch.testing.assert_close(tables[0].detach(), gradient.to_dense() * -0.5)  # from zero


def test_a_table_of_another_size_is_refused() -> None:
    state = Network().state_dict()
    state["table.rows"], state["table.values"] = torch.tensor([7]), torch.ones(1, 3)
    with pytest.raises(RuntimeError, match="it does not fit a table"):
        Network().load_state_dict(state)
    del state["table.rows"]
    with pytest.raises(RuntimeError, match=r"table\.rows"):
        Network().load_state_dict(state)
