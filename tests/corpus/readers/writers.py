"""Tables written as other programs would write them: the other side of reading, independent of it.

Each writer has what it cannot hold taken out of texts and labels first, and says with which settings it is read.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
Row = tuple[str, str]
Rows = Sequence[Row]
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Written:
    """A file and how it is read.

    Attributes:
        rows: that are in it
        content: text, or bytes where the format says how characters become bytes
        ending: of the file's name
        settings: that a user would have to name
        lines: where each row begins, from 1; None where that is not compared
    """

    rows: Rows
    content: str | bytes
    ending: str
    settings: dict[str, Any] = field(default_factory=dict)
    lines: list[int] | None = None


def line_numbers(records: Sequence[str], line_end: str) -> list[int] | None:
    """Where records begin, written one after another; None where it depends on what is a line end."""
    number, found = 1, []
    for record in records:
        found.append(number)
        if re.search("\r[\r\0]+\n", record):
            return None
        lone = record.replace("\r\n", "\n").count("\r")
        if lone and line_end != "\r":
            return None
        number += record.count("\n") + lone
    return found


def any_end(text: str) -> str:
    """Line ends as XML has them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")


def unquoted(text: str) -> str:
    """Without what a reader would take for quoting: marks at the beginning, backslashes before tabs."""
    text = re.sub(r"\\+(?=\t|\Z)", "", text.strip()).strip()
    return text.replace('"', "'") if re.search(r'(?:\A|\t)[\s\0\ufeff]*"', text) else text


def csv_field(text: str, separator: str, *, quoted: bool, escaped: bool) -> str:
    """A field after RFC 4180, or with backslashes."""
    if escaped:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if quoted or any(mark in text for mark in (separator, '"', "\n", "\r", "\\")):
        return '"' + text.replace('"', '""') + '"'
    return text


def write_delimited(
    rows: Rows,
    *,
    separator: str = ",",
    line_end: str = "\n",
    quoted: bool = False,
    escaped: bool = False,
    header: bool = True,
    label_first: bool = False,
    index: bool = False,
    announced: bool = False,
    trailing: bool = False,
    blank_lines: bool = False,
    named: bool = False,
) -> Written:
    """CSV and TSV.

    Args:
        quoted: every field is.
        escaped: a backslash is put before quotation marks, as databases do.
        index: a first column with the number of the row and no name, as of pandas.
        announced: a first line ``sep=``, as of Excel.
        trailing: a separator after the last field of each row.
        blank_lines: between the rows.
        named: the user says what there is to say.
    """
    records = []
    for number, (text, label) in enumerate([("text", "label"), *rows]):
        cells = [label, text] if label_first else [text, label]
        cells = [str(number - 1) if number else "", *cells] if index else cells
        fields = [csv_field(cell, separator, quoted=quoted, escaped=escaped) for cell in cells]
        end = separator * (trailing and number > 0) + line_end * (1 + (blank_lines and number % 2))
        records.append(separator.join(fields) + end)
    first = [f"sep={separator}{line_end}"] if announced else []
    kept = records if header else records[1:]
    lines = line_numbers([*first, *kept], line_end)
    settings: dict[str, Any] = {}
    if named:
        settings = {"separator": separator, "header": header}
    if not header:
        settings |= {"text_column": (str(1 + label_first + index),), "label_column": str(2 - label_first + index)}
        settings |= {"header": False, "separator": separator}  # in few rows, others may cut alike
    ending = ".tsv" if separator == "\t" else ".csv"
    return Written(rows, "".join([*first, *kept]), ending, settings, None if lines is None else lines[-len(rows) :])


