"""Batches read twice: how far two answers differ against torch's own divergence, and what is left where they agree."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, kl_divergence

from tests.factories import DEV, TRAIN, new_classifier, short
from tests.training.objectives.test_multi_label import objective as of_several_labels
from textrnn.corpus.batches import Batch, LabelPairs
from textrnn.training.objectives.classification import ClassificationObjective

SOME, OTHERS = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0)).double()
NO_NOISE = {"dropout": 0.0, "embedding_dropout": 0.0, "token_dropout": 0.0}


def objective(**named: object) -> ClassificationObjective:
    return ClassificationObjective(TRAIN, DEV, short(**named), 3)


def divergences(some: Tensor, others: Tensor) -> Tensor:
    """(B,) of one label a row."""
    some, others = (Categorical(logits=logits) for logits in (some, others))
    return kl_divergence(some, others) + kl_divergence(others, some)  # type: ignore[no-any-return]


def test_the_disagreement_is_the_divergence_both_ways() -> None:
    torch.testing.assert_close(objective().disagreement(SOME, OTHERS), divergences(SOME, OTHERS).mean())


def test_of_several_labels_it_is_that_of_each_label() -> None:
    both = [(Bernoulli(logits=a), Bernoulli(logits=b)) for a, b in ((SOME, OTHERS), (OTHERS, SOME))]
    expected = sum(kl_divergence(*pair).sum(dim=1) for pair in both).mean()  # type: ignore[union-attr]
    torch.testing.assert_close(of_several_labels().disagreement(SOME, OTHERS), expected)


def test_the_loss_is_that_of_both_readings_and_how_they_differ() -> None:
    model, batch = new_classifier().train(), TRAIN.batch(torch.arange(6))
    torch.manual_seed(3)
    found = objective(consistency=2.0).loss(model, batch)
    torch.manual_seed(3)
    some, others = model(*batch.twice().inputs).chunk(2)
    plain = [objective().loss_of(logits, batch) for logits in (some, others)]
    assert not torch.equal(some, others)
    torch.testing.assert_close(
        found.value, (plain[0].value + plain[1].value) / 2 + divergences(some, others).mean() / 2
    )
    torch.testing.assert_close(found.reported, (plain[0].reported + plain[1].reported) / 2)
    assert found.examples == 6


@pytest.mark.parametrize("several", [False, True])
def test_without_noise_nothing_changes(several: bool) -> None:
    make = of_several_labels if several else objective
    model = new_classifier(**NO_NOISE).train()
    twice, once = make(consistency=2.0), make()
    batch = twice.train.batch(torch.arange(6))
    found, expected = twice.loss(model, batch), once.loss(model, batch)
    torch.testing.assert_close(found.value, expected.value)
    torch.testing.assert_close(found.reported, expected.reported)
    assert found.examples == expected.examples


def test_a_batch_twice_has_the_labels_of_its_rows_twice() -> None:
    of_labels = LabelPairs(torch.tensor([0, 2, 2]), torch.tensor([1, 0, 2]))
    batch = Batch(*TRAIN.batch(torch.arange(3))[:3], torch.tensor([1.0, 2.0, 3.0]), of_labels)
    twice = batch.twice()
    assert twice.label_pairs is not None
    assert twice.label_pairs.rows.tolist() == [0, 2, 2, 3, 5, 5]
    assert twice.label_pairs.classes.tolist() == [1, 0, 2, 1, 0, 2]
    assert twice.weights is not None
    assert twice.weights.tolist() == [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]
    for name in ("token_ids", "lengths", "labels"):
        one, both = getattr(batch, name), getattr(twice, name)
        assert torch.equal(both, torch.cat([one, one]))
    assert twice.characters is None
