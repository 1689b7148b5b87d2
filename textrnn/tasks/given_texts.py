"""Texts to answer for that come from standard input: one a line, or the text column of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textrnn.config import DataConfig
from textrnn.corpus.readers.unlabelled import LINES, open_given
from textrnn.corpus.sources.content import Content
from textrnn.errors import DataError, Note

AT_ONCE = 8192  # records


def texts_in(
    content: Content, config: DataConfig, read: Sequence[Mapping[str, Any]], *, separator: str | None = None
) -> tuple[list[str], Note | None]:
    """The texts, and a note on how they were read, where that is to be said.

    Args:
        content: of standard input.
        config: how it is to be read, where that is not to be found out.
        read: what was understood of the model's own data, see :meth:`textrnn.corpus.readers.Reading.to_dict`.
        separator: that was named for that data.

    Raises:
        DataError: if a row has no text that could be answered.
    """
    given = open_given(content, config, read, separator=separator)
    reading = given.reading
    if reading.format == LINES and reading.header is None:  # as they are, whatever bytes are lost
        lines = [str(cells[-1]) for block in given.blocks(AT_ONCE) for cells in block.cells]
        if reading.encoding == "UTF-8" and not reading.damaged_lines and not reading.details:
            return lines, None
        damaged = reading.damaged_lines
        return lines, Note("read_as", path=reading.path, encoding=reading.encoding, damaged=damaged)
    texts: list[str] = []
    for block in given.blocks(AT_ONCE):
        if block.errors:
            problem = block.errors[min(block.errors)].partition(": ")[2]
            raise DataError(
                f"{content.path}:{block.lines[min(block.errors)]}: {problem}; expected a row like the others: mend it, "
                "or use `predict_file`, which answers all the others"
            )
        texts += block.texts
    return texts, Note("given_read", reading=reading)