def write_plain(rows: Rows, *, separator: str = "\t", line_end: str = "\n", label_first: bool = False) -> Written:
    """A text, a tab and its label, and nothing else; a text may have tabs."""
    cells = [
        (unquoted(one_line(text).replace("__label__", "").replace("sep=", "")), unquoted(one_line(label)))
        for text, label in rows
    ]
    cells = [(text, label.replace(separator, " ")) for text, label in cells]
    if len(separator) > 1:
        cells = [(text.rstrip(separator[0]), label.lstrip(separator[-1])) for text, label in cells]
    records = [
        f"{label}{separator}{text}{line_end}" if label_first else f"{text}{separator}{label}{line_end}"
        for text, label in cells
    ]
    settings: dict[str, Any] = {} if separator == "\t" else {"separator": separator}
    settings |= {"header": False}
    settings |= {"text_column": (str(1 + label_first),), "label_column": str(2 - label_first)}
    return Written(cells, "".join(records), ".txt", settings, line_numbers(records, line_end))


def write_json_lines(rows: Rows, *, ascii_only: bool, line_end: str = "\n", listed: bool = False) -> Written:
    records = [
        json.dumps({"id": at, "text": text, "label": [label] if listed else label}, ensure_ascii=ascii_only) + line_end
        for at, (text, label) in enumerate(rows)
    ]
    return Written(rows, "".join(records), ".jsonl", lines=line_numbers(records, line_end))


def write_json_array(rows: Rows, *, ascii_only: bool, indent: int | None) -> Written:
    objects = [{"text": text, "label": label} for text, label in rows]
    return Written(rows, json.dumps(objects, ensure_ascii=ascii_only, indent=indent), ".json")


def write_json_columns(rows: Rows, *, split: bool) -> Written:
    """As ``pandas.DataFrame.to_json()`` does."""
    if split:
        content: Any = {"columns": ["text", "label"], "index": list(range(len(rows))), "data": list(map(list, rows))}
    else:
        content = {name: {str(i): row[at] for i, row in enumerate(rows)} for at, name in enumerate(("text", "label"))}
    return Written(rows, json.dumps(content), ".json")


def write_fasttext(rows: Rows, *, line_end: str = "\n", last: bool = False) -> Written:
    cells = [(one_line(text).replace("__label__", ""), re.sub("[ \t\r\n,，、;]", "_", label)) for text, label in rows]
    records = [
        f"{text} __label__{label}{line_end}" if last else f"__label__{label} {text}{line_end}" for text, label in cells
    ]
    return Written(cells, "".join(records), ".txt", lines=line_numbers(records, line_end))


def write_workbook(rows: Rows) -> Written:
    """The least that is a workbook of Excel: one sheet of texts."""
    rows = [(NOT_XML.sub("", any_end(text)), NOT_XML.sub("", any_end(label))) for text, label in rows]
    cells = [("text", "label"), *rows]
    sheet = "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{column}{number}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
            for column, cell in zip("AB", row, strict=True)
        )
        + "</row>"
        for number, row in enumerate(cells, 1)
    )
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    of_package = "http://schemas.openxmlformats.org/package/2006"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    start = '<?xml version="1.0" encoding="UTF-8"?>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{of_package}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{kind}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" '
        f'ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{of_package}/relationships"><Relationship Id="r1" '
        f'Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets><sheet name="a" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{of_package}/relationships"><Relationship Id="r1" '
        f'Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, start + part)
    return Written(rows, packed.getvalue(), ".xlsx", lines=list(range(2, len(rows) + 2)))


def write_parquet(rows: Rows) -> Written:
    import pyarrow
    import pyarrow.parquet

    rows = [(LONE_SURROGATE.sub("\ufffd", text), LONE_SURROGATE.sub("\ufffd", label)) for text, label in rows]

    written = io.BytesIO()
    texts, labels = zip(*rows, strict=True)
    pyarrow.parquet.write_table(pyarrow.table({"text": list(texts), "label": list(labels)}), written)
    return Written(rows, written.getvalue(), ".parquet", lines=list(range(1, len(rows) + 1)))


def _zipped(content: bytes, name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, content)
    return packed.getvalue()


PACKERS: dict[str, Callable[[bytes, str], bytes]] = {
    "": lambda content, name: content,
    ".gz": lambda content, name: gzip.compress(content, 1),
    ".bz2": lambda content, name: bz2.compress(content, 1),
    ".xz": lambda content, name: lzma.compress(content, preset=0),
    ".zip": _zipped,
}
