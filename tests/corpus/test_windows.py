"""Windows of a text, against the batches of d2l 0.17.0."""

from __future__ import annotations

import random
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import d2l_oracle
from textrnn.corpus.texts import prepare_text
from textrnn.corpus.windows import RandomWindows, SequentialWindows


def load_d2l() -> ModuleType:
    pytest.importorskip("d2l", reason="the parity oracle is not here: pip install --no-deps d2l==0.17.0")
    return d2l_oracle.load_d2l()


SHAPES = st.tuples(st.integers(40, 400), st.integers(1, 6), st.integers(1, 9), st.integers(0, 8))


@settings(deadline=None, max_examples=60)
@given(SHAPES)
def test_sequential_batches_equal_those_of_d2l(shape: tuple[int, int, int, int]) -> None:
    length, batch_size, num_steps, offset = shape
    d2l, corpus = load_d2l(), [random.Random(0).randrange(28) for _ in range(length)]
    with mock.patch.object(random, "randint", lambda low, high: min(offset, high)):
        theirs = list(d2l.seq_data_iter_sequential(corpus, batch_size, num_steps))
    ours = SequentialWindows(torch.tensor(corpus), batch_size, num_steps, offset=min(offset, num_steps))
    assert len(ours) == len(theirs)
    for index, (window, (inputs, targets)) in enumerate(zip(ours, theirs, strict=True)):
        assert torch.equal(window.inputs, inputs)
        assert torch.equal(window.targets, targets)
        assert window.continues == (index > 0)


@settings(deadline=None, max_examples=60)
@given(SHAPES)
def test_random_batches_equal_those_of_d2l(shape: tuple[int, int, int, int]) -> None:
    length, batch_size, num_steps, offset = shape
    offset = min(offset, num_steps - 1)
    d2l, corpus = load_d2l(), [random.Random(0).randrange(28) for _ in range(length)]
    ours = RandomWindows(
        torch.tensor(corpus), batch_size, num_steps, offset=offset, generator=torch.Generator().manual_seed(3)
    )

    def shuffle(starts: list[int]) -> None:
        starts[:] = [starts[i] for i in ours.order.tolist()]

    with mock.patch.object(random, "randint", return_value=offset), mock.patch.object(random, "shuffle", shuffle):
        theirs = list(d2l.seq_data_iter_random(corpus, batch_size, num_steps))
    assert len(ours) == len(theirs)
    for window, (inputs, targets) in zip(ours, theirs, strict=True):
        assert torch.equal(window.inputs, inputs)
        assert torch.equal(window.targets, targets)
        assert not window.continues


@pytest.mark.parametrize("use_random", [False, True])
def test_the_loader_of_d2l_on_the_time_machine(real_data: Path, use_random: bool) -> None:
    """The corpus itself, letter by letter, and all batches of an epoch of ``SeqDataLoader``."""
    d2l = load_d2l()
    path = real_data / "timemachine.txt"
    with mock.patch.object(d2l, "download", return_value=str(path)):
        loader = d2l.SeqDataLoader(32, 35, use_random, 10_000)
    text = prepare_text(path.read_text(encoding="utf-8"), letters=True, line_join="none")[:10_000]
    assert "".join(loader.vocab.to_tokens(loader.corpus)) == text
    ids = torch.tensor(loader.corpus)
    ours: SequentialWindows | RandomWindows
    if use_random:
        ours = RandomWindows(ids, 32, 35, offset=17, generator=torch.Generator().manual_seed(0))
        order = ours.order.tolist()
    else:
        ours = SequentialWindows(ids, 32, 35, offset=17)
        order = []

    def shuffle(starts: list[int]) -> None:
        starts[:] = [starts[i] for i in order]

    with mock.patch.object(random, "randint", return_value=17), mock.patch.object(random, "shuffle", shuffle):
        theirs = list(loader)
    assert len(ours) == len(theirs) > 0
    for window, (inputs, targets) in zip(ours, theirs, strict=True):
        assert torch.equal(window.inputs, inputs)
        assert torch.equal(window.targets, targets)


@given(st.integers(2, 200), st.integers(1, 5), st.integers(1, 9), st.integers(0, 5))
def test_the_rest_of_the_rows_can_be_kept(length: int, batch_size: int, num_steps: int, offset: int) -> None:
    ids = torch.arange(length)
    windows = SequentialWindows(ids, batch_size, num_steps, offset=offset, keep_rest=True)
    rows = torch.cat([window.inputs for window in windows], dim=1) if len(windows) else ids.new_empty(batch_size, 0)
    row_length = max(0, length - offset - 1) // batch_size
    assert torch.equal(rows.flatten(), ids[offset : offset + row_length * batch_size])
    for window in windows:
        assert torch.equal(window.targets, window.inputs + 1)
