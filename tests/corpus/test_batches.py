from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from textrnn.corpus.batches import SCORING_BATCH_TOKENS, LabelledTexts, shuffled_batches, sorted_batches
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
