"""The n-gram against Kneser-Ney written down again, slowly and with dictionaries, and the weights of the mixture."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from textrnn.models.language.mixture import fit_weights
from textrnn.models.language.ngram import NgramModel

V = 4
TEXTS = st.lists(st.integers(0, V - 1), min_size=1, max_size=60)


def kneser_ney(text: list[int], order: int, context: list[int]) -> list[float]:
    """What follows `context` (its last `order` ids), by the equations of Chen & Goodman 1999."""
    padded = [V] * order + text
    counts: Counter[tuple[int, ...]] = Counter(tuple(padded[i : i + order + 1]) for i in range(len(text)))
    answer = [1 / V] * V
    levels = []
    for k in range(order, -1, -1):
        levels.append((k, counts))
        counts = Counter(gram[1:] for gram in counts)  # different characters before it
    for k, counts in reversed(levels):
        having = Counter(counts.values())
        ratio = having[1] / max(1, having[1] + 2 * having[2])
        discount = {
            c: min(max(c - (c + 1) * ratio * having[c + 1] / having[c] if having[c] else 0.0, 0.2 * c), 0.95 * c)
            for c in (1, 2, 3)
        }
        rows: dict[tuple[int, ...], dict[int, int]] = defaultdict(dict)
        for gram, count in counts.items():
            rows[gram[:-1]][gram[-1]] = count
        row = rows.get(tuple(context[len(context) - k :]))
        if row is None:
            return answer
        total = sum(row.values())
        left = sum(discount[min(3, c)] for c in row.values()) / total
        answer = [(row[x] - discount[min(3, row[x])] if x in row else 0.0) / total + left * answer[x] for x in range(V)]
    return answer


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.integers(0, 3), st.lists(st.integers(0, V), min_size=3, max_size=3))
def test_against_kneser_ney_by_dictionaries(text: list[int], order: int, context: list[int]) -> None:
    model = NgramModel.count(np.array(text), V, order)
    asked = torch.tensor([context[3 - order :]], dtype=torch.int64).view(1, order)
    found = model.probabilities(asked)[0]
    np.testing.assert_allclose(found.numpy(), kneser_ney(text, order, context), atol=1e-6)


@settings(deadline=None)
@given(TEXTS, st.integers(0, 5))
def test_rows_are_probabilities(text: list[int], order: int) -> None:
    model = NgramModel.count(np.array(text), V, order)
    contexts = torch.tensor(list(itertools.product(range(V + 1), repeat=min(order, 2))))
    contexts = torch.cat([torch.zeros(len(contexts), order - contexts.shape[1], dtype=torch.int64), contexts], dim=1)
    found = model.probabilities(contexts.view(len(contexts), order).to(torch.int64))
    assert bool((found > 0).all())
    torch.testing.assert_close(found.sum(dim=1), torch.ones(len(contexts)), atol=1e-5, rtol=0)


def test_it_learns_what_follows() -> None:
    model = NgramModel.count(np.array([0, 1, 2, 3] * 50), V, 2)
    assert model.probabilities(torch.tensor([[0, 1]]))[0].argmax() == 2
    assert float(model.probabilities(torch.tensor([[0, 1]]))[0, 2]) > 0.95
    assert model.order == 2


def test_saved_and_read_back() -> None:
    model = NgramModel.count(np.array([0, 1, 1, 3, 2, 1, 0] * 9), V, 3)
    again = NgramModel.from_tensors(model.to_tensors(), V)
    contexts = torch.tensor([[0, 1, 1], [3, 3, 3], [V, V, 0], [1, 3, 2]])
    assert torch.equal(model.probabilities(contexts), again.probabilities(contexts))
    with pytest.raises(ValueError, match="level 0 of the n-gram is damaged or of another vocabulary"):
        NgramModel.from_tensors(model.to_tensors(), 2)
    with pytest.raises(ValueError, match="the n-gram is incomplete"):
        NgramModel.from_tensors({**model.to_tensors(), "9/keys": torch.zeros(1)}, V)


def loss_of(weights: Tensor, a: Tensor, b: Tensor, targets: Tensor) -> Tensor:
    """(W, 2) exponents -> (W,) nats per token, written as -ln of a product of powers over its sum."""
    shares = a.exp() ** weights[:, :1, None] * b.exp() ** weights[:, 1:, None]  # (W, N, V)
    shares = shares / shares.sum(dim=2, keepdim=True)
    return -shares[:, torch.arange(len(targets)), targets].log().mean(dim=1)


def best_on_a_grid(a: Tensor, b: Tensor, targets: Tensor) -> tuple[float, float]:
    """The best exponents between 0 and 2 on a grid that becomes finer and finer around them."""
    centre, reach = torch.ones(2, dtype=torch.float64), 1.0
    while reach > 1e-6:
        ticks = torch.linspace(-reach, reach, 11, dtype=torch.float64)
        grid = (centre + torch.cartesian_prod(ticks, ticks)).clamp(0.0, 2.0)
        centre = grid[loss_of(grid, a, b, targets).argmin()]
        reach *= 0.5
    return float(centre[0]), float(centre[1])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("true_weights", [(0.8, 0.4), (0.1, 0.9), (1.9, 0.05)])
def test_weights_of_the_mixture_against_a_fine_grid(seed: int, true_weights: tuple[float, float]) -> None:
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.randn(400, 6, generator=generator, dtype=torch.float64).log_softmax(dim=1) for _ in range(2))
    shares = (true_weights[0] * a + true_weights[1] * b).softmax(dim=1)
    targets = torch.multinomial(shares, 1, generator=generator)[:, 0]
    found, expected = fit_weights(a, b, targets), best_on_a_grid(a, b, targets)
    assert found == pytest.approx(expected, abs=1e-5)
    weights = torch.tensor([found], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(loss_of(weights, a, b, targets).sum(), weights)
    inside = (weights[0] > 0.0) & (weights[0] < 2.0)
    assert bool((gradient[0, inside].abs() < 1e-12).all())  # the least there is, not only near it


@pytest.mark.parametrize("noise", [0.01, 0.3])
def test_weights_are_found_from_far_away(noise: float) -> None:
    """One of the two says nearly the same everywhere, the other is sure: whole steps of Newton's lead to nothing."""
    generator, size, count = torch.Generator().manual_seed(0), 300, 200
    shares = torch.randn(size, generator=generator, dtype=torch.float64)
    targets = torch.multinomial(shares.softmax(0).expand(count, size), 1, generator=generator)[:, 0]
    flat = (shares + noise * torch.randn(count, size, generator=generator, dtype=torch.float64)).log_softmax(dim=1)
    known = torch.rand(count, generator=generator) < 0.4
    guesses = torch.where(known, targets, torch.randint(size, (count,), generator=generator))
    sure = shares.repeat(count, 1)
    sure[torch.arange(count), guesses] += 5.0
    sure = sure.log_softmax(dim=1)
    assert fit_weights(flat, sure, targets) == pytest.approx(best_on_a_grid(flat, sure, targets), abs=1e-5)


