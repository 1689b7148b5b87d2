"""Where text and label stand in a table, whatever its format."""

from __future__ import annotations

import itertools
from collections.abc import Collection

from textrnn.config import DataConfig
from textrnn.corpus.readers.columns import Layout, find_layout
from textrnn.corpus.readers.json_records import EXPECTED, NotJSON
from textrnn.corpus.readers.tables import SAMPLED_RECORDS, Table
from textrnn.errors import DataError

SAMPLED_CELLS = 400_000  # in very wide tables, fewer records are judged by


def layout_of(table: Table, config: DataConfig, like: Layout | None, label_columns: Collection[str]) -> Layout:
    """Where text and label stand, judged by the first records, which are then put back.

    Raises:
        DataError: as :func:`textrnn.corpus.readers.columns.find_layout`, or if there is no record.
    """
    sample, cells_seen = [], 0
    for record in itertools.islice(table.records, SAMPLED_RECORDS):
        sample.append(record)
        cells_seen += len(record[1])
        if cells_seen > SAMPLED_CELLS:
            break
    table.records = itertools.chain(sample, table.records)
    cells = [fields for _, fields, odd in sample if not isinstance(odd, NotJSON)]
    if not cells or not cells[0]:
        line, problem = next(((n, str(odd)) for n, _, odd in sample if isinstance(odd, NotJSON)), (1, "no row"))
        raise DataError(f"{table.content.path}:{line}: {problem}; {EXPECTED}")
    line = sample[0][0] or (sample[1][0] if len(sample) > 1 else 1)
    where = f"{table.content.path}:{line}"
    return find_layout(cells, config, where, like=like, named=table.named, label_columns=label_columns)
