"""Reads labelled texts from the usual file formats: tab-separated, CSV, JSON lines, fastText.

Every reader gives :class:`Rows`: texts, labels as they are written in the file, and line numbers for messages.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from textrnn.corpus.readers.rows import LONE_SURROGATE, LeftOut, Reading, Rows, cleaned
from textrnn.errors import DataError, Note, did_you_mean, listed, one_line

TEXT_COLUMNS = [
    *["text", "title", "headline", "sentence", "content", "review", "comment", "message", "document", "body"],
    *["question", "query", "tweet", "description", "sms", "summary", "utterance"],
    *["文本", "标题", "内容", "正文", "句子", "评论", "短信", "新闻", "新闻标题"],
]
LABEL_COLUMNS = [
    *["label", "labels", "class", "category", "target", "sentiment", "topic", "tag", "intent", "polarity"],
    *["label_name", "class_name", "class_index", "y", "cat", "stars"],
    *["标签", "类别", "分类", "类", "情感", "类型"],
]
FASTTEXT_PREFIX = "__label__"
__all__ = [
    "LONE_SURROGATE",
    "LeftOut",
    "Reading",
    "Rows",
    "cleaned",
    "decode",
    "read_bytes",
    "read_class_names",
    "read_rows",
]


def _add(rows: Rows, text: str, label: str, line_number: int) -> None:
    text, label = cleaned(text), cleaned(label)
    if not text:
        raise DataError(
            f"{rows.path}:{line_number}: the text is empty; expected some text with its label: "
            "fill it in or delete the line"
        )
    if not label:
        raise DataError(
            f"{rows.path}:{line_number}: the label is empty; expected a class after the text: "
            "fill it in or delete the line"
        )
    rows.texts.append(text)
    rows.labels.append(label)
    rows.line_numbers.append(line_number)  # type: ignore[attr-defined]


def decode(content: bytes, path: Path) -> tuple[str, Note | None]:
    """Bytes -> text, and a note where the encoding was not UTF-8.

    GB18030 takes nearly any pairs of bytes, so what comes out must look like Chinese: either nearly all of it are
    common characters (the first level of GB 2312, and its punctuation), or they come in runs as in Chinese (in
    Latin-1 text, each accented letter and its neighbour would become one lone character).

    Raises:
        DataError: with the line of the first undecodable byte.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")):
        width = 32 if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")) else 16
        try:
            return content.decode(f"utf-{width}"), Note("read_as", path=path, encoding=f"UTF-{width}")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}: starts like UTF-{width} but is not; expected UTF-8 text: save it as UTF-8"
            ) from error
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        first_bad = error.start
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        pass
    else:
        if _looks_chinese(text):
            return text, Note("read_as", path=path, encoding="GB18030")
    line_number = content.count(b"\n", 0, first_bad) + 1
    raise DataError(
        f"{path}:{line_number}: byte 0x{content[first_bad]:02x} is neither UTF-8 nor GB18030; expected UTF-8 text: "
        "save the file as UTF-8"
    )


def _looks_chinese(text: str) -> bool:
    runs = re.findall(r"[^\x00-\x7f]+", text)
    foreign = "".join(runs)
    # In GB 2312, lead bytes up to A9 are punctuation and B0 to D7 the 3,755 commonest characters.
    leads = foreign.encode("gb2312", errors="ignore")[::2]
    common = sum(byte <= 0xA9 or 0xB0 <= byte <= 0xD7 for byte in leads)
    return common >= 0.9 * len(foreign) or len(foreign) >= 3 * len(runs)


