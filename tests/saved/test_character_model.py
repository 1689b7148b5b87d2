"""The saved language model: it writes, it scores, it is read back; and what is wrong is said."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import RAW, RAW_MODEL, character_model
from textrnn import LanguageModel
from textrnn.config import GenerationConfig
from textrnn.errors import ArtifactError, ConfigError
from textrnn.report.notes import words
from textrnn.saved.generation import allowed
from textrnn.training.mixing import held_out_scores

LETTERS = character_model(letters=True)
CUTS = st.lists(st.integers(0, len(RAW)), max_size=6)


@settings(deadline=None, max_examples=40)
@given(CUTS, st.booleans())
def test_the_score_of_the_pieces_is_that_of_the_whole(cuts: list[int], letters: bool) -> None:
    saved = LETTERS if letters else RAW_MODEL
    whole = saved.score(RAW)
    borders = [0, *sorted(cuts), len(RAW)]
    carried, pieces = None, []
    for start, end in itertools.pairwise(borders):
        pieces.append(saved.score(RAW[start:end], carried))
        carried = pieces[-1].carried
    assert "".join(piece.text for piece in pieces) == whole.text
    assert sum(piece.characters for piece in pieces) == whole.characters
    assert math.fsum(piece.nats for piece in pieces) == pytest.approx(whole.nats, abs=1e-3)
    np.testing.assert_allclose(np.concatenate([piece.losses for piece in pieces]), whole.losses, atol=1e-4)


def test_scores_are_those_of_the_probabilities() -> None:
    score = RAW_MODEL.score("time")
    ids = [RAW_MODEL.start_id, *RAW_MODEL.encode("time").tolist()]
    assert RAW_MODEL.vocabulary.tokens[ids[0]] == "\n"
    with torch.no_grad():
        logits = RAW_MODEL.model(torch.tensor([ids[:-1]]))[0][0].double()
    probabilities = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    expected = -np.log([probabilities[i, ids[i + 1]].item() for i in range(4)])
    np.testing.assert_allclose(score.losses, expected, atol=1e-5)
    assert score.nats_per_char == pytest.approx(expected.mean())
    assert score.bits_per_char == pytest.approx(expected.mean() / math.log(2))
    assert score.perplexity == pytest.approx(math.exp(expected.mean()))


def test_nothing_to_score() -> None:
    score = RAW_MODEL.score("")
    assert (score.characters, score.nats, score.surprising()) == (0, 0.0, [])
    assert math.isnan(score.nats_per_char)


def test_surprising_passages_do_not_overlap() -> None:
    score = RAW_MODEL.score(RAW)
    passages = score.surprising(4, 20)
    starts = sorted(start for start, _, _ in passages)
    assert len(starts) == 4
    assert all(later - sooner >= 20 for sooner, later in itertools.pairwise(starts))
    start, passage, nats = passages[0]
    assert passage == score.text[start : start + 20]
    windows = [score.losses[i : i + 20].mean() for i in range(len(score.losses) - 19)]
    assert nats == pytest.approx(max(windows))


def test_greedy_takes_the_likeliest() -> None:
    text = "time"
    for _ in range(5):
        ids = torch.tensor([[RAW_MODEL.start_id, *RAW_MODEL.encode(text).tolist()]])
        with torch.no_grad():
            logits = RAW_MODEL.model(ids)[0][0, -1]
        text += RAW_MODEL.vocabulary.tokens[int(logits[2:].argmax()) + 2]
    assert RAW_MODEL.generate("time", 5) == text


def test_drawing_is_seeded() -> None:
    draws = [RAW_MODEL.generate("t", 40, temperature=1.0, seed=seed) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_an_empty_prefix_and_an_empty_continuation() -> None:
    assert len(RAW_MODEL.generate("", 30)) == 30
    assert RAW_MODEL.generate("time", 0) == "time"
    assert len(list(LETTERS.stream("", GenerationConfig(length=700)))) == 700


LOGITS = st.lists(st.floats(-5, 5), min_size=1, max_size=9)


@settings(deadline=None)
@given(LOGITS, st.floats(0.1, 3), st.integers(1, 10), st.floats(0.01, 1))
def test_what_may_be_drawn(logits: list[float], temperature: float, top_k: int, top_p: float) -> None:
    values = torch.tensor(logits, dtype=torch.float64)
    plain = (values / temperature).softmax(dim=0)
    torch.testing.assert_close(allowed(values, GenerationConfig(temperature=temperature)), plain)
    by_k = allowed(values, GenerationConfig(temperature=temperature, top_k=top_k))
    assert int((by_k > 0).sum()) == min(top_k, len(logits))
    assert float(values[by_k > 0].min()) >= float(values.topk(min(top_k, len(logits))).values.min()) - 1e-9
    by_p = allowed(values, GenerationConfig(temperature=temperature, top_p=top_p))
    assert float(by_p.sum()) == pytest.approx(1.0)
    kept = float(plain[by_p > 0].sum())
    assert kept >= top_p - 1e-9
    assert kept - float(plain[by_p > 0].min()) < top_p + 1e-9  # without the least of them it would not be enough


@settings(deadline=None)
@given(LOGITS, st.floats(0.1, 3), st.floats(0.01, 1))
def test_typical_characters_may_be_drawn(logits: list[float], temperature: float, typical_p: float) -> None:
    """One by one from the nearest to the entropy, against what is kept."""
    values = torch.tensor(logits, dtype=torch.float64)
    plain = (values / temperature).softmax(dim=0)
    found = allowed(values, GenerationConfig(temperature=temperature, typical_p=typical_p))
    assert float(found.sum()) == pytest.approx(1.0)
    entropy = -sum(p * math.log(p) for p in plain.tolist())
    away = [abs(-math.log(p) - entropy) for p in plain.tolist()]
    kept = (found > 0).tolist()
    share = sum(p for p, is_kept in zip(plain.tolist(), kept, strict=True) if is_kept)
    assert share >= typical_p - 1e-9
    farthest = max(range(len(away)), key=lambda i: away[i] if kept[i] else -1.0)
    assert share - plain[farthest] < typical_p + 1e-9
    assert all(is_kept or far >= away[farthest] - 1e-9 for far, is_kept in zip(away, kept, strict=True))
    torch.testing.assert_close(found, plain * torch.tensor(kept) / share)


def test_a_wide_beam_finds_the_likeliest_of_all() -> None:
    """Against every continuation there is, scored one by one."""
    tokens = RAW_MODEL.vocabulary.tokens[2:]
    every = {a + b: RAW_MODEL.score(f"time{a}{b}").nats for a in tokens for b in tokens}
    best = min(every, key=lambda text: every[text])
    assert RAW_MODEL.generate("time", 2, beam=100) == "time" + best
    assert RAW_MODEL.generate("time", 30, beam=1) == RAW_MODEL.generate("time", 30)


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
@pytest.mark.parametrize("mixed", [True, False])
def test_a_beam_tells_how_probable_its_characters_are(name: str, mixed: bool) -> None:
    saved = character_model(name=name, mixed=mixed)
    found = list(saved.stream_surprise("time", GenerationConfig(length=25, beam=4)))
    text = "".join(character for character, _ in found)
    assert len(text) == 25
    losses = saved.score("time" + text + ".").losses[4:-1]
    np.testing.assert_allclose([nats for _, nats in found], losses, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"typical_p": 1.5}, "`typical_p` 1.5: must be at most 1.0"),
        ({"beam": 0}, "`beam` 0: must be at least 1"),
        ({"beam": 3, "top_p": 0.5}, "`beam` 3: nothing is drawn with it; expected no `top_p` beside it"),
        ({"temperature": 0.0}, "`temperature` 0.0: must be above 0.0"),
        ({"temperature": -1.0}, "`temperature` -1.0: must be above 0.0"),
        ({"temperature": math.nan}, "`temperature` nan: expected a finite number"),
        ({"top_p": 0.0}, "`top_p` 0.0: must be above 0.0"),
        ({"top_p": 1.5}, "`top_p` 1.5: must be at most 1.0"),
        ({"top_k": 0}, "`top_k` 0: must be at least 1"),
        ({"length": -1}, "`length` -1: must be at least 0"),
    ],
)
def test_values_out_of_bounds(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RAW_MODEL.generate("a", **settings)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_characters_that_were_never_seen() -> None:
    body, notes = RAW_MODEL.read_prefix("tim€ é")
    assert body == "tim€ é"
    assert list(map(words, notes)) == ["the model never saw 'é', '€'; read as an unknown character"]
    assert len(RAW_MODEL.generate("tim€ é", 10)) == 16
    body, notes = LETTERS.read_prefix("Time 2 时")
    assert body == "time "
    assert list(map(words, notes)) == ["this model reads letters from a to z only; '2', '时' read as a space"]


def test_a_prefix_of_a_megabyte() -> None:
    with pytest.raises(ConfigError) as caught:
        RAW_MODEL.generate("a" * 1_000_000)
    assert str(caught.value) == (
        "`predict`: a prefix of 1,000,000 characters; expected at most 100,000: give its end, what stands further back "
        "no longer tells"
    )


@pytest.mark.parametrize("name", ["LSTM", "GRU", "rnn-scratch"])
@pytest.mark.parametrize("mixed", [True, False])
def test_saved_and_loaded(tmp_path: Path, name: str, mixed: bool) -> None:
    saved = character_model(name=name, mixed=mixed)
    saved.save(tmp_path / "m")
    loaded = LanguageModel.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.score(RAW).losses, saved.score(RAW).losses)
    assert loaded.generate("time", 30) == saved.generate("time", 30)
    assert loaded.settings == saved.settings
    loaded.save(tmp_path / "n")
    for file in ("model.safetensors", "vocab.json", "config.json"):
        assert (tmp_path / "m" / file).read_bytes() == (tmp_path / "n" / file).read_bytes()


def test_folders_that_are_no_language_model(tmp_path: Path) -> None:
    RAW_MODEL.save(tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())

    def message() -> str:
        with pytest.raises(ArtifactError) as caught:
            LanguageModel.load(tmp_path)
        return str(caught.value)

    path.write_text(json.dumps({**config, "task": "classify"}))
    assert message() == (
        f"{path}: a model for the task classify; expected one for lm: name its folder with `save_dir`, or train one"
    )
    path.write_text(json.dumps({**config, "format_version": 99}))
    assert message().startswith(f"{path}: format version 99; expected 2 or older")
    path.write_text(json.dumps({**config, "hyper_parameters": {**config["hyper_parameters"], "hidden_size": 5}}))
    assert message().startswith(f"{tmp_path}: its files do not belong together")
    path.write_text(json.dumps({key: value for key, value in config.items() if key != "mixture"}))
    assert message().startswith(f"{tmp_path}: its files do not belong together ('mixture')")
    with pytest.raises(ArtifactError, match=r"config\.json: no such file; expected a folder that training wrote"):
        LanguageModel.load(tmp_path / "nowhere")


def test_held_out_scores_are_those_of_the_parts() -> None:
    held_out = RAW_MODEL.encode(RAW * 2)
    scores = held_out_scores(RAW_MODEL, held_out)
    assert scores.model == pytest.approx(RAW_MODEL.score(RAW * 2).nats_per_char, abs=1e-5)
    alone = character_model(mixed=False)
    assert scores.network == pytest.approx(alone.score(RAW * 2).nats_per_char, abs=1e-5)
    whole = len(held_out) // 256 * 256
    text = (RAW * 2)[:whole]
    before = ["\n", *text[255::256]]  # the character that each block is begun with
    losses = 0.0
    for block, first in enumerate(before[: whole // 256]):
        carried = RAW_MODEL.score("").carried
        begun = type(carried)(carried.reader, int(RAW_MODEL.encode(first)[0]), None)
        losses += RAW_MODEL.score(text[block * 256 : (block + 1) * 256], begun).nats
    assert scores.blocks == pytest.approx(losses / whole, abs=1e-4)
