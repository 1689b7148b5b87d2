"""Scoring a text while the network learns from it: against the same written out, and what it is good for."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from tests.factories import RAW, RAW_MODEL, character_model
from textrnn.training.dynamic import DECAY, LEAST_SIZE, RATE, SEGMENT, SIZED_SEGMENTS, dynamic_scores
from textrnn.training.mixing import held_out_scores


@pytest.mark.parametrize("name", ["LSTM", "GRU", "rnn-scratch"])
def test_against_the_equations(name: str) -> None:
    """Krause et al. 2018, equations 8 and 9, segment by segment; the network of the model stays as it is."""
    model = character_model(mixed=False, name=name)
    before = {key: value.clone() for key, value in model.network.state_dict().items()}
    train, text = model.encode(RAW), model.encode(RAW[100:] + RAW[:57])
    whole, network = dynamic_scores(model, train, text)
    assert whole == network
    assert all(torch.equal(before[key], value) for key, value in model.network.state_dict().items())

    oracle = character_model(mixed=False, name=name).network.eval()  # without dropout, as its settings are
    weights = list(oracle.parameters())

    def segments(ids, adapt):  # type: ignore[no-untyped-def]
        state, losses, seen = None, 0.0, []
        for start in range(0, len(ids) - 1, SEGMENT):
            inputs, wanted = ids[start : start + SEGMENT], ids[start + 1 : start + SEGMENT + 1]
            logits, state = oracle(inputs[None, : len(wanted)], state)
            state = tuple(part.detach() for part in state)
            loss = functional.cross_entropy(logits[0], wanted)
            losses += loss.item() * len(wanted)
            seen.append(torch.autograd.grad(loss, weights))
            adapt(seen[-1])
        return losses, seen

    _, seen = segments(train[-(SIZED_SEGMENTS * SEGMENT + 1) :], lambda gradients: None)
    sizes = [torch.stack(of_one).square().mean(dim=0).sqrt() for of_one in zip(*seen, strict=True)]
    usual = torch.cat([size.flatten() for size in sizes]).mean()
    trained = [weight.detach().clone() for weight in weights]

    def adapt(gradients):  # type: ignore[no-untyped-def]
        with torch.no_grad():
            for weight, gradient, size, start in zip(weights, gradients, sizes, trained, strict=True):
                back = DECAY * size / usual * (start - weight)
                weight += back - RATE * gradient / (size + LEAST_SIZE * usual)

    losses, _ = segments(torch.cat([torch.tensor([model.start_id]), text]), adapt)
    assert network == pytest.approx(losses / len(text), abs=1e-4)


def test_a_text_that_repeats_itself_is_learnt() -> None:
    text = RAW_MODEL.encode("the quick time traveller " * 60)
    scores = held_out_scores(RAW_MODEL, text)
    whole, network = dynamic_scores(RAW_MODEL, RAW_MODEL.encode(RAW), text)
    assert network < scores.network - 0.2
    assert whole < scores.model
    assert network != whole


def test_a_text_of_one_character_is_scored_before_it_is_learnt() -> None:
    text = RAW_MODEL.encode("t")
    scores = held_out_scores(RAW_MODEL, text)
    found = dynamic_scores(RAW_MODEL, RAW_MODEL.encode(RAW), text)
    assert found == pytest.approx((scores.model, scores.network), abs=1e-5)