def _lines(text: str) -> list[str]:
    """Lines without their ends. Not ``splitlines()``: that also cuts at U+2028, U+0085 and others inside a text."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def _pick_column(
    columns: Sequence[str], wanted: str | None, common: Sequence[str], flag: str, where: str, *, not_this: str = ""
) -> str:
    """The column to read: the one asked for, or the first of the common names that is there."""
    if wanted is not None:
        if wanted not in columns:
            raise DataError(
                f"{where}: no column {wanted!r}; expected {flag} to be one of {listed(columns)}"
                f"{did_you_mean(wanted, columns)}"
            )
        if wanted == not_this:
            raise DataError(
                f"{where}: {wanted!r} is named for text and label both; expected {flag} to be another column"
            )
        return wanted
    by_folded = {column.strip().casefold(): column for column in reversed(columns) if column != not_this}
    for name in common:
        if name in by_folded:
            return by_folded[name]
    raise DataError(
        f"{where}: none of {listed(columns)} is a name that is known to hold the "
        f"{'text' if common is TEXT_COLUMNS else 'label'}; expected such a column: name it with {flag}, or "
        "put a header line above the data"
    )


def read_tabs(text: str, rows: Rows) -> None:
    """``text<TAB>label``: the label is what follows the last tab."""
    for number, line in enumerate(_lines(text), 1):
        if not line.strip():
            continue
        body, tab, label = line.rpartition("\t")
        if not tab:
            raise DataError(
                f"{rows.path}:{number}: no tab in the line; expected text<TAB>label: "
                "put a tab between the text and its class"
            )
        _add(rows, body, label, number)


def read_fasttext(text: str, rows: Rows) -> None:
    """``__label__x text``: one label a line."""
    for number, line in enumerate(_lines(text), 1):
        if not line.strip():
            continue
        label, _, body = line.strip().partition(" ")
        if "\t" in label:
            label, _, body = line.strip().partition("\t")
        if not label.startswith(FASTTEXT_PREFIX):
            raise DataError(f"{rows.path}:{number}: no label; expected the line to start with {FASTTEXT_PREFIX}NAME")
        if body.lstrip().startswith(FASTTEXT_PREFIX):
            raise DataError(
                f"{rows.path}:{number}: more than one label; expected one {FASTTEXT_PREFIX}NAME a line: "
                "keep the one that matters"
            )
        _add(rows, body, label.removeprefix(FASTTEXT_PREFIX), number)


def read_delimited(text: str, rows: Rows, delimiter: str, text_column: str | None, label_column: str | None) -> None:
    """CSV or TSV with a header. In CSV, quoted fields may span lines; in TSV, a quotation mark may be just that."""
    records = _tab_records(text) if delimiter == "\t" else _csv_records(text, delimiter)
    try:
        line, header = next(record for record in records if any(value.strip() for value in record[1]))
        where = f"{rows.path}:{line}"
        label_name = _pick_column(
            header, label_column, LABEL_COLUMNS, "`label_column`", where, not_this=text_column or ""
        )
        text_name = _pick_column(header, text_column, TEXT_COLUMNS, "`text_column`", where, not_this=label_name)
        text_at, label_at = header.index(text_name), header.index(label_name)
        for number, fields in records:
            if not any(value.strip() for value in fields):
                continue
            if len(fields) != len(header):
                raise DataError(
                    f"{rows.path}:{number}: {len(fields)} fields; expected {len(header)} as in the header: "
                    f"put quotation marks round a text that contains {delimiter!r}"
                )
            _add(rows, fields[text_at], fields[label_at], number)
    except csv.Error as error:
        raise DataError(f"{rows.path}:{error}; expected quoted fields to be closed") from error


def _csv_records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields) of each record."""
    csv.field_size_limit(min(2**31 - 1, max(131_072, len(text))))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    start = 1
    try:
        for fields in reader:
            yield start, fields
            start = reader.line_num + 1
    except csv.Error as error:
        raise csv.Error(f"{start}: not CSV ({error})") from error


