"""What single models promise beyond the contract: attention weights, positions, pyramids, against plain
calculations."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from textrnn.errors import ConfigError
from textrnn.models.classifiers import bilstm_att, bilstm_ngram, dpcnn, textcnn, transformer
from textrnn.models.parts.layers import valid_mask


def test_attention_weights_are_shares_of_the_tokens() -> None:
    torch.manual_seed(0)
    model = bilstm_att.Model(vocabulary_size=20, class_count=3, **bilstm_att.Config(hidden_size=4).to_dict())
    lengths = torch.tensor([5, 1, 3])
    states = torch.randn(3, 5, 8)
    weights = model.attention_weights(states, valid_mask(lengths, 5))
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(3))
    assert (weights[~valid_mask(lengths, 5)] == 0).all()
    scores = [math.exp((torch.tanh(states[2, t]) @ model.attention.weight[0]).item()) for t in range(3)]
    torch.testing.assert_close(weights[2, :3], torch.tensor(scores) / sum(scores))


def test_positions_by_hand() -> None:
    """Vaswani et al. 2017, section 3.5: sin(pos / 10000^(2i/H)) in the even places, cos in the odd ones."""
    found = transformer.sinusoids(3, 4, torch.zeros(1))
    for position in range(3):
        for i in range(2):
            angle = position / 10_000 ** (2 * i / 4)
            assert found[position, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert found[position, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


def test_a_transformer_layer_against_torchs() -> None:
    torch.manual_seed(0)
    ours = transformer._Layer(8, 2, 0.0).eval()
    theirs = nn.TransformerEncoderLayer(8, 2, 32, 0.0, "gelu", batch_first=True, norm_first=True).eval()
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(ours.projections.weight)
        theirs.self_attn.in_proj_bias.zero_()
        for mine, other in (
            (ours.attended, theirs.self_attn.out_proj),
            (ours.expand, theirs.linear1),
            (ours.contract, theirs.linear2),
            (ours.before_attention, theirs.norm1),
            (ours.before_network, theirs.norm2),
        ):
            other.weight.copy_(mine.weight)
            other.bias.copy_(mine.bias)
    states, mask = torch.randn(3, 6, 8), valid_mask(torch.tensor([6, 2, 4]), 6)
    expected = theirs(states, src_key_padding_mask=~mask)
    torch.testing.assert_close(ours(states, mask)[mask], expected[mask], atol=1e-5, rtol=1e-5)


def test_the_pyramid_halves_until_one_step_is_left() -> None:
    states, lengths = torch.arange(7.0).view(1, 7, 1), torch.tensor([7])
    found = []
    while int(lengths[0]) > 1:
        states, lengths = dpcnn._halved(states, valid_mask(lengths, states.shape[1]), lengths)
        found.append(states[0, : int(lengths[0]), 0].tolist())
    assert found == [[2.0, 4.0, 6.0, 6.0], [6.0, 6.0], [6.0]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_size": 30, "num_heads": 4}, "`hidden_size` 30: must be even and a multiple of `num_heads` (4)"),
        ({"hidden_size": 9, "num_heads": 3}, "`hidden_size` 9: must be even and a multiple of `num_heads` (3)"),
    ],
)
def test_heads_that_do_not_divide(settings: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        transformer.Config(**settings)
    assert str(caught.value) == message


def test_filters_the_wrong_way_round() -> None:
    with pytest.raises(ConfigError) as caught:
        textcnn.Config(narrowest_filter=4, widest_filter=3)
    assert str(caught.value) == "`narrowest_filter` 4: must be at most `widest_filter` (3)"


def test_what_lies_beyond_the_steps_is_read_by_the_ngrams_alone() -> None:
    torch.manual_seed(0)
    config = bilstm_ngram.Config(hidden_size=4, max_steps=3)
    model = bilstm_ngram.Model(vocabulary_size=20, class_count=3, **config.to_dict()).eval()
    text, other = torch.tensor([[2, 3, 4, 5, 6]]), torch.tensor([[2, 3, 4, 7, 8]])
    lengths = torch.tensor([5])
    assert torch.equal(model(text, lengths), model(other, lengths))  # it knows no n-grams
    model.learn_statistics(torch.tensor([2, 3, 4, 5, 6]), torch.tensor([0, 5]))
    nn.init.normal_(model.ngrams.table.weight)
    assert not torch.allclose(model(text, lengths), model(other, lengths))
