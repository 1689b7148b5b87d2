"""Which encoding a file is in, found line by line, and its lines as text.

bytes -> every line that is not ASCII votes -> encoding, damaged lines -> lines of text, block by block
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from textrnn.corpus.readers.codecs_by_content import cr_ends_lines, legacy_codec, wide_codec
from textrnn.corpus.readers.common_characters import COMMON, WESTERN
from textrnn.corpus.readers.rows import LINE_END
from textrnn.errors import ConfigError, DataError, did_you_mean, one_line

BLOCK = 1 << 15  # bytes read at a time: what is made of them stays in the cache
SAMPLED_BYTES = 1 << 20  # by which line ends are judged, and whether it is text at all
SAMPLED_LINES = 2000  # by which an encoding other than UTF-8 is judged
MOST_DAMAGED = 0.01  # share of lines with damaged bytes that stops nothing
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
MOST_CONTROLS = 0.02  # share of bytes of a text
FEW_DAMAGED = 3  # lines, which never stop anything
NAMES = {
    "utf-8": "UTF-8",
    "ascii": "ASCII",
    "gb18030": "GB18030",
    "cp950": "Big5",
    "cp932": "Shift-JIS",
    "cp949": "EUC-KR",
    "mac_roman": "Mac Roman",
}
# A few short words of GB18030 are valid UTF-8 as well: phonetic letters (\u0279, \u02ee), which hardly anybody uses.
PHONETIC = re.compile("[\u0250-\u02ff]")
PHONETIC_ONLY = re.compile("[\x00-\x7f\xa0-\xbf\u0250-\u02ff]+")
Openable = Callable[[], BinaryIO]


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a file become lines.

    Attributes:
        codec: Python's name of it
        other: codec of lines that are not in the first: of files glued together
        other_lines: how many those are
        damaged: lines in neither; what cannot be decoded is replaced
        cr_ends_lines: whether a lone carriage return ends a line, as in files of old Macs
        marked: whether a byte order mark says so
    """

    codec: str = "utf-8"
    other: str | None = None
    other_lines: int = 0
    damaged: tuple[int, ...] = ()
    cr_ends_lines: bool = False
    marked: bool = False

    @property
    def name(self) -> str:
        """For people, such as ``UTF-8`` or ``Windows-1252``."""
        return encoding_name(self.codec)

    @property
    def is_wide(self) -> bool:
        """Whether a line end takes more than a byte."""
        return self.codec.startswith(("utf-16", "utf-32"))


def encoding_name(codec: str) -> str:
    """Python's name of an encoding -> the usual one."""
    if codec.startswith(("utf-16", "utf-32")):
        return codec[:6].upper()
    if codec.startswith("iso8859"):
        return codec.replace("iso8859", "ISO-8859")
    return NAMES.get(codec, re.sub("^cp(12[0-9]{2})$", r"Windows-\1", codec))


def read_lines(source: Openable, encoding: Encoding) -> Iterator[tuple[int, list[str]]]:
    """(number of the first line, lines without their ends), block by block.

    A byte order mark at the start of a line (files glued together) and NUL bytes are left out.
    """
    number = 1
    for block in _wide_blocks(source, encoding) if encoding.is_wide else _blocks(source, encoding):
        lines = _as_lines(_decoded(block, encoding) if isinstance(block, bytes) else block, encoding)
        yield number, lines
        number += len(lines)


def decode_all(content: bytes, encoding: Encoding) -> str:
    """All of a file that is in memory, line ends as they are, without a byte order mark before it."""
    text = content.decode(encoding.codec, "replace") if encoding.is_wide else _decoded(content, encoding)
    return text.removeprefix("\ufeff")


def _as_lines(text: str, encoding: Encoding) -> list[str]:
    """Not ``splitlines()``: that also cuts at U+2028, U+0085 and others inside a text."""
    if "\0" in text:
        text = text.replace("\0", "")
    if "\r" in text:
        text = LINE_END.sub("\n", text)
        if encoding.cr_ends_lines:
            text = text.replace("\r", "\n")
    lines = text.removesuffix("\n").split("\n")
    if "\ufeff" in text:
        lines = [line.lstrip("\ufeff") for line in lines]
    return lines


def _blocks(source: Openable, encoding: Encoding) -> Iterator[bytes]:
    """The file in pieces that end with a line."""
    with source() as file:
        kept: list[bytes] = []
        while piece := file.read(BLOCK):
            end = piece.rfind(b"\n") + 1
            if not end and encoding.cr_ends_lines:
                end = piece.rfind(b"\r", 0, len(piece) - 1) + 1  # the last one may be half of a \r\n
            if end:
                yield b"".join([*kept, piece[:end]])
                kept, piece = [], piece[end:]
            kept += [piece] if piece else []
        if kept:
            yield b"".join(kept)