def _tab_records(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields) of each line; a field wholly in well-formed quotation marks loses them."""
    for number, line in enumerate(_lines(text), 1):
        fields = line.split("\t")
        for index, value in enumerate(fields):
            if re.fullmatch(r'"(?:[^"]|"")*"', value):
                fields[index] = value[1:-1].replace('""', '"')
        yield number, fields


def read_json_lines(text: str, rows: Rows, text_key: str | None, label_key: str | None) -> None:
    """One JSON object a line."""
    for number, line in enumerate(_lines(text), 1):
        if not line.strip():
            continue
        where = f"{rows.path}:{number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f'{where}: not JSON ({one_line(error)}); expected one object a line, {{"text": ..., "label": ...}}'
            ) from error
        if not isinstance(record, dict):
            raise DataError(
                f'{where}: a JSON {type(record).__name__}; expected one object a line, {{"text": ..., "label": ...}}'
            )
        label_name = _pick_column(
            list(record), label_key, LABEL_COLUMNS, "`label_column`", where, not_this=text_key or ""
        )
        text_name = _pick_column(list(record), text_key, TEXT_COLUMNS, "`text_column`", where, not_this=label_name)
        body, label = record[text_name], record[label_name]
        if not isinstance(body, str):
            raise DataError(f"{where}: {text_name} is {json.dumps(body)[:40]}; expected a string")
        if isinstance(label, bool):
            label = str(label).lower()
        if not isinstance(label, str | int):
            raise DataError(f"{where}: {label_name} is {json.dumps(label)[:40]}; expected a string or a whole number")
        _add(rows, body, str(label), number)


def _guess_delimiter(first_line: str, suffix: str) -> str:
    """The delimiter of a header: the most frequent one, or by the file's ending where there is none."""
    counts = {delimiter: first_line.count(delimiter) for delimiter in (",", "\t", ";")}
    best = max(counts, key=lambda delimiter: counts[delimiter])
    return best if counts[best] else {".tsv": "\t"}.get(suffix, ",")


def _is_header(first_line: str, delimiter: str, *, enough: int) -> bool:
    """Whether a line has columns of which `enough` (1: text or label, 2: both) go by a known name."""
    columns = [column.strip().strip('"').casefold() for column in first_line.split(delimiter)]
    known = any(c in TEXT_COLUMNS for c in columns) + any(c in LABEL_COLUMNS for c in columns)
    return len(columns) > 1 and known >= enough


def choose_reader(
    text: str, suffix: str, text_column: str | None, label_column: str | None
) -> Callable[[str, Rows], None]:
    """The reader for a file with this content and ending (``.csv`` and the like, in lower case)."""
    first_line = next((line for line in _lines(text[:100_000]) if line.strip()), "")
    if suffix in (".jsonl", ".json", ".ndjson"):
        return lambda text, rows: read_json_lines(text, rows, text_column, label_column)
    if re.match(r'\s*\{\s*"', first_line) and "\t" not in first_line:
        return lambda text, rows: read_json_lines(text, rows, text_column, label_column)
    named = text_column is not None or label_column is not None
    if first_line.lstrip().startswith(FASTTEXT_PREFIX) and not named:
        return read_fasttext
    delimiter = _guess_delimiter(first_line, suffix)
    if suffix == ".csv" or named or _is_header(first_line, delimiter, enough=1 if suffix == ".tsv" else 2):
        return lambda text, rows: read_delimited(text, rows, delimiter, text_column, label_column)
    return read_tabs


def read_rows(path: Path, *, text_column: str | None = None, label_column: str | None = None) -> Rows:
    """All labelled texts of a file in any of the formats.

    Raises:
        DataError: with ``path:line`` for anything that is not as it should be, or if there is no row at all.
    """
    rows = Rows(path)
    text, note = decode(read_bytes(path), path)
    if note:
        rows.notes.append(note)
    if not text.strip():
        raise DataError(f"{path}: the file is empty; expected one labelled text a line")
    choose_reader(text, path.suffix.lower(), text_column, label_column)(text, rows)
    if not rows.texts:
        raise DataError(f"{path}: a header and nothing else; expected labelled texts below it")
    return rows


def read_bytes(path: Path) -> bytes:
    """The file's content.

    Raises:
        DataError: if it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; expected the path of a data file") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); expected a readable file") from error


def read_class_names(path: Path) -> tuple[list[str], Note | None]:
    """The classes in the order of their indices, one a line, and a note where the encoding was not UTF-8.

    Raises:
        DataError: for a repeated or blank name.
    """
    text, note = decode(read_bytes(path), path)
    names = [line.strip() for line in _lines(text.rstrip())]
    for number, name in enumerate(names, 1):
        if not name:
            raise DataError(
                f"{path}:{number}: a blank line; expected one class name a line, in the order of the indices"
            )
        if name in names[: number - 1]:
            raise DataError(
                f"{path}:{number}: {name} appears twice (first on line {names.index(name) + 1}); "
                "expected each class once"
            )
    return names, note
