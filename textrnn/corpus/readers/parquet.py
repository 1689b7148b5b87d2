"""Rows of Parquet files, by pyarrow."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from textrnn.corpus.readers.json_records import cell_of
from textrnn.corpus.sources.content import Content
from textrnn.errors import DataError, one_line

AT_ONCE = 8192  # rows


def read_parquet(content: Content) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The names of the columns, and (row, cells) of each row, from 1.

    Raises:
        DataError: if pyarrow is not installed, or the file cannot be read.
    """
    schema, _, rows = parquet_values(content)
    names = list(map(str, schema.names))
    return names, ((number, list(map(cell_of, values))) for number, values in enumerate(rows, 1))


def parquet_values(content: Content) -> tuple[Any, int, Iterator[tuple[Any, ...]]]:
    """The Arrow schema, the number of rows, and the values of each row.

    Raises:
        DataError: as :func:`read_parquet`.
    """
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise DataError(
            f"{content.path}: a Parquet file; reading it takes the package pyarrow: `pip install pyarrow`, or save it "
            "as CSV"
        ) from error
    with content.open() as opened:
        try:
            file = parquet.ParquetFile(opened)
            schema, count = file.schema_arrow, file.metadata.num_rows
        except Exception as error:  # a damaged file can raise anything
            raise _unreadable(content, error) from error
    return schema, count, _rows(content, parquet.ParquetFile)


def _rows(content: Content, reader: Any) -> Iterator[tuple[Any, ...]]:
    with content.open() as opened:  # for as long as rows are asked for
        try:
            for batch in reader(opened).iter_batches(batch_size=AT_ONCE):
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
        except Exception as error:
            raise _unreadable(content, error) from error


def _unreadable(content: Content, error: Exception) -> DataError:
    return DataError(
        f"{content.path}: a Parquet file that cannot be read ({one_line(error) or type(error).__name__}); expected a "
        "whole one: copy or write it once more"
    )
