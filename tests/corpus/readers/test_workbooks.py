from __future__ import annotations

import io
import zipfile
from pathlib import Path

from tests.corpus.readers.files import details, error, pairs, read, some_rows
from tests.corpus.readers.writers import write_parquet, write_workbook


def test_a_workbook(tmp_path: Path) -> None:
    written = write_workbook(some_rows())
    assert isinstance(written.content, bytes)
    for name in ("a.xlsx", "a.csv"):  # a workbook under any name
        found = read(tmp_path, name, written.content)
        assert pairs(found) == some_rows()
        assert found.reading is not None
        assert (found.reading.format, found.reading.details) == ("Excel workbook", ("sheet a",))


def test_a_damaged_workbook(tmp_path: Path) -> None:
    written = write_workbook(some_rows())
    assert isinstance(written.content, bytes)
    assert "an Excel workbook that cannot be read (" in error(
        tmp_path, "a.xlsx", written.content.replace(b"<row", b"<roW")
    )


def test_parquet(tmp_path: Path) -> None:
    written = write_parquet(some_rows())
    assert isinstance(written.content, bytes)
    found = read(tmp_path, "a.parquet", written.content)
    assert pairs(found) == some_rows()
    assert found.reading is not None
    assert (found.reading.format, found.reading.encoding, found.reading.header) == ("Parquet", "", None)
    broken = error(tmp_path, "a.parquet", written.content[:200] + written.content[-200:])
    assert broken.startswith("a.parquet: a Parquet file that cannot be read (")
    assert broken.endswith("); expected a whole one: copy or write it once more")


def changed(content: bytes, changes: dict[str, dict[str, str]], **added: str) -> bytes:
    """A zip file with pieces of its parts replaced, and parts added."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            part = old.read(name).decode("utf-8")
            for before, after in changes.get(name, {}).items():
                assert before in part
                part = part.replace(before, after)
            new.writestr(name, part)
        for name, part in added.items():
            new.writestr(name, part)
    return packed.getvalue()


def test_the_sheet_with_most_rows_is_read(tmp_path: Path) -> None:
    content = write_workbook(some_rows()).content
    assert isinstance(content, bytes)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
    cover = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
        '<c r="A1" t="inlineStr"><is><t>made by</t></is></c><c r="B1" t="inlineStr"><is><t>me</t></is></c></row>'
        "</sheetData></worksheet>"
    )
    relation = (
        '<Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet2.xml"/></Relationships>'
    )
    changes = {
        "xl/workbook.xml": {"<sheets>": '<sheets><sheet name="cover" sheetId="2" r:id="r2"/>'},
        "xl/_rels/workbook.xml.rels": {"</Relationships>": relation},
        "[Content_Types].xml": {
            "</Types>": f'<Override PartName="/xl/worksheets/sheet2.xml" ContentType="{kind}"/></Types>'
        },
    }
    found = read(tmp_path, "a.xlsx", changed(content, changes, **{"xl/worksheets/sheet2.xml": cover}))
    assert pairs(found) == some_rows()
    assert details(found) == ("sheet a (also there: cover)",)


def test_a_label_in_merged_cells_is_that_of_every_row(tmp_path: Path) -> None:
    rows = [(text, "a" if at < 20 else "b") for at, (text, _) in enumerate(some_rows())]
    blank = [(text, label if at in (0, 20) else "") for at, (text, label) in enumerate(rows)]
    content = write_workbook(blank).content
    assert isinstance(content, bytes)
    merged = '</sheetData><mergeCells count="2"><mergeCell ref="B2:B21"/><mergeCell ref="B22:B41"/></mergeCells>'
    changes = {"xl/worksheets/sheet1.xml": {"</sheetData>": merged}}
    assert pairs(read(tmp_path, "a.xlsx", changed(content, changes))) == rows
