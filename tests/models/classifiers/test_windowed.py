"""Long texts read in windows, of every model that does so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.models.classifiers import test_contract
from tests.models.classifiers.test_contract import build, texts
from textrnn.models.classifiers import windowed
from textrnn.models.classifiers.windowed import WindowedClassifier
from textrnn.models.parts import ngram_bag, piece_bag, tfidf_bag
from textrnn.models.registry import ModelEntry, all_models
from textrnn.models.window_shares import tokens_of_windows, window_shares

WINDOWED = [entry for entry in all_models().values() if "window" in {field.name for field in entry.fields}]
every_windowed = pytest.mark.parametrize("entry", WINDOWED, ids=lambda entry: entry.name)
every_pooling = pytest.mark.parametrize("pooling", ["attention", "votes"])


def network_of(entry: ModelEntry, **given: object) -> WindowedClassifier:
    found = build(entry, **given).eval()
    assert isinstance(found, WindowedClassifier)
    if found.window_votes is not None:
        torch.nn.init.normal_(found.classifier.weight)
        torch.nn.init.normal_(found.window_votes.classes.weight)
    if found.window_attention is not None:
        torch.nn.init.normal_(found.window_attention.weight)
    return found


def test_all_recurrent_models_read_in_windows() -> None:
    assert {entry.name for entry in WINDOWED} == {
        "BiLSTM_Att", "BiLSTM_LN", "BiLSTM_Ngram", "GRU", "LSTM", "RNN", "TextRCNN"
    }  # fmt: skip
    assert {entry.pad_size for entry in WINDOWED} == {0}


@every_windowed
@pytest.mark.parametrize(
    "held",
    [
        test_contract.test_batched_equals_one_by_one,
        test_contract.test_padding_changes_nothing,
        test_contract.test_padding_gets_no_gradient,
        test_contract.test_order_matters,
        test_contract.test_a_gradient_reaches_every_parameter,
        test_contract.test_single_tokens_and_unknowns_only,
        test_contract.test_dropout_only_while_training,
    ],
    ids=lambda held: held.__name__.removeprefix("test_"),
)
def test_what_every_classifier_does(
    entry: ModelEntry, held: Callable[[ModelEntry], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where windows vote."""

    def voting(entry: ModelEntry, **given: object) -> WindowedClassifier:
        found = build(entry, window=4, window_pooling="votes", **given)
        assert isinstance(found, WindowedClassifier)
        assert found.window_votes is not None
        torch.nn.init.normal_(found.window_votes.classes.weight)  # at first, they prefer no class
        return found

    monkeypatch.setattr(test_contract, "build", voting)
    held(entry)


@every_windowed
def test_one_window_is_the_text_read_whole(entry: ModelEntry) -> None:
    whole, in_windows = network_of(entry, window=0), network_of(entry, window=9)
    in_windows.load_state_dict(whole.state_dict(), strict=False)
    assert torch.equal(in_windows(*texts([5, 9, 1])), whole(*texts([5, 9, 1])))
    assert whole.window_attention is None  # what older versions saved has none


@every_windowed
def test_several_windows_are_pooled(entry: ModelEntry) -> None:
    network = network_of(entry, window=4, normalise_windows=True)
    token_ids, lengths = texts([10])
    alone = [network.parts_of_windows(token_ids[:, a:b], torch.tensor([b - a])) for a, b in ((0, 4), (4, 8), (8, 10))]
    attention = network.window_attention
    assert attention is not None
    expected = attention(torch.cat(alone), torch.arange(3), 1, 3).features(network.max_windows)
    torch.testing.assert_close(network.pooled_features(token_ids, lengths), expected)


@every_windowed
@every_pooling
def test_chunks_change_nothing(entry: ModelEntry, pooling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of(entry, window=4, window_pooling=pooling)
    inputs = texts([70, 3, 33])
    expected = network(*inputs)
    monkeypatch.setattr(windowed, "CHUNK_TOKENS", 24)
    for module in (tfidf_bag, ngram_bag, piece_bag):
        monkeypatch.setattr(module, "CHUNK", 16)
    with torch.no_grad():
        torch.testing.assert_close(network(*inputs), expected)


@every_windowed
def test_the_votes_of_windows_add_up(entry: ModelEntry) -> None:
    network = network_of(entry, window=4, max_windows=5, window_pooling="votes")
    assert network.window_votes is not None
    for length, windows in ((3, 1), (10, 3), (30, 8)):
        token_ids, lengths = texts([length])
        shares = [
            network.window_votes.classes(network.voting_features(ids, torch.tensor([ids.shape[1]]))).softmax(dim=1)
            for ids in token_ids.split(4, dim=1)
        ]
        excess = functional.softplus(network.window_votes.excess)
        votes = torch.stack([(1 + excess * share).log() for share in shares]).sum(dim=0)
        expected = votes * min(1.0, (5 / windows) ** 0.5)
        torch.testing.assert_close(network.text_features(token_ids, lengths), expected)


@every_windowed
@every_pooling
def test_a_gradient_reaches_what_long_texts_add(entry: ModelEntry, pooling: str) -> None:
    network = network_of(entry, window=4, normalise_windows=True, window_pooling=pooling)
    functional.cross_entropy(network(*texts([30, 9])), torch.tensor([0, 3])).backward()
    for name, parameter in network.named_parameters():
        if name.startswith("window_"):
            assert parameter.grad is not None
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("name", ["LSTM", "BiLSTM_Ngram"])
@every_pooling
def test_a_million_tokens_in_bounded_memory(name: str, pooling: str) -> None:
    """No layer gives more at once than it makes of a chunk."""
    network = network_of(
        all_models()[name], window=256, hidden_size=2, embedding_size=2, ngram_size=2, window_pooling=pooling
    )
    given: list[int] = []
    for module in network.modules():
        module.register_forward_hook(lambda _, __, out: given.append(out.numel() if isinstance(out, Tensor) else 0))
    token_ids = torch.randint(2, 50, (1, 1_000_000), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.isfinite(network(token_ids, torch.tensor([1_000_000]))).all()
    assert 0 < max(given) <= 4 * windowed.CHUNK_TOKENS


@every_windowed
@every_pooling
def test_shares_of_windows_add_up(entry: ModelEntry, pooling: str) -> None:
    network = network_of(entry, window=4, max_windows=5, normalise_windows=True, window_pooling=pooling)
    token_ids, lengths = texts([30])
    shares = window_shares(network, (token_ids, lengths), 1, 3)
    logits = network(token_ids, lengths)[0].detach()
    assert shares.difference == pytest.approx(float(logits[1] - logits[3]), abs=1e-4)
    assert shares.baseline + float(shares.contributions.sum()) == pytest.approx(shares.difference, abs=1e-4)
    assert len(shares.weights) == 8
    chosen = shares.strongest(3)
    found = tokens_of_windows(network, token_ids[0], shares, chosen, 1, 3, rounds=3)
    for place, window in enumerate(chosen):
        at = shares.tokens_of(window)
        whole = shares.weights[window] * (found.difference[place] - found.baseline[place]) + shares.beside[at].sum()
        assert float(whole.detach()) == pytest.approx(float(shares.contributions[window]), abs=1e-4)
