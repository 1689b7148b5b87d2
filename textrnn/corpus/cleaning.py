"""What does not belong into a text: characters that cannot be seen, markup, bytes read in the wrong encoding.

Each kind is found and removed by the same pattern, so that what was cleaned is found clean.
"""

from __future__ import annotations

import html
import html.entities
import re
from collections.abc import Callable

from textrnn.corpus.labels import INVISIBLE

LONGEST_TEXT = 10_000  # characters of a text among short ones
OUTLIER = 20  # times as long as the texts in the middle
_INVISIBLE_ONLY = re.compile(
    rf"[\s{INVISIBLE}\x00-\x1f\x7f-\x9f\u115f\u1160\u180e\u200c\u200d\u2800\u3164\ufe00-\ufe0f]*"
)
# Of terminals: colours, titles of windows.
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\r\n]{0,200}(?:\x07|\x1b\\))")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_TAGS = (
    "a|abbr|article|b|big|blockquote|body|br|center|code|dd|div|dl|dt|em|font|footer|form|h[1-6]|head|header|hr|html|i|"
    "iframe|img|input|label|li|link|meta|nav|ol|option|p|pre|q|s|script|section|select|small|span|strike|strong|style|"
    "sub|sup|table|tbody|td|textarea|th|thead|title|tr|tt|u|ul|video|wbr"
)
_VALUE = r"\"[^\"<>]*\"|'[^'<>]*'|[^\s<>\"']+"
TAG = re.compile(rf"</?(?:{_TAGS})(?:\s+[a-z][a-z0-9:_-]*\s*=\s*(?:{_VALUE}))*\s*/?>|<!--", re.IGNORECASE)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
ENTITY = re.compile(r"&(?:#\d{2,7}|#[xX][0-9a-fA-F]{2,6}|[a-zA-Z]{2,8}\d{0,2});")
REPLACEMENT = re.compile("\ufffd|锟斤拷|锟斤|烫烫烫|屯屯屯")
# The first byte of a character in UTF-8 and those that follow it, as Windows-1252 and Latin-1 show them.
_FOLLOWING = "\x80-\xbf" + bytes(b for b in range(0x80, 0xA0) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)).decode(
    "cp1252"
)
_MISREAD = re.compile(f"(?:[\xc2-\xdf][{_FOLLOWING}]|[\xe0-\xef][{_FOLLOWING}]{{2}}|[\xf0-\xf4][{_FOLLOWING}]{{3}})+")
_CHINESE = re.compile("[\u3400-\u9fff\u3000-\u303f\uff01-\uff5e]")


def has_nothing_visible(text: str) -> bool:
    """Whether all characters of a text are blanks, joiners and the like."""
    return _INVISIBLE_ONLY.fullmatch(text) is not None


def has_markup(text: str) -> bool:
    """Whether there are tags or entities of HTML, such as ``<br>`` and ``&amp;``."""
    if "<" in text and TAG.search(text):
        return True
    return "&" in text and any(_is_entity(entity) for entity in ENTITY.findall(text))


def _is_entity(text: str) -> bool:
    """Whether ``&name;`` is one of HTML; html.unescape takes ``&notaname;`` for ``&not`` and the rest."""
    return text.startswith("&#") or text[1:] in html.entities.html5


def has_replacement_characters(text: str) -> bool:
    """Whether characters were lost before: U+FFFD, and what older programs write in its place."""
    return REPLACEMENT.search(text) is not None


def is_misread(text: str) -> bool:
    """Whether text in UTF-8 was read as Windows-1252, Latin-1 or GBK: ``cafÃ©``, ``涓枃``."""
    return repaired(text) != text


def repaired(text: str) -> str:
    """The text as it was before it was read in the wrong encoding, wherever that is beyond doubt."""
    if text.isascii():
        return text
    found = _MISREAD.sub(lambda run: _as_utf8(run[0]), text)
    return _read_as_gbk(text) or text if found == text else found


def _as_utf8(run: str) -> str:
    """A run of Latin letters that are the bytes of other characters, as those."""
    found = bytearray()
    for character in run:
        found += character.encode("cp1252") if ord(character) > 0xFF else character.encode("latin-1")
    try:
        before = found.decode("utf-8")
    except UnicodeDecodeError:
        return run
    return run if _CONTROL.search(before) else before  # no text had those


def _read_as_gbk(text: str) -> str | None:
    """Of a whole text: Chinese in UTF-8 read as GBK has other Chinese characters, of half as many again."""
    if len(text) < 4 or not _CHINESE.search(text):
        return None
    try:
        before = text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return None
    # GBK text is hardly ever valid UTF-8 by chance; if it is, what comes out are not Chinese characters.
    return before if len(_CHINESE.findall(before)) >= 3 and "\ufffd" not in before else None


def without_markup(text: str) -> str:
    """The text that a browser would show."""
    for _ in range(3):  # &amp;lt;br&amp;gt; was escaped twice
        if not has_markup(text):
            break
        text = TAG.sub(" ", COMMENT.sub(" ", text))
        text = ENTITY.sub(lambda found: html.unescape(found[0]) if _is_entity(found[0]) else found[0], text)
    return " ".join(text.split()) if "\n" not in text else text.strip()


def without_replacement_characters(text: str) -> str:
    """The text without what stands for characters that are lost."""
    return REPLACEMENT.sub("", text)


# What is wrong, by what, in the order in which it is to be mended.
Repair = tuple[str, Callable[[str], bool], Callable[[str], str]]
REPAIRS: tuple[Repair, ...] = (
    ("misread-characters", is_misread, repaired),
    ("lost-characters", has_replacement_characters, without_replacement_characters),
    ("markup", has_markup, without_markup),
)
ROUNDS = 3  # what one repair leaves may be what another is for: &#65533;
