"""What every registered language model must hold, and the mixture of one with an n-gram, too."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from textrnn.files import load_tensors, save_tensors
from textrnn.models.language.base import LanguageModelNetwork, RecurrentLanguageModel
from textrnn.models.language.mixture import NgramMixture, NgramNetwork
from textrnn.models.language.ngram import NgramModel
from textrnn.models.registry import ModelEntry, all_models

VOCABULARY = 17
MODELS = all_models("lm")
every_model = pytest.mark.parametrize("entry", MODELS.values(), ids=MODELS)


def build(entry: ModelEntry, *, seed: int = 0, **settings: object) -> RecurrentLanguageModel:
    torch.manual_seed(seed)
    config = entry.config_class.from_dict({"embedding_size": 6, "hidden_size": 8, **settings}).fitted_to(100)
    model: RecurrentLanguageModel = entry.build(config, vocabulary_size=VOCABULARY)
    return model


def ids(rows: int, steps: int, seed: int = 1) -> Tensor:
    return torch.randint(2, VOCABULARY, (rows, steps), generator=torch.Generator().manual_seed(seed))


def answering(kind: str) -> LanguageModelNetwork:
    network = build(MODELS["LSTM"], num_layers=2).eval()
    ngram = NgramModel.count(ids(1, 300)[0].numpy(), VOCABULARY, 3)
    return {"network": network, "ngram": NgramNetwork(ngram), "mixture": NgramMixture(network, ngram, (0.6, 0.3))}[kind]


def test_all_six_are_there() -> None:
    assert {"LSTM", "GRU", "RNN", "lstm-scratch", "gru-scratch", "rnn-scratch"} <= set(MODELS)


@every_model
@pytest.mark.parametrize(
    "settings",
    [{}, {"embedding_size": 0}, {"num_layers": 2}, {"tied": True}, {"tied": True, "embedding_size": 8}],
    ids=["embedded", "one-hot", "two layers", "tied", "tied, equal sizes"],
)
def test_shapes_and_gradients(entry: ModelEntry, settings: dict[str, object]) -> None:
    model = build(entry, **settings)
    logits, state = model(ids(3, 5))
    assert logits.shape == (3, 5, VOCABULARY)
    assert logits.dtype == torch.float32
    assert all(len(part) == 3 for part in state)
    functional.cross_entropy(logits.flatten(0, 1), ids(3, 5, 2).flatten()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().sum()) > 0, name


@every_model
def test_carried_state_is_as_if_never_cut(entry: ModelEntry) -> None:
    model, tokens = build(entry, num_layers=2).eval(), ids(2, 9)
    whole, after = model(tokens)
    first, state = model(tokens[:, :4])
    second, end = model(tokens[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, atol=1e-6, rtol=1e-5)
    for part, expected in zip(end, after, strict=True):
        torch.testing.assert_close(part, expected, atol=1e-6, rtol=1e-5)


@every_model
def test_the_past_only(entry: ModelEntry) -> None:
    model, tokens = build(entry).eval(), ids(2, 9)
    changed = tokens.clone()
    changed[:, 6] = (changed[:, 6] + 1 - 2) % (VOCABULARY - 2) + 2
    before, after = model(tokens)[0], model(changed)[0]
    assert torch.equal(before[:, :6], after[:, :6])
    assert not torch.allclose(before[:, 6:], after[:, 6:])


@every_model
def test_rows_do_not_touch(entry: ModelEntry) -> None:
    model, tokens = build(entry).eval(), ids(3, 6)
    alone = torch.cat([model(row[None])[0] for row in tokens])
    torch.testing.assert_close(model(tokens)[0], alone, atol=1e-6, rtol=1e-5)


@every_model
def test_save_and_load(entry: ModelEntry, tmp_path: Path) -> None:
    model, again = (build(entry, seed=seed, tied=True).eval() for seed in (0, 1))
    save_tensors(tmp_path / "m", model.state_dict())
    again.load_state_dict(load_tensors(tmp_path / "m")[0])
    assert torch.equal(model(ids(2, 5))[0], again(ids(2, 5))[0])


@every_model
def test_a_short_text_can_be_learnt_by_heart(entry: ModelEntry) -> None:
    model = build(entry, hidden_size=32, dropout=0.0, embedding_dropout=0.0)
    tokens = ids(1, 40)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(120):
        loss = functional.cross_entropy(model(tokens[:, :-1])[0][0], tokens[0, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_written_out_and_fused_are_the_same_model(name: str) -> None:
    fused, written = build(MODELS[name.upper()]).eval(), build(MODELS[f"{name}-scratch"], seed=5).eval()
    written.load_state_dict(fused.state_dict())
    torch.testing.assert_close(fused(ids(2, 7))[0], written(ids(2, 7))[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["network", "ngram", "mixture"])
def test_whatever_answers_can_be_cut_anywhere(kind: str) -> None:
    model, tokens = answering(kind), ids(2, 11)
    with torch.no_grad():
        whole, _ = model(tokens)
        state, parts = None, []
        for start, end in ((0, 1), (1, 2), (2, 7), (7, 11)):
            part, state = model(tokens[:, start:end], state)
            parts.append(part)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, atol=1e-5, rtol=1e-5)


def test_locked_dropout_is_the_same_at_every_step() -> None:
    from textrnn.models.parts.layers import locked_dropout

    torch.manual_seed(0)
    values = locked_dropout(torch.ones(6, 50, 40), 0.3, True)
    assert torch.equal(values, values[:1].expand_as(values))
    torch.testing.assert_close(values.unique(), torch.tensor([0.0, 1 / 0.7]))
    assert 0.6 < float((values[0] > 0).float().mean()) < 0.8
    assert torch.equal(locked_dropout(torch.ones(2, 3, 4), 0.3, False), torch.ones(2, 3, 4))


@every_model
@pytest.mark.parametrize("settings", [{}, {"tied": True}], ids=["untied", "tied"])
def test_a_network_that_expects_shares_answers_with_them(entry: ModelEntry, settings: dict[str, object]) -> None:
    model = build(entry, **settings).eval()
    counts = torch.randint(0, 50, (VOCABULARY,), generator=torch.Generator().manual_seed(2))
    model.expect_shares(counts)
    expected = (counts + 0.5) / (counts.sum() + 0.5 * VOCABULARY)
    torch.testing.assert_close(model.output_bias.softmax(dim=0), expected)