def test_weights_stay_within_bounds() -> None:
    generator = torch.Generator().manual_seed(0)
    good, noise = (torch.randn(2000, 5, generator=generator, dtype=torch.float64) for _ in range(2))
    targets = torch.multinomial(good.softmax(dim=1), 1, generator=generator)[:, 0]
    bad = (noise - 0.5 * good).log_softmax(dim=1)
    good = (2 * good).log_softmax(dim=1)
    bad = (bad - 0.6 * good).log_softmax(dim=1)
    alone = best_on_a_grid(good, torch.zeros_like(good), targets)[0]
    assert fit_weights(good, bad, targets) == pytest.approx((alone, 0.0), abs=1e-5)
    assert fit_weights(bad, good, targets) == pytest.approx((0.0, alone), abs=1e-5)
    unsure = (0.1 * good).log_softmax(dim=1)
    assert fit_weights(unsure, unsure, targets) == pytest.approx((2.0, 2.0))


def test_two_of_the_same_share_the_weight() -> None:
    generator = torch.Generator().manual_seed(3)
    a = torch.randn(500, 5, generator=generator, dtype=torch.float64).log_softmax(dim=1)
    targets = torch.multinomial(a.exp(), 1, generator=generator)[:, 0]
    found = fit_weights(a, a, targets)
    assert sum(found) == pytest.approx(best_on_a_grid(a, torch.zeros_like(a), targets)[0], abs=1e-5)


def test_one_context_is_answered_as_many_are() -> None:
    generator = torch.Generator().manual_seed(0)
    text = torch.randint(0, 6, (400,), generator=generator)
    model = NgramModel.count(text.numpy(), 6, 4)
    contexts = torch.randint(0, 8, (200, 4), generator=generator)  # with ids that were never seen, and before the text
    one_by_one = torch.cat([model.probabilities(each[None]) for each in contexts])
    assert torch.equal(one_by_one, model.probabilities(contexts))
    assert torch.equal(model.probabilities(contexts[:0]), torch.empty(0, 6))
