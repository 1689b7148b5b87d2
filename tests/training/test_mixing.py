"""Weighing the network against the n-gram, and what is held out, scored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from tests.factories import RAW, RAW_MODEL
from tests.factories import character_model as model
from textrnn import LanguageModel
from textrnn.errors import ArtifactError, ConfigError
from textrnn.files import load_tensors, save_tensors
from textrnn.models.language.mixture import fit_weights
from textrnn.models.language.ngram import NgramModel
from textrnn.training.mixing import fit_mixture, held_out_scores, tuning_part


def test_weights_come_from_the_part_that_neither_has_seen() -> None:
    """Position by position, from the beginning of the text each time, against what fit_mixture finds."""
    network, ids = RAW_MODEL.network.eval(), RAW_MODEL.encode(RAW)
    size, part = len(RAW_MODEL.vocabulary), slice(120, 150)
    seen = torch.cat([ids[:120], ids[150:]])
    without = NgramModel.count(seen.numpy(), size, 3)
    by_network, by_ngram = [], []
    for at in range(part.start, part.stop):
        with torch.no_grad():
            by_network.append(network(ids[None, :at])[0][0, -1].log_softmax(dim=0))
        by_ngram.append(without.probabilities(ids[None, at - 3 : at])[0].log())
    expected = fit_weights(torch.stack(by_network), torch.stack(by_ngram), ids[part])
    ngram, weights = fit_mixture(network, ids, part, 3)
    assert weights == pytest.approx(expected, abs=1e-3)
    whole = NgramModel.count(ids.numpy(), size, 3)
    contexts = ids.unfold(0, 3, 1)
    assert torch.equal(ngram.probabilities(contexts), whole.probabilities(contexts))


def test_without_such_a_part_both_weigh_the_same() -> None:
    assert fit_mixture(RAW_MODEL.network, RAW_MODEL.encode(RAW), slice(0, 0), 2)[1] == (0.5, 0.5)


@pytest.mark.parametrize("characters", [100, 7_999, 8_000, 150_000, 1_000_000, 50_000_000])
@pytest.mark.parametrize("vocabulary_size", [29, 5_000, 10_000])
def test_the_part_is_small_and_in_the_middle(characters: int, vocabulary_size: int) -> None:
    part = tuning_part(characters, vocabulary_size)
    length = part.stop - part.start
    assert length == 0 or 200 <= length <= min(20_000, characters // 40)
    assert length * vocabulary_size <= 1 << 22
    assert length == 0 or abs(part.start - (characters - part.stop)) <= 1
    assert (length == 0) == (characters < 8_000)


def test_a_long_text_is_scored_in_rows() -> None:
    held_out = RAW_MODEL.encode(RAW * 8)
    exact = held_out_scores(RAW_MODEL, held_out)
    in_rows = held_out_scores(RAW_MODEL, held_out, longest_in_one_go=1000)
    assert in_rows.blocks == exact.blocks
    for name in ("model", "network", "ngram"):
        assert getattr(in_rows, name) == pytest.approx(getattr(exact, name), abs=0.01)


def test_scores_of_a_network_alone() -> None:
    alone = model(mixed=False)
    scores = held_out_scores(alone, alone.encode(RAW))
    assert scores.ngram is None
    assert scores.model == scores.network
    inputs = torch.cat([torch.tensor([alone.start_id]), alone.encode(RAW)[:-1]])
    with torch.no_grad():
        logits = alone.network(inputs[None])[0][0]
    assert scores.network == pytest.approx(functional.cross_entropy(logits, alone.encode(RAW)).item(), abs=1e-5)


@pytest.mark.parametrize("weight", ["0.5", -0.1, 3.0, True, None, float("nan"), 10**400])
def test_weights_that_are_none(tmp_path: Path, weight: object) -> None:
    RAW_MODEL.save(tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "mixture": {"network": 0.5, "ngram": weight}}), encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"its files do not belong together \(the mixture's weight of `ngram`"):
        LanguageModel.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("2/shares", lambda t: t * torch.nan),
        ("1/backoff", lambda t: -t),
        ("2/tokens", lambda t: t[None]),
        ("3/keys", lambda t: t.flip(0)),
        ("3/keys", lambda t: t + 10**9),
        ("4/starts", lambda t: t[:-1]),
        ("4/tokens", lambda t: t + 10_000),
        ("4/tokens", None),
    ],
)
def test_a_damaged_ngram(tmp_path: Path, name: str, change) -> None:  # type: ignore[no-untyped-def]
    RAW_MODEL.save(tmp_path)
    tensors, _ = load_tensors(tmp_path / "model.safetensors")
    if change is None:
        tensors = {key: tensor for key, tensor in tensors.items() if not key.startswith("ngram/")}
    else:
        tensors[f"ngram/{name}"] = change(tensors[f"ngram/{name}"])
    save_tensors(tmp_path / "model.safetensors", tensors)
    with pytest.raises(ArtifactError, match="its files do not belong together"):
        LanguageModel.load(tmp_path)


def test_mistakes_from_python(tmp_path: Path) -> None:
    RAW_MODEL.save(tmp_path)
    with pytest.raises(ConfigError, match=r"^`device` cudda: cannot be used"):
        LanguageModel.load(tmp_path, "cudda")
    with pytest.raises(
        ConfigError, match=r"^`recipe` d3l: no such recipe; expected one of default, d2l; did you mean d2l"
    ):
        LanguageModel.train("story", recipe="d3l")
    with pytest.raises(
        ConfigError, match=r"^`seed` 1180591620717411303424: must be a whole number from 0 to 2\*\*63 - 1$"
    ):
        RAW_MODEL.generate("a", temperature=1.0, seed=2**70)
    assert len(RAW_MODEL.generate("a", 5, temperature=1e-39)) == 6


def test_an_ngram_of_order_zero() -> None:
    saved = model(mixed=False)
    saved.ngram = NgramModel.count(saved.encode(RAW).numpy(), len(saved.vocabulary), 0)
    saved.weights = (0.5, 0.5)
    assert len(saved.generate("time", 5)) == 9


def test_a_budget_with_many_short_epochs(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text(RAW * 4, encoding="utf-8")
    LanguageModel.train(path, budget=1.0, hidden_size=16, num_steps=20, save_dir=tmp_path / "s")
    metrics = json.loads((tmp_path / "s" / "t" / "lm_LSTM" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["train"]["seconds"] < 5
    assert metrics["train"]["epochs"] > 3
    assert len(metrics["train"]["perplexity_by_epoch"]) <= metrics["train"]["epochs"] + 1
