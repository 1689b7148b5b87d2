"""Sets of labels against plain Python sets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textrnn.corpus.label_sets import LabelSets

ROWS = st.lists(st.lists(st.integers(0, 6), max_size=5), max_size=8)


@given(ROWS)
def test_they_are_the_sets_that_were_given(rows: list[list[int]]) -> None:
    sets = LabelSets.of(rows)
    assert [set(row) for row in sets] == [set(row) for row in rows]
    assert sets.sizes.tolist() == [len(set(row)) for row in rows]
    assert sets.counts(7).tolist() == [sum(label in row for row in rows) for label in range(7)]
    assert sets.dense(7).tolist() == [[label in row for label in range(7)] for row in rows]


@given(ROWS, st.data())
def test_rows_are_selected(rows: list[list[int]], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=9) if rows else st.just([]))
    assert list(LabelSets.of(rows).select(chosen)) == list(LabelSets.of([rows[index] for index in chosen]))


def test_a_row_may_have_none() -> None:
    sets = LabelSets.of([[], [2, 0], []])
    assert list(sets) == [(), (0, 2), ()]
    assert sets.indices.dtype == np.int32
    assert sets.rows.tolist() == [1, 1]