def _wide_blocks(source: Openable, encoding: Encoding) -> Iterator[str]:
    """The same of UTF-16 and UTF-32, decoded."""
    decoder = codecs.getincrementaldecoder(encoding.codec)(errors="replace")
    with source() as file:
        kept: list[str] = []
        while True:
            piece = file.read(BLOCK)
            text = decoder.decode(piece, final=not piece)
            end = len(text) if not piece else text.rfind("\n") + 1
            if not end and encoding.cr_ends_lines:
                end = text.rfind("\r", 0, len(text) - 1) + 1
            if end or (kept and not piece):
                yield "".join([*kept, text[:end]]).removeprefix("\ufeff")
                kept, text = [], text[end:]
            kept += [text] if text else []
            if not piece:
                return


def _decoded(block: bytes, encoding: Encoding) -> str:
    if encoding.other is None:
        try:
            return block.decode(encoding.codec)
        except UnicodeDecodeError:
            pass
    return "\n".join(_decoded_line(line, encoding)[0] for line in block.split(b"\n"))


def _decoded_line(line: bytes, encoding: Encoding) -> tuple[str, bool]:
    """A line as text, and whether it is damaged."""
    readings = []
    for codec in (encoding.codec, encoding.other):
        try:
            readings += [line.decode(codec)] if codec is not None else []
        except UnicodeDecodeError:
            continue
    if len(readings) == 2 and readings[0] != readings[1]:  # bytes that make sense in both: common characters decide
        legacy = encoding.codec if encoding.codec in COMMON else str(encoding.other)
        return max(readings, key=lambda text: _common_share(text, legacy)), False
    return (readings[0], False) if readings else (line.decode(encoding.codec, "replace"), True)


def _common_share(text: str, codec: str) -> float:
    foreign = [character for character in text if character > "\x7f"]
    return sum(character in COMMON.get(codec, "") for character in foreign) / max(1, len(foreign))


@dataclass
class _Survey:
    """What a file is like, read once: counts, and lines that are not UTF-8."""

    lines: int = 0
    utf8_lines: int = 0  # neither ASCII nor damaged
    foreign: int = 0
    foreign_numbers: list[int] = field(default_factory=list)
    phonetic: list[bytes] = field(default_factory=list)  # lines of UTF-8 with nothing but phonetic letters beyond ASCII
    sample: list[bytes] = field(default_factory=list)
    cr_ends_lines: bool = False


def find_encoding(source: Openable, path: Path, named: str | None = None, *, lenient: bool = False) -> Encoding:
    """The encoding of a file.

    Every line that is not ASCII votes for UTF-8, or against it. Where most are against it, the encoding is the one
    that gives most of the commonest characters of its languages, else what charset-normalizer finds.

    Args:
        named: by the user.
        lenient: damaged lines stop nothing, however many they are.

    Raises:
        DataError: with the first line that is damaged, where too many are; if it is no text.
        ConfigError: if `named` is no encoding.
    """
    with source() as file:
        head = file.read(1 << 16)
    wide = wide_codec(head) if named is None else None
    if named is not None:
        wide = codec_of(named)
        if not wide.startswith(("utf-16", "utf-32")):
            encoding = Encoding(wide, cr_ends_lines=_survey(source).cr_ends_lines)
            return _with_damage(source, path, encoding, lenient=lenient)
    if wide is not None:
        text = head.decode(wide, "ignore")
        return Encoding(wide, cr_ends_lines=cr_ends_lines(text), marked=text.startswith("\ufeff"))
    survey = _survey(source)
    marked = head.startswith(codecs.BOM_UTF8)
    encoding = Encoding(cr_ends_lines=survey.cr_ends_lines, marked=marked)
    if not survey.foreign:
        both_ways = survey.phonetic and not survey.utf8_lines and legacy_codec(survey.phonetic) == "gb18030"
        return replace(encoding, codec="gb18030") if both_ways else encoding
    sample = b"".join(survey.sample)[:SAMPLED_BYTES]
    if len(BINARY.findall(sample)) > MOST_CONTROLS * len(sample):
        raise DataError(
            f"{path}:{survey.foreign_numbers[0]}: bytes that no text has; expected text: name the text or table that "
            "is meant, or its `encoding` if it is one"
        )
    legacy = legacy_codec(survey.sample, cr_ends_lines=survey.cr_ends_lines)
    guessed = legacy not in COMMON and legacy not in WESTERN and survey.foreign * 10 <= survey.lines
    if survey.foreign <= survey.utf8_lines or legacy is None or guessed:
        if _few(survey.foreign, survey.lines) or (legacy is None and lenient):
            return Encoding("utf-8", None, 0, tuple(survey.foreign_numbers), survey.cr_ends_lines, marked)
        if legacy is None:
            raise _damaged(path, survey.foreign_numbers, survey.sample[0], "UTF-8", survey.utf8_lines)
        encoding = Encoding("utf-8", legacy, survey.foreign, (), survey.cr_ends_lines, marked)
    elif survey.utf8_lines and legacy not in COMMON:  # any bytes are Windows-1252, and hardly any of them UTF-8
        encoding = Encoding("utf-8", legacy, survey.foreign, (), survey.cr_ends_lines, marked)
    else:
        other = "utf-8" if survey.utf8_lines else None
        encoding = Encoding(legacy, other, survey.utf8_lines if other else 0, (), survey.cr_ends_lines, marked)
    return _with_damage(source, path, encoding, lenient=lenient)


