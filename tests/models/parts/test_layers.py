from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from textrnn.models.parts.layers import (
    MaskedConvolution,
    RecurrentEncoder,
    TokenEmbedding,
    dropout,
    initialise_recurrence,
    last_step,
    make_pooling,
    max_over_time,
    mean_over_time,
    reversal_index,
    set_precision,
    valid_mask,
)


def packed_oracle(
    encoder: RecurrentEncoder, cell: type[nn.RNNBase], inputs: torch.Tensor, lengths: torch.Tensor
) -> torch.Tensor:
    """What PyTorch's own bidirectional layer makes of the packed sequence with the same weights."""
    bidirectional = len(encoder.layers[0]) == 2
    hidden = encoder.output_size // (2 if bidirectional else 1)
    theirs = cell(
        inputs.shape[2], hidden, num_layers=len(encoder.layers), bidirectional=bidirectional, batch_first=True
    )
    weights = {}
    for depth, directions in enumerate(encoder.layers):
        for suffix, direction in zip(("", "_reverse"), directions, strict=False):
            for name, parameter in direction.named_parameters():
                weights[name.replace("_l0", f"_l{depth}") + suffix] = parameter.detach()
    theirs.load_state_dict(weights)
    packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
    states, _ = pad_packed_sequence(theirs(packed)[0], batch_first=True, total_length=inputs.shape[1])
    return states


@pytest.mark.parametrize("cell", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("bidirectional", [False, True])
@settings(max_examples=15, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    layers=st.integers(1, 3),
    hidden=st.integers(1, 6),
    seed=st.integers(0, 1000),
)
def test_encoder_equals_packed_pytorch_layers(
    cell: type[nn.RNNBase], bidirectional: bool, lengths: list[int], layers: int, hidden: int, seed: int
) -> None:
    torch.manual_seed(seed)
    encoder = RecurrentEncoder(cell, 3, hidden, num_layers=layers, bidirectional=bidirectional, dropout=0.5).eval()
    inputs, length = torch.randn(len(lengths), max(lengths), 3), torch.tensor(lengths)
    mask = valid_mask(length, inputs.shape[1])
    expected = packed_oracle(encoder, cell, inputs, length)
    torch.testing.assert_close(encoder(inputs, length)[mask], expected[mask], atol=1e-6, rtol=1e-5)


def test_reversal_index_turns_each_row_within_its_length() -> None:
    assert reversal_index(torch.tensor([3, 1, 4]), 4).tolist() == [[2, 1, 0, 3], [0, 1, 2, 3], [3, 2, 1, 0]]


def test_poolings_by_hand() -> None:
    states = torch.tensor([[[1.0, -5.0], [3.0, -7.0], [99.0, 99.0]], [[2.0, 4.0], [6.0, 2.0], [1.0, 3.0]]])
    mask = valid_mask(torch.tensor([2, 3]), 3)
    for name, expected in {"max": [[3, -5], [6, 4]], "mean": [[2, -6], [3, 3]], "last": [[3, -7], [1, 3]]}.items():
        assert make_pooling(name, bidirectional=False)(states, mask).tolist() == expected
    assert make_pooling("last", bidirectional=True)(states, mask).tolist() == [[3, -5], [1, 4]]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_last_pooling_is_the_final_state_of_pytorch(bidirectional: bool) -> None:
    torch.manual_seed(0)
    encoder = RecurrentEncoder(nn.GRU, 3, 4, num_layers=1, bidirectional=bidirectional, dropout=0.0)
    inputs, lengths = torch.randn(3, 7, 3), torch.tensor([7, 2, 5])
    pooled = make_pooling("last", bidirectional=bidirectional)(encoder(inputs, lengths), valid_mask(lengths, 7))
    packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
    final_states = [direction(packed)[1][0] for direction in list(encoder.layers[0])[:1]]
    if bidirectional:
        mirrored = inputs.gather(1, reversal_index(lengths, 7)[:, :, None].expand_as(inputs))
        again = pack_padded_sequence(mirrored, lengths, batch_first=True, enforce_sorted=False)
        final_states.append(encoder.layers[0][1](again)[1][0])
    torch.testing.assert_close(pooled, torch.cat(final_states, dim=1))


def test_initialisation() -> None:
    layer = nn.LSTM(4, 6)
    initialise_recurrence(layer)
    for gate in layer.weight_hh_l0.split(6):
        torch.testing.assert_close(gate @ gate.T, torch.eye(6), atol=1e-5, rtol=0)
    assert layer.bias_ih_l0[6:12].tolist() == [1.0] * 6
    assert layer.bias_ih_l0[:6].abs().sum() == layer.bias_hh_l0.abs().sum() == 0


@pytest.mark.parametrize("share", [0.1, 0.4, 0.5])
def test_dropout_zeroes_its_share_and_keeps_the_mean(share: float) -> None:
    torch.manual_seed(0)
    values = torch.ones(301, 999, requires_grad=True)
    dropped = dropout(values, share, training=True)
    exact = round(share * 256) / 256
    assert (dropped == 0).float().mean().item() == pytest.approx(exact, abs=0.005)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.01)
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / (1 - exact)])
    dropped.sum().backward()
    torch.testing.assert_close(values.grad, dropped.detach())
    kept = (dropped != 0).float()
    assert abs(torch.corrcoef(torch.stack([kept[:, :-1].flatten(), kept[:, 1:].flatten()]))[0, 1]) < 0.01
    assert dropout(values, share, training=False) is values
    assert dropout(values, 0.0, training=True) is values


