"""Votes of windows, against the likelihood that they are derived from."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.models.parts.window_votes import EXCESS, WindowVotes


def voting(features: int, classes: int) -> WindowVotes:
    torch.manual_seed(0)
    return WindowVotes(features, classes).double()


@given(excess=st.floats(0.05, 5.0), windows=st.integers(1, 30), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_the_sums_are_the_likelihood_of_a_mixture(excess: float, windows: int, seed: int) -> None:
    """A text is drawn word by word: with a chance from its own class, else from all of them alike."""
    classes, words = 3, 7
    generator = torch.Generator().manual_seed(seed)
    of_class = torch.rand(classes, words, generator=generator, dtype=torch.float64)
    of_class /= of_class.sum(dim=1, keepdim=True)
    usual = of_class.mean(dim=0)
    own = excess / (1 + excess)
    drawn = torch.randint(words, (windows,), generator=generator)
    likelihood = torch.stack([(own * each + (1 - own) * usual)[drawn].log().sum() for each in of_class])

    votes = WindowVotes(classes, classes).double()
    with torch.no_grad():
        votes.excess.fill_(math.log(math.expm1(excess * classes)))
        torch.nn.init.eye_(votes.classes.weight)
        votes.classes.bias.zero_()
    found = votes(votes.votes(of_class[:, drawn].log().T), torch.arange(windows), 1, windows).features(windows)[0]
    # But for what is the same for all classes.
    torch.testing.assert_close(found - found.mean(), likelihood - likelihood.mean())


def test_votes_have_bounds() -> None:
    votes = voting(4, 5)
    torch.nn.init.normal_(votes.classes.weight)
    found = votes.votes(1000 * torch.randn(50, 4, dtype=torch.float64)).detach()
    most = math.log1p(EXCESS * 5)
    assert float(found.min()) >= 0.0
    assert float(found.max()) == pytest.approx(most, rel=1e-6)


def test_one_window_decides_among_those_that_say_nothing() -> None:
    votes = voting(2, 2)
    with torch.no_grad():
        torch.nn.init.eye_(votes.classes.weight)
        votes.classes.bias.zero_()
    features = torch.zeros(1000, 2, dtype=torch.float64)
    features[357, 1] = 9.0
    found = votes(votes.votes(features), torch.arange(1000), 1, 1000).features(1000)[0].detach()
    assert float(found[1] - found[0]) == pytest.approx(math.log1p(2 * EXCESS), abs=1e-3)


def test_texts_of_more_windows_than_are_learnt_from() -> None:
    votes = voting(3, 4)
    cast = votes.votes(torch.randn(12, 3, dtype=torch.float64))
    places = torch.cat([torch.arange(9), 9 + torch.arange(3)])  # a text of nine windows and one of three
    found = votes(cast, places, 2, 9).features(4)
    torch.testing.assert_close(found[0], cast[:9].sum(dim=0) * math.sqrt(4 / 9))
    torch.testing.assert_close(found[1], cast[9:].sum(dim=0))
    torch.testing.assert_close(votes.weights(torch.zeros(9), 4), torch.full((9,), math.sqrt(4 / 9)))
    torch.testing.assert_close(votes.weights(torch.zeros(3), 4), torch.ones(3))


def test_chunks_add_up() -> None:
    votes = voting(3, 4)
    cast = votes.votes(torch.randn(5, 3, dtype=torch.float64))
    whole = votes(cast, torch.arange(5), 1, 5).features(3)
    parts = votes(cast[:2], torch.arange(2), 1, 2).joined(votes(cast[2:], torch.arange(3), 1, 3))
    torch.testing.assert_close(parts.features(3), whole)


def test_what_stands_beside_has_no_say_at_first() -> None:
    """A preference by chance would be there in every window, and add up."""
    torch.manual_seed(0)
    votes, features = WindowVotes(4, 5, beside=3), torch.randn(60, 7)
    features[:, 4:] *= 100
    others = features.clone()
    others[:, 4:] = 0.0
    assert torch.equal(votes.votes(features), votes.votes(others))
    assert float((votes.votes(features).amax(dim=1) - votes.votes(features).amin(dim=1)).detach().min()) > 0
