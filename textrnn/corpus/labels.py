"""Labels as they are written: one form for what looks the same, and which of them are probably meant to be one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

# Zero width space, word joiner, byte order mark, soft hyphen, and what turns the direction of writing.
INVISIBLE = "\u200b\u2060\ufeff\u00ad\u200e\u200f\u202a-\u202e\u2066-\u2069"
_REMOVED = re.compile(f"[{INVISIBLE}\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BLANKS = re.compile(r"\s+")
_AT_THE_ENDS = " \u200c\u200d"  # joiners mean something between letters, and nothing beside none
_END_PUNCTUATION = ".,;:!?。、"  # after NFKC, which narrows the wide ones
_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,40}(?:\.0{1,40})?")
# In lower case. Some of them may be classes, which is why they are only pointed out.
WORDS_FOR_NOTHING = frozenset({
    "", "nan", "null", "n/a", "na", "#n/a", "<na>", "nat", "none", "nil", "\\n", "undefined", "-", "--", "—", "/",
    "(null)", "(none)", "(empty)", "(blank)", "[]", "{}", "无", "空", "空值", "缺失", "暂无",
})  # fmt: skip


def canonical_label(label: str) -> str:
    """The form in which labels are compared: what looks the same is the same.

    Characters that cannot be seen are removed, white space of any kind becomes single blanks, and letters with their
    accents are composed (NFC). Applied twice, it changes nothing more.
    """
    if label.isascii() and label.isprintable() and "  " not in label:
        return label.strip()
    label = _BLANKS.sub(" ", _REMOVED.sub("", label)).strip(_AT_THE_ENDS)
    return unicodedata.normalize("NFC", label)


def look_alike_key(label: str) -> str:
    """Equal for labels that differ only in case, width, end punctuation or the form of a whole number.

    ``Sport``, ``sport.`` and ``ＳＰＯＲＴ`` have one key, and so have ``1``, ``1.0`` and ``01``; ``1.1`` and ``1.10``,
    which may be sections, and ``C#`` and ``C`` have not.
    """
    key = unicodedata.normalize("NFKC", canonical_label(label)).casefold()
    key = canonical_label(unicodedata.normalize("NFKC", key))
    key = key.rstrip(_END_PUNCTUATION + _AT_THE_ENDS) or key
    if _WHOLE_NUMBER.fullmatch(key):
        return str(int(key.partition(".")[0]))
    return key


def look_alike_groups(counts: Mapping[str, int]) -> list[list[str]]:
    """Labels that look alike, each group with its commonest first; the others stand alone and are not listed.

    Args:
        counts: rows by label.
    """
    groups: dict[str, list[str]] = {}
    for label in counts:
        groups.setdefault(look_alike_key(label), []).append(label)
    several = [labels for labels in groups.values() if len(labels) > 1]
    # Of equally common ones, the form that is the key already, then by characters: the same in every order of rows.
    return [
        sorted(labels, key=lambda label: (-counts[label], label != look_alike_key(label), label)) for labels in several
    ]


def merge_groups(counts: Mapping[str, int]) -> dict[str, str]:
    """For each label that looks like a commoner one, that one; labels that stay are not in it.

    Args:
        counts: rows by label.
    """
    return {label: kept for kept, *others in look_alike_groups(counts) for label in others}


def stands_for_nothing(label: str) -> bool:
    """Whether a label is a word that programs and people write where there is none."""
    return canonical_label(label).casefold() in WORDS_FOR_NOTHING
