from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from textrnn.corpus.batches import SCORING_BATCH_TOKENS, LabelledTexts, WindowSample, shuffled_batches, sorted_batches
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.vocab import EncodedTexts

lengths_strategy = st.lists(st.integers(1, 40), min_size=1, max_size=300).map(torch.tensor)


def encoded(lengths: list[int]) -> EncodedTexts:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return EncodedTexts(np.arange(2, 2 + offsets[-1], dtype=np.int32), offsets)


@given(lengths_strategy, st.integers(1, 64), st.integers(0, 5))
def test_an_epoch_has_every_row_once(lengths: torch.Tensor, batch_size: int, seed: int) -> None:
    batches = shuffled_batches(lengths, batch_size, torch.Generator().manual_seed(seed))
    assert sorted(torch.cat(batches).tolist()) == list(range(len(lengths)))
    assert max(map(len, batches)) <= batch_size
    assert len(batches) == -(-len(lengths) // batch_size)  # one small batch at most, so that steps can be counted ahead


@given(lengths_strategy)
def test_scoring_has_every_row_once_within_bounds(lengths: torch.Tensor) -> None:
    batches = list(sorted_batches(lengths * 400))
    assert sorted(torch.cat(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * int(lengths[batch].max()) * 400 <= SCORING_BATCH_TOKENS


def test_the_seed_decides_the_order() -> None:
    lengths = torch.randint(1, 30, (500,), generator=torch.Generator().manual_seed(0))
    first, again, other = (
        torch.cat(shuffled_batches(lengths, 32, torch.Generator().manual_seed(seed))).tolist() for seed in (1, 1, 2)
    )
    assert first == again != other


def test_little_of_a_batch_is_padding() -> None:
    lengths = torch.randint(5, 40, (20_000,), generator=torch.Generator().manual_seed(0))
    batches = shuffled_batches(lengths, 128, torch.Generator().manual_seed(1))
    padded = sum(len(batch) * int(lengths[batch].max()) for batch in batches)
    assert padded < 1.03 * int(lengths.sum())


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20), st.randoms())
def test_a_batch_is_its_rows_padded(lengths: list[int], randoms: object) -> None:
    texts = encoded(lengths)
    labelled = LabelledTexts.from_encoded(texts, list(range(len(lengths))))
    rows = torch.randperm(len(lengths), generator=torch.Generator().manual_seed(len(lengths)))
    batch = labelled.batch(rows)
    assert batch.labels.tolist() == rows.tolist()
    assert batch.token_ids.shape == (len(lengths), max(lengths))
    for row, ids, length in zip(rows.tolist(), batch.token_ids.tolist(), batch.lengths.tolist(), strict=True):
        assert length == lengths[row]
        assert ids[:length] == texts.token_ids[texts.offsets[row] : texts.offsets[row + 1]].tolist()
        assert set(ids[length:]) <= {0}


def test_selected_rows_keep_their_labels() -> None:
    sets = LabelSets.of([[0, 2], [], [1], [2, 1, 0]])
    four = encoded([1, 2, 1, 3])
    texts = LabelledTexts.from_encoded(four, sets).weighted(np.array([1.0, 2.0, 3.0, 4.0]))
    few = texts.select(torch.tensor([3, 1]))
    batch = few.batch(torch.tensor([1, 0]))
    assert batch.label_pairs is not None
    assert batch.label_pairs.rows.tolist() == [1, 1, 1]
    assert batch.label_pairs.classes.tolist() == [0, 1, 2]
    assert batch.lengths.tolist() == [2, 3]
    assert batch.weights is not None
    assert batch.weights.tolist() == [2.0, 4.0]
    single = LabelledTexts.from_encoded(four, [0, 1, 2, 0]).select(torch.tensor([2]))
    assert single.batch(torch.tensor([0])).labels.tolist() == [2]


def test_one_giant_text_leaves_the_others_together() -> None:
    batches = list(sorted_batches(torch.tensor([*[20] * 700, 1_000_000])))
    assert [len(batch) for batch in batches] == [700, 1]


@given(st.integers(1, 200), st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_windows_of_a_long_text_are_drawn(length: int, size: int, most: int, seed: int) -> None:
    sample = WindowSample(size, most)
    drawn = sample.drawn(length, torch.Generator().manual_seed(seed)).tolist()
    assert drawn == sample.drawn(length, torch.Generator().manual_seed(seed)).tolist()
    assert len(drawn) <= max(sample.tokens, 1)
    assert drawn == sorted(set(drawn))
    if length <= sample.tokens:
        assert drawn == list(range(length))
        return
    windows = [drawn[begin : begin + size] for begin in range(0, len(drawn), size)]  # as a network cuts them
    assert len(windows) == most
    for window in windows:
        begin = window[0]
        assert begin % size == 0
        assert window == list(range(begin, min(begin + size, length)))


def test_every_window_is_drawn_some_time() -> None:
    generator, sample = torch.Generator().manual_seed(0), WindowSample(4, 2)
    seen = {position for _ in range(200) for position in sample.drawn(30, generator).tolist()}
    assert seen == set(range(30))


def test_a_batch_of_sampled_windows() -> None:
    lengths = [3, 5000, 9, 60]
    texts, sample = encoded(lengths), WindowSample(4, 3)
    labelled = LabelledTexts.from_encoded(texts, [0, 1, 2, 3])
    rows = torch.tensor([2, 1, 0, 3])
    batch = labelled.sampled_batch(rows, sample, torch.Generator().manual_seed(5))
    generator = torch.Generator().manual_seed(5)
    expected = [
        texts.token_ids[texts.offsets[row] :][sample.drawn(lengths[row], generator).numpy()] for row in rows.tolist()
    ]
    assert batch.token_ids.shape[1] <= 12  # the giant does not make the others wide
    assert batch.labels.tolist() == rows.tolist()
    for ids, length, own in zip(batch.token_ids.tolist(), batch.lengths.tolist(), expected, strict=True):
        assert ids[:length] == own.tolist()
        assert set(ids[length:]) <= {0}
    short = torch.tensor([2, 0])
    again = labelled.sampled_batch(short, sample, generator)
    assert torch.equal(again.token_ids, labelled.batch(short).token_ids)