def test_token_dropout_spares_padding_and_is_off_in_evaluation() -> None:
    embedding = TokenEmbedding(10, 4, dropout=0.0, token_dropout=0.5)
    token_ids = torch.cat([torch.full((50, 20), 7), torch.zeros(50, 5, dtype=torch.long)], dim=1)
    unknown, seven = embedding.table.weight[1], embedding.table.weight[7]
    vectors = embedding(token_ids)
    dropped = (vectors[:, :20] == unknown).all(dim=2)
    assert ((vectors[:, :20] == seven).all(dim=2) | dropped).all()
    assert dropped.float().mean().item() == pytest.approx(0.5, abs=0.1)
    assert (vectors[:, 20:] == 0).all()
    assert (embedding.eval()(token_ids)[:, :20] == seven).all()


@pytest.mark.parametrize("bidirectional", [False, True])
def test_bf16_is_near_fp32_and_its_gradients_are_fp32(bidirectional: bool) -> None:
    torch.manual_seed(0)
    encoder = RecurrentEncoder(nn.LSTM, 6, 8, num_layers=2, bidirectional=bidirectional, dropout=0.0)
    inputs, lengths = torch.randn(3, 7, 6), torch.tensor([7, 2, 5])
    mask = valid_mask(lengths, 7)
    exact = max_over_time(encoder(inputs, lengths), mask)
    set_precision(encoder, torch.bfloat16)
    assert encoder(inputs, lengths).dtype == torch.float32
    states = encoder(inputs, lengths, keep_precision=True)
    assert states.dtype == torch.bfloat16
    for pool in (max_over_time, mean_over_time, last_step):
        assert pool(states, mask).dtype == torch.float32
    near = max_over_time(states, mask)
    torch.testing.assert_close(near, exact, atol=0.02, rtol=0.02)
    assert not torch.equal(near, exact)
    near.sum().backward()
    for parameter in encoder.parameters():
        assert parameter.grad is not None
        assert parameter.grad.dtype == torch.float32
        assert parameter.grad.abs().sum() > 0


def test_only_lstms_have_another_precision() -> None:
    torch.manual_seed(0)
    encoder = RecurrentEncoder(nn.GRU, 6, 8, num_layers=1, bidirectional=False, dropout=0.0)
    set_precision(encoder, torch.bfloat16)
    assert encoder(torch.randn(1, 3, 6), torch.tensor([3])).dtype == torch.float32


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_masked_convolution_against_torchs(width: int) -> None:
    torch.manual_seed(0)
    convolution = MaskedConvolution(5, 4, width)
    inputs, lengths = torch.randn(3, 6, 5), torch.tensor([6, 1, 4])
    outputs = convolution(inputs, valid_mask(lengths, 6))
    kernel = convolution.filters.weight.view(4, width, 5).transpose(1, 2)
    for row, length in enumerate(lengths.tolist()):
        text = nn.functional.pad(inputs[row : row + 1, :length].transpose(1, 2), ((width - 1) // 2, width // 2))
        expected = nn.functional.conv1d(text, kernel, convolution.filters.bias)[0].T
        torch.testing.assert_close(outputs[row, :length], expected, atol=1e-5, rtol=1e-5)