def codec_of(name: str) -> str:
    """Python's name of an encoding.

    Raises:
        ConfigError: if there is none of that name.
    """
    usual = {"ansi": "cp1252", "unicode": "utf-16", "gbk": "gb18030", "gb2312": "gb18030", "big5": "cp950"}
    asked = usual.get(name.strip().casefold(), name.strip())
    try:
        codec = codecs.lookup(asked).name
        "".encode(codec)  # not one of the codecs that are no encodings of text, such as base64
    except (LookupError, TypeError, ValueError, AssertionError) as error:
        known = ["utf-8", "gb18030", "big5", "utf-16", "cp1252", "shift_jis", "euc_kr"]
        raise ConfigError(
            f"`encoding` {one_line(name)}: no such encoding; expected one such as {', '.join(known)}"
            f"{did_you_mean(name, known)}"
        ) from error
    return {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le", "gbk": "gb18030"}.get(codec, codec)


def _few(lines: int, of: int) -> bool:
    return lines <= max(FEW_DAMAGED, MOST_DAMAGED * of)


def _damaged(path: Path, numbers: Sequence[int], line: bytes, name: str, others: int) -> DataError:
    byte = next((line[error.start] for error in [_first_error(line)] if error is not None), line[0])
    more = f", nor are {len(numbers) - 1:,} more lines" if len(numbers) > 1 else ""
    others_are = f"as the other {others:,} lines that are not ASCII" if others else "or another known encoding"
    return DataError(
        f"{path}:{numbers[0]}: byte 0x{byte:02x} is not {name}{more}; expected {name}, {others_are}: save the file as "
        "UTF-8, or name its `encoding`"
    )


def _first_error(line: bytes) -> UnicodeDecodeError | None:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return error
    return None


def _with_damage(source: Openable, path: Path, encoding: Encoding, *, lenient: bool) -> Encoding:
    """The same with the lines that it cannot decode.

    Raises:
        DataError: if they are many.
    """
    damaged: list[int] = []
    first, number, foreign = b"", 1, 0
    for block in _blocks(source, encoding):
        lines = block.split(b"\n")
        try:
            block.decode(encoding.codec)
        except UnicodeDecodeError:
            for index, line in enumerate(lines):
                if not line.isascii():
                    foreign += 1
                    if _decoded_line(line, encoding)[1]:
                        first = first or line
                        damaged.append(number + index)
        number += len(lines) - (not lines[-1])
    if damaged and not lenient and not _few(len(damaged), number):
        raise DataError(
            f"{path}:{damaged[0]}: not {encoding.name}, nor are {len(damaged) - 1:,} more lines; expected few such "
            "lines or none: save the file as UTF-8, or name its `encoding`"
        )
    return Encoding(
        encoding.codec, encoding.other, encoding.other_lines, tuple(damaged), encoding.cr_ends_lines, encoding.marked
    )


def _survey(source: Openable) -> _Survey:
    """Read a file once."""
    found = _Survey()
    ends, lone_ends, doubtful = 0, 0, b""
    for block in _blocks(source, Encoding(cr_ends_lines=True)):
        crs = block.count(b"\r")
        lone = crs - block.count(b"\r\n") if crs else 0
        lone_ends += lone
        if lone and len(doubtful) < SAMPLED_BYTES:
            doubtful += block[: SAMPLED_BYTES - len(doubtful)]
        newlines = block.count(b"\n")
        ends += newlines
        if not block.isascii():
            _count_votes(block, found)
        found.lines += newlines + (not block.endswith(b"\n"))
    if lone_ends:
        found.cr_ends_lines = not ends or cr_ends_lines(doubtful.decode("latin-1"))
        if found.cr_ends_lines and found.foreign:
            return _survey_again(source)
    return found


def _survey_again(source: Openable) -> _Survey:
    """The same, with the true numbers of lines where carriage returns end them."""
    found = _Survey(cr_ends_lines=True)
    for block in _blocks(source, Encoding(cr_ends_lines=True)):
        lines = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        _count_votes(lines, found)
        found.lines += lines.count(b"\n") + (not lines.endswith(b"\n"))
    return found


def _count_votes(block: bytes, found: _Survey) -> None:
    lines = block.split(b"\n")
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and not PHONETIC.search(text):
        found.utf8_lines += len(lines) - sum(map(bytes.isascii, lines))
        return
    for index, line in enumerate(lines):
        if line.isascii():
            continue
        try:
            if PHONETIC_ONLY.fullmatch(line.decode("utf-8")):
                found.phonetic.append(line)
            else:
                found.utf8_lines += 1
        except UnicodeDecodeError:
            found.foreign += 1
            found.foreign_numbers.append(found.lines + index + 1)
            if len(found.sample) < SAMPLED_LINES:
                found.sample.append(line.rstrip(b"\r"))
