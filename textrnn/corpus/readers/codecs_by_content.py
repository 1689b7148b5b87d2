"""Which encoding bytes are in and what ends their lines, judged by what they are as text.

first bytes -> UTF-16, UTF-32 or neither; lines that are not UTF-8 -> their encoding; text -> whether \\r ends lines
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from textrnn.corpus.readers.common_characters import COMMON, WESTERN

MOST_ZEROS = 0.25  # share of bytes of what is read as UTF-8; of ASCII in UTF-16, half are zeros
MARKS = (  # a byte order mark says what follows; the longer ones first
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
UTF8_MARK_AS_LATIN_1 = codecs.BOM_UTF8.decode("latin-1")
OLD_MAC = {codec: "".join(filter(str.isalpha, WESTERN["cp1252"])) for codec in ("cp1252", "mac_roman")}
_BETWEEN = r"[\r\n\t,;|]"
QUOTED = [  # fields between marks, in which line ends end nothing; a mark inside is doubled, or after a backslash
    re.compile(rf'(?:\A|(?<={_BETWEEN}))"{inside}"(?={_BETWEEN}|\Z)', re.DOTALL)
    for inside in (r'(?:[^"]++|"")*+', r'(?:[^"\\]++|\\.|"")*+')
]
SINGLE_BYTE = [
    "cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "koi8_r",
    "koi8_u", "mac_roman", "cp437", "cp850", "cp866",
]  # fmt: skip


def wide_codec(head: bytes) -> str | None:
    """UTF-16 or UTF-32, by the mark, or by the zeros of characters that are ASCII."""
    for mark, codec in MARKS:
        # That of UTF-32 is also that of UTF-16 and a NUL behind it.
        if head.startswith(mark) and (codec.startswith("utf-16") or _is_valid(head[: len(head) & ~3], codec)):
            return codec
    zeros = head.count(0)
    if not zeros or len(head) < 4 or (zeros < MOST_ZEROS * len(head) and _is_valid(head, "utf-8")):
        return None
    for codec, width in (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2)):
        whole = head[: len(head) - len(head) % width]
        try:
            text = whole.decode(codec, "strict" if len(head) < 1 << 16 else "ignore")
        except UnicodeDecodeError:
            continue
        strange = sum(not (c.isprintable() or c in "\r\n\t\ufeff\u3000\xa0") for c in text)
        if text and strange <= 0.01 * len(text) and ("\n" in text or "\r" in text):
            return codec
    return None


def _is_valid(head: bytes, codec: str) -> bool:
    """Whether the beginning of a file can be decoded, but for a character that is cut at its end."""
    try:
        codecs.getincrementaldecoder(codec)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def legacy_codec(lines: Sequence[bytes], *, cr_ends_lines: bool = False) -> str | None:
    """The encoding of lines that are not UTF-8; None where no encoding makes sense of them.

    Args:
        cr_ends_lines: as on old Macs, which had encodings of their own.
    """
    sample = b"\n".join(lines)[: 1 << 18]
    by_score = sorted(((_share_of_common(lines, codec), codec) for codec in COMMON), reverse=True)
    score, codec = by_score[0]
    if score >= 0.1:
        return codec
    text = sample.decode("gb18030", "replace")
    if _looks_chinese(text) and 2 * sum(_is_valid(line, "gb18030") for line in lines) > len(lines):
        return "gb18030"
    western = (_western_codec(sample, OLD_MAC) if cr_ends_lines else None) or _western_codec(sample, WESTERN)
    if western is not None:
        return western
    from charset_normalizer import from_bytes

    found = from_bytes(sample, cp_isolation=SINGLE_BYTE, explain=False).best()
    return found.encoding if found is not None and found.encoding != "ascii" else None


def _western_codec(sample: bytes, letters_by_codec: Mapping[str, str]) -> str | None:
    """The code page of a European language in Latin letters, whose few other letters stand alone or in pairs."""
    best, codec = 0.0, None
    for name, letters in letters_by_codec.items():
        text = sample.decode(name, "replace")
        runs = re.findall(r"[^\x00-\x7f]+", text)
        foreign = "".join(runs)
        share = sum(character in letters for character in foreign) / len(foreign)
        if len(foreign) <= 1.5 * len(runs) and share > best:
            best, codec = share, name
    return codec if best >= 0.9 else None


def _share_of_common(lines: Sequence[bytes], codec: str) -> float:
    """Of the characters that are not ASCII, those that are common in the encoding's languages; 0 if it fails often."""
    common, every, failed = 0, 0, 0
    known = set(COMMON[codec])
    for line in lines:
        try:
            foreign = [c for c in line.decode(codec) if c > "\x7f"]
        except UnicodeDecodeError:
            failed += 1
            continue
        every += len(foreign)
        common += sum(c in known for c in foreign)
    return common / every if every and failed <= 0.1 * len(lines) + 1 else 0.0


def _looks_chinese(text: str) -> bool:
    """Whether nearly all characters are common ones: the first level of GB 2312, and its punctuation."""
    foreign = "".join(re.findall(r"[^\x00-\x7f\ufffd]+", text))
    # In GB 2312, lead bytes up to A9 are punctuation and B0 to D7 the 3,755 commonest characters.
    leads = foreign.encode("gb2312", errors="ignore")[::2]
    common = sum(byte <= 0xA9 or 0xB0 <= byte <= 0xD7 for byte in leads)
    return bool(foreign) and common >= 0.9 * len(foreign)


def cr_ends_lines(text: str) -> bool:
    """Whether lone carriage returns cut the text into lines of one kind, or stand inside of texts."""
    outside = text = text.removeprefix("\ufeff").removeprefix(UTF8_MARK_AS_LATIN_1)
    for quoted in QUOTED:
        outside = quoted.sub('""', text) if '"' in text else text
        outside = outside.replace("\r\n", "\n")
        if "\r" not in outside or "\n" not in outside:
            return "\r" in outside
    lines = outside.split("\n")
    pieces = [piece for line in lines for piece in line.split("\r") if "\r" in line and piece.strip()]
    if not pieces or sum(piece.count('"') % 2 for piece in pieces) > len(pieces) / 10:
        return False
    whole = [line for line in lines if line.strip() and "\r" not in line] or pieces
    if all(_share(some, lambda line: line.lstrip().startswith(("{", "__label__"))) >= 0.9 for some in (pieces, whole)):
        return True
    for mark in "\t,;|":  # as many in each piece as in the lines that have no carriage return
        usual = Counter(line.count(mark) for line in whole).most_common(1)[0][0]
        if usual and all(_share(some, lambda line: line.count(mark) == usual) >= 0.9 for some in (pieces, whole)):  # noqa: B023
            return True
    return False


def _share(lines: Sequence[str], is_so: Callable[[str], bool]) -> float:
    return sum(map(is_so, lines)) / len(lines)
