"""Rows of Parquet files, by pyarrow."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from textrnn.corpus.readers.json_records import cell_of
from textrnn.corpus.sources.content import Content
from textrnn.errors import DataError, one_line


def read_parquet(content: Content) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The names of the columns, and (row, cells) of each row, from 1.

    Raises:
        DataError: if pyarrow is not installed, or the file cannot be read.
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
            names = list(map(str, parquet.ParquetFile(opened).schema_arrow.names))
        except Exception as error:  # a damaged file can raise anything
            raise _unreadable(content, error) from error
    return names, _rows(content, parquet.ParquetFile)


def _rows(content: Content, reader: Any) -> Iterator[tuple[int, list[str]]]:
    number = 0
    with content.open() as opened:  # for as long as rows are asked for
        try:
            for batch in reader(opened).iter_batches():
                columns = [column.to_pylist() for column in batch.columns]
                for values in zip(*columns, strict=True):
                    number += 1
                    yield number, list(map(cell_of, values))
        except Exception as error:
            raise _unreadable(content, error) from error


def _unreadable(content: Content, error: Exception) -> DataError:
    return DataError(
        f"{content.path}: a Parquet file that cannot be read ({one_line(error) or type(error).__name__}); expected a "
        "whole one: copy or write it once more"
    )
