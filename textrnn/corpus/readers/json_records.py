"""Records of JSON: one object a line, an array of objects, or what annotation tools and pandas write.

text -> values with their lines -> keys within keys joined by dots -> cells
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from textrnn.corpus.readers.delimited import Blocks
from textrnn.errors import DataError, one_line

EXPECTED = 'expected one object a line, {"text": ..., "label": ...}, or an array of such objects'
SPACE = " \t\r\n"


class Several(str):
    """Several values in one cell, joined for people.

    Attributes:
        values: the single ones
    """

    values: tuple[str, ...]

    @staticmethod
    def of(values: Sequence[str]) -> Several:
        """The values, joined by ``|``."""
        cell = Several("|".join(values))
        cell.values = tuple(values)
        return cell


class NotJSON(str):
    """What stands in the place of a record that cannot be read: the reason."""


def read_json(
    blocks: Blocks, path: Path, whole_text: Any
) -> tuple[str, Iterator[tuple[int, dict[str, str] | NotJSON]]]:
    """The shape of the file, and (line, cells by key) of each record.

    Args:
        whole_text: gives the whole text where a value spans lines.

    Raises:
        DataError: if nothing in it is a record.
    """
    shape, values = json_values(blocks, path, whole_text)
    return shape, _records(values)


def json_values(
    blocks: Blocks, path: Path, whole_text: Any, *, lenient: bool = False
) -> tuple[str, Iterator[tuple[int, Any]]]:
    """The shape of the file, and (line, value) of each record, whatever it is.

    Args:
        whole_text: gives the whole text where a value spans lines.
        lenient: a first line that is broken is a record like any other.

    Raises:
        DataError: if nothing in it is a record.
    """
    lines = ((number, line) for first, some in blocks for number, line in enumerate(some, first) if line.strip())
    number, first = next(lines, (1, ""))
    try:
        value = json.loads(first)
    except (ValueError, RecursionError) as error:
        if lenient and (second := next(lines, None)) is not None and _is_object(second[1]):
            begun = [(number, _not_json(error)), (second[0], json.loads(second[1]))]
            return "JSON lines", itertools.chain(begun, _each_line([], lines))
        return _read_whole(whole_text(), path)
    following = next(lines, None)
    if isinstance(value, list) and following is not None and not any(isinstance(part, dict | list) for part in value):
        return "JSON lines", _each_line([(number, first), following], lines)
    if following is None or not isinstance(value, dict):
        return _read_whole(whole_text(), path)
    return "JSON lines", _each_line([(number, first), following], lines)


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _not_json(error: Exception) -> NotJSON:
    if isinstance(error, json.JSONDecodeError):  # whose own line would be that within the record: always 1
        return NotJSON(f"not JSON ({one_line(error.msg)}, column {error.colno})")
    return NotJSON(f"not JSON ({one_line(error)})")


def _each_line(begun: Iterable[tuple[int, str]], lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, Any]]:
    for part in (begun, lines):
        for number, line in part:
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, _not_json(error)


def _records(values: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, dict[str, str] | NotJSON]]:
    for number, value in values:
        found = as_object(value)
        yield number, found if isinstance(found, NotJSON) else flattened(found)


def as_object(value: Any) -> dict[str, Any] | NotJSON:
    """A record as an object with keys; a list has those that columns without names have."""
    if isinstance(value, dict | NotJSON):
        return value
    if isinstance(value, list):
        return {f"column {at}": part for at, part in enumerate(value, 1)}
    return NotJSON(f"a JSON {_kind(value)}, no object")


def flattened(value: dict[str, Any]) -> dict[str, str]:
    """``{"data": {"text": "x"}}`` -> ``{"data.text": "x"}``: cells by key."""
    cells: dict[str, str] = {}
    _flatten(value, "", cells, 0)
    return cells


def _kind(value: Any) -> str:
    return {str: "string", int: "number", float: "number", bool: "truth value"}.get(type(value), "null")


def _flatten(value: Any, key: str, cells: dict[str, str], depth: int) -> None:
    """``{"data": {"text": "x"}}`` -> ``{"data.text": "x"}``; a list of one is that one, of several objects each key has
    the values of all: ``{"labels": [{"name": "a"}, {"name": "b"}]}`` -> ``labels.name`` with ``a`` and ``b``."""
    if isinstance(value, list) and len(value) == 1 and depth < 50:
        _flatten(value[0], key, cells, depth + 1)
    elif isinstance(value, list) and value and all(isinstance(part, dict) for part in value) and depth < 50:
        _flatten_objects(value, key, cells, depth)
    elif isinstance(value, dict) and depth < 50:
        for name, part in value.items():
            _flatten(part, f"{key}.{name}" if key else str(name), cells, depth + 1)
    else:
        cells[key] = cell_of(value)


def _flatten_objects(objects: Sequence[dict[str, Any]], key: str, cells: dict[str, str], depth: int) -> None:
    found: dict[str, list[str]] = {}
    for each in objects:
        one: dict[str, str] = {}
        _flatten(each, key, one, depth + 1)
        for name, cell in one.items():
            found.setdefault(name, []).extend(cell.values if isinstance(cell, Several) else [cell])
    cells.update({name: Several.of(values) for name, values in found.items()})


def cell_of(value: Any) -> str:
    """A value as the text of a cell."""
    if isinstance(value, str):
        return value
    if value is None or value == {}:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return Several.of([cell_of(part) for part in value])
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _read_whole(text: str, path: Path) -> tuple[str, Iterator[tuple[int, Any]]]:
    """Values one after another, each over as many lines as it likes; or one array, or one object of columns."""
    values = list(_values(text, path))
    if len(values) == 1:
        shape, items = _rows_within(values[0][1], path)
        if isinstance(values[0][1], list):
            return shape, zip(_lines_of_items(text), items, strict=False)
        return shape, ((1, item) for item in items)
    return "JSON values", iter(values)


def _values(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    decoder, position, line, counted = json.JSONDecoder(), 0, 1, 0
    while True:
        while position < len(text) and text[position] in SPACE + ",":
            position += 1
        if position == len(text):
            return
        line += text.count("\n", counted, position)
        counted = position
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError as error:
            at = getattr(error, "pos", position)
            wrong, reason = text.count("\n", 0, at) + 1, one_line(getattr(error, "msg", error))
            raise DataError(f"{path}:{wrong}: not JSON ({reason}); {EXPECTED}") from error
        except RecursionError as error:
            raise DataError(f"{path}:{line}: JSON that is nested too deeply; {EXPECTED}") from error
        yield line, value


def _lines_of_items(text: str) -> Iterator[int]:
    """The line on which each item of the array begins."""
    decoder, position, line, counted = json.JSONDecoder(), text.index("[") + 1, 1, 0
    while True:
        while position < len(text) and text[position] in SPACE + ",":
            position += 1
        if position == len(text) or text[position] == "]":
            return
        line += text.count("\n", counted, position)
        counted = position
        _, position = decoder.raw_decode(text, position)
        yield line


def _rows_within(value: Any, path: Path) -> tuple[str, list[Any]]:
    """The records within one value.

    Raises:
        DataError: if there are none.
    """
    if isinstance(value, list):
        return "JSON array", value
    if isinstance(value, dict):
        if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):  # pandas, orient="split"
            names = [str(name) for name in value["columns"]]
            return "JSON of columns and rows", [
                dict(zip(names, row, strict=False)) if isinstance(row, list) else row for row in value["data"]
            ]
        columns = {name: column for name, column in value.items() if isinstance(column, dict)}
        if len(columns) == len(value) > 1 and len({tuple(column) for column in columns.values()}) == 1:
            keys = next(iter(columns.values()))
            if all(not isinstance(column[key], dict | list) for column in columns.values() for key in keys):
                return "JSON of columns", [{name: column[key] for name, column in columns.items()} for key in keys]
        lists = {name: column for name, column in value.items() if isinstance(column, list)}
        if len(lists) == len(value) > 1 and len(set(map(len, lists.values()))) == 1:
            return "JSON of columns", [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
        holding = [name for name, part in lists.items() if part and all(isinstance(row, dict) for row in part)]
        if len(holding) == 1:
            return f"JSON array {holding[0]!r}", lists[holding[0]]
        if value:
            return "JSON values", [value]
    raise DataError(f"{path}:1: a JSON {_kind(value) if not isinstance(value, dict) else 'object'}; {EXPECTED}")
