"""What a file is that is no text, told by its first bytes: a workbook, a page, a picture, an archive.

Many of these marks are letters, with which a text may begin as well. Such a mark alone decides nothing: behind it there
must be what no text has.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from textrnn.errors import DataError, one_line

HEAD_BYTES = 8192  # enough for every mark


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        name: by which code knows it, in kebab-case
        words: ``an Excel workbook``
        remedy: what to do with it, followable as it stands
    """

    name: str
    words: str
    remedy: str

    def refusal(self, path: Path) -> DataError:
        """What is raised where a text was expected."""
        return DataError(f"{path}: {self.words}; expected text: {self.remedy}")


_EXPORT = "open it in Excel, WPS or LibreOffice and save it as CSV UTF-8"
_PLAIN = "open it in a word processor and save it as plain text (UTF-8)"
_UNPACK = "unpack it and name what is in it"
_TABLE = 'in Python, `pandas.read_{}("...").to_csv("....csv", index=False)` makes a CSV of it'
_TRAIN_ON = "name the text or table that is to be learnt from"

EXCEL = Kind("excel", "an Excel workbook", _EXPORT)
PARQUET = Kind("parquet", "a Parquet file", _TABLE.format("parquet"))
GZIP = Kind("gzip", "a gzip archive", _UNPACK)
BZIP2 = Kind("bzip2", "a bzip2 archive", _UNPACK)
XZ = Kind("xz", "an xz archive", _UNPACK)
ZIP = Kind("zip", "a zip archive", _UNPACK)
TAR = Kind("tar", "a tar archive", _UNPACK)
OLD_EXCEL = Kind("old-excel", "an old Excel workbook (.xls)", _EXPORT)
OLD_WORD = Kind("old-word", "an old Word document (.doc)", _PLAIN)
LOCKED_OFFICE = Kind(
    "locked-office", "an Office document with a password", "take the password off in Office and save it as CSV UTF-8"
)
OLD_OFFICE = Kind(
    "old-office", "an old Office document (.xls, .doc)", "open it there and save it as CSV UTF-8 or plain text"
)
HTML = Kind(
    "html", "an HTML page", "open it in a browser and save what it shows as text, or download the data file itself"
)
HTML_TABLE = Kind("html-table", "an HTML table under the name of a workbook", _EXPORT)
EXCEL_XML = Kind("excel-xml", "an Excel workbook in XML", _EXPORT)
GIT_LFS = Kind(
    "git-lfs", "a pointer of Git LFS, not the data itself", "run `git lfs pull` in its repository, or download the file"
)
PICKLE = Kind(
    "pickle",
    "a Python pickle, which is never opened here (it may run code)",
    "write its texts to a CSV or JSON lines file with the program that made it",
)
TORCH = Kind("torch", "a PyTorch file", _TRAIN_ON)
NUMPY = Kind("numpy", "a NumPy file", "write its rows to a CSV with the program that made it")

_MARKS: tuple[tuple[bytes, Kind], ...] = (  # that no text begins with
    (b"\x1f\x8b\x08", GZIP),
    (b"\xfd7zXZ\0", XZ),
    (b"\x89PNG\r\n\x1a\n", Kind("image", "a PNG image", _TRAIN_ON)),
    (b"\xff\xd8\xff", Kind("image", "a JPEG image", _TRAIN_ON)),
    (b"II*\0", Kind("image", "a TIFF image", _TRAIN_ON)),
    (b"MM\0*", Kind("image", "a TIFF image", _TRAIN_ON)),
    (b"\x93NUMPY", NUMPY),
    (b"\x89HDF\r\n\x1a\n", Kind("hdf5", "an HDF5 file", _TABLE.format("hdf"))),
    (b"SQLite format 3\0", Kind("sqlite", "an SQLite database", "export the table as CSV and name that")),
    (b"ARROW1\0\0", Kind("arrow", "an Arrow (Feather) file", _TABLE.format("feather"))),
    (b"Obj\x01", Kind("avro", "an Avro file", "export it as CSV or JSON lines")),
    (b"\x7fELF", Kind("program", "a program", _TRAIN_ON)),
    (b"\0asm", Kind("program", "a program", _TRAIN_ON)),
    (b"7z\xbc\xaf\x27\x1c", Kind("7z", "a 7z archive", _UNPACK)),
    (b"Rar!\x1a\x07", Kind("rar", "a rar archive", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", Kind("zstandard", "a Zstandard archive", _UNPACK)),
    (b"\x04\x22\x4d\x18", Kind("lz4", "an lz4 archive", _UNPACK)),
    (b"\x1f\x9d", Kind("compress", "a compress (.Z) archive", _UNPACK)),
    (b"LZIP\x01", Kind("lzip", "an lzip archive", _UNPACK)),
    (b"MSCF\0\0\0\0", Kind("cab", "a cab archive", _UNPACK)),
    (b"\x1a\x45\xdf\xa3", Kind("video", "a video", _TRAIN_ON)),
    (b"\0\0\x01\xba", Kind("video", "a video", _TRAIN_ON)),
    (b"version https://git-lfs.github.com/spec/v", GIT_LFS),
)
_LETTERS: tuple[tuple[str, Kind], ...] = (  # that a text could begin with: what follows must be no text
    ("PAR1", PARQUET),
    ("FEA1", Kind("arrow", "a Feather file", _TABLE.format("feather"))),
    ("ORC", Kind("orc", "an ORC file", _TABLE.format("orc"))),
    ("GGUF", Kind("weights", "a file of model weights", _TRAIN_ON)),
    ("GIF8[79]a", Kind("image", "a GIF image", _TRAIN_ON)),
    ("RIFF....WEBP", Kind("image", "a WebP image", _TRAIN_ON)),
    ("BM....\0\0\0\0", Kind("image", "a BMP image", _TRAIN_ON)),
    ("....ftyp(?:hei|mif|avif)", Kind("image", "a HEIC or AVIF image", _TRAIN_ON)),
    ("....ftyp", Kind("video", "a video or sound file", _TRAIN_ON)),
    ("RIFF....AVI ", Kind("video", "a video", _TRAIN_ON)),
    ("FLV\x01", Kind("video", "a video", _TRAIN_ON)),
    ("RIFF....WAVE", Kind("audio", "a sound file", _TRAIN_ON)),
    ("(?:ID3[\x02-\x04]|OggS\0|fLaC\0|MThd\0|\xff[\xfb\xf3\xf2])", Kind("audio", "a sound file", _TRAIN_ON)),
    ("(?:MZ.{0,60}?\0|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe)", Kind("program", "a program", _TRAIN_ON)),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")  # control characters, those of white space and terminals aside
_TAG = rb"<(?:html|head|body|meta|title|table|thead|tbody|tr|td|script|style|link|div|h1|p)\b"
_HTML = re.compile(
    rb"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!doctype\s+html\b[^>]*>|<html\b[^>]*>|<(?:head|body|meta|table)\b[^>]*>)"
    rb"\s*(?:<!--.*?-->\s*)*" + _TAG,
    re.IGNORECASE | re.DOTALL,
)
_URL = re.compile(r"(?:https?|ftps?|sftp|s3|gs|gcs|hdfs|hf|abfss?|wasbs?|file):/{1,3}[^\s/]", re.IGNORECASE)


def kind_of(first_bytes: bytes, path: Path | None = None) -> Kind | None:
    """What a file is that is no text; None for text, and for what is not known.

    Args:
        first_bytes: of the file, :data:`HEAD_BYTES` or all.
        path: where it lies, if it does: of an Office document, the names inside it are read as well, and an ending
            tells old ones apart.
    """
    if first_bytes.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return kind_of_names(_names_in_zip(first_bytes, path)) or ZIP
    if first_bytes.startswith(_OLE):
        return _old_office(first_bytes, path)
    for mark, kind in _MARKS:
        if first_bytes.startswith(mark):
            return kind
    # Where a block begins, or the end mark of an empty file: pi and its square root, as BCD.
    if re.match(rb"BZh[1-9](?:\x31\x41\x59\x26\x53\x59|\x17\x72\x45\x38\x50\x90)", first_bytes):
        return BZIP2
    if first_bytes[257:262] == b"ustar":
        return TAR
    return _with_letters(first_bytes) or _of_python(first_bytes) or _written(first_bytes, path)


def _with_letters(first_bytes: bytes) -> Kind | None:
    """A mark of letters, with behind it what no text has."""
    if not _NO_TEXT.search(first_bytes[:32]):
        return None
    for pattern, kind in _LETTERS:
        if re.match(pattern.encode("latin-1"), first_bytes, re.DOTALL):
            return kind
    return None


def _of_python(first_bytes: bytes) -> Kind | None:
    # In no encoding does a text begin with 0x80 and a control character.
    if re.match(rb"\x80[\x02-\x05]", first_bytes) or re.match(rb"[\]}]q\x00|\([ld]p0?\n", first_bytes):
        return PICKLE
    # The length of a header of JSON, in 8 bytes, of which the upper ones are 0.
    if first_bytes[4:8] == b"\0\0\0\0" and first_bytes[8:10] == b'{"':
        return Kind("safetensors", "a file of model weights (safetensors)", _TRAIN_ON)
    return None


def _written(first_bytes: bytes, path: Path | None) -> Kind | None:
    """Documents that are written in characters."""
    start = first_bytes.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        start = start.decode("utf-16", "replace").encode("utf-8", "replace").lstrip()
    if re.match(rb"%PDF-\d\.\d\s*[\r\n]", start):
        return Kind("pdf", "a PDF", "copy its text into a text file (UTF-8), or get the table that it was made from")
    if re.match(rb"\{\\rtf\d", start):
        return Kind("rtf", "a formatted text (RTF)", _PLAIN)
    if start.startswith(b"<?xml") and b'progid="Excel.Sheet"' in start[:512]:
        return EXCEL_XML
    if re.match(rb"(?:<\?xml[^>]*>\s*)?(?:<!doctype svg[^>]*>\s*)?<svg[\s>].*<", start, re.IGNORECASE | re.DOTALL):
        return Kind("image", "an SVG image", _TRAIN_ON)
    if _HTML.match(start):
        return HTML_TABLE if path is not None and path.suffix.lower() in (".xls", ".xlsx") else HTML
    return None


def _old_office(first_bytes: bytes, path: Path | None) -> Kind:
    """By the names of its streams, where they stand early, else by its ending."""
    suffix = "" if path is None else path.suffix.lower()
    if "EncryptedPackage".encode("utf-16-le") in first_bytes:
        return LOCKED_OFFICE
    if "WordDocument".encode("utf-16-le") in first_bytes or suffix == ".doc":
        return OLD_WORD
    if "Workbook".encode("utf-16-le") in first_bytes or suffix in (".xls", ".xlt", ".et", ".csv"):
        return OLD_EXCEL
    return OLD_OFFICE


def _names_in_zip(first_bytes: bytes, path: Path | None) -> list[str]:
    """The names in a zip file: all where it can be opened, else those that stand in its beginning."""
    sources: list[Callable[[], zipfile.ZipFile]] = [lambda: zipfile.ZipFile(io.BytesIO(first_bytes))]
    if path is not None:
        sources.insert(0, lambda: zipfile.ZipFile(path))
    for opened in sources:
        try:
            with opened() as archive:
                return archive.namelist()
        except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
            continue
    names = []
    for found in re.finditer(rb"PK\x03\x04.{22}(..)..", first_bytes, re.DOTALL):
        name = first_bytes[found.end() : found.end() + int.from_bytes(found[1], "little")]
        names.append(name.decode("utf-8", "replace"))
    return names


_OFFICE: tuple[tuple[str, Kind], ...] = (
    ("xl/", EXCEL),
    ("word/", Kind("word", "a Word document", _PLAIN)),
    ("ppt/", Kind("powerpoint", "a PowerPoint presentation", _TRAIN_ON)),
)
_BY_A_NAME = {
    "META-INF/MANIFEST.MF": Kind("program", "a Java program", _TRAIN_ON),
    "META-INF/container.xml": Kind("epub", "an electronic book (EPUB)", "save its text as plain text (UTF-8)"),
    "META-INF/manifest.xml": Kind("opendocument", "a LibreOffice document", "save it there as CSV UTF-8 or as text"),
    "Index/Document.iwa": Kind("numbers", "an Apple Numbers or Pages document", "export it there as CSV or as text"),
}


def kind_of_names(names: Iterable[str]) -> Kind | None:
    """What a zip file is by the names in it, if it is a document and no archive of files."""
    names = list(names)
    if "[Content_Types].xml" in names:  # beside it, folders that anybody may have
        for beginning, kind in _OFFICE:
            if any(name.startswith(beginning) for name in names):
                return kind
    for name in names:
        if name in _BY_A_NAME:
            return _BY_A_NAME[name]
    if any(re.fullmatch(r"[^/]+/data\.pkl", name) for name in names):
        return TORCH
    if names and all(name.endswith(".npy") for name in names):
        return NUMPY
    return None


def looks_like_url(text: str | Path) -> bool:
    """Whether what was given for a path is an address on the web; a ``Path`` of one has lost a slash."""
    return _URL.match(str(text).strip()) is not None


def refuse_url(text: str | Path) -> None:
    """Name an address that was given for a path.

    Raises:
        DataError: if it is one.
    """
    if looks_like_url(text):
        shown = re.sub(":/+", "://", str(text).replace("\\", "/").strip(), count=1)
        raise DataError(
            f"{one_line(shown)}: an address on the web; expected a file on this machine: download it first and name "
            "the file"
        )
