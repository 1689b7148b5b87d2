"""Labels as they are written: one form for what looks the same, and which of them are probably meant to be one."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

# Zero width space, word joiner, byte order mark, soft hyphen, and what turns the direction of writing.
INVISIBLE = "\u200b\u2060\ufeff\u00ad\u200e\u200f\u202a-\u202e\u2066-\u2069"
_REMOVED = re.compile(f"[{INVISIBLE}\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BLANKS = re.compile(r"\s+")
_AT_THE_ENDS = " \u200c\u200d"  # joiners mean something between letters, and nothing beside none
_END_PUNCTUATION = ".,;:!?。、"  # after NFKC, which narrows the wide ones
_IN_QUOTES = re.compile("(['\"\u201c\u2018\u300c])(.*[^\\s'\"].*)['\"\u201d\u2019\u300d]")
_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,40}(?:\.0{1,40})?")
# In lower case. Some of them may be classes, which is why they are only pointed out.
WORDS_FOR_NOTHING = frozenset({
    "", "nan", "null", "n/a", "na", "#n/a", "<na>", "nat", "none", "nil", "\\n", "undefined", "-", "--", "—", "/",
    "(null)", "(none)", "(empty)", "(blank)", "[]", "{}", "无", "空", "空值", "缺失", "暂无",
})  # fmt: skip

JOINED_BY = ("|", "\n", ";", ",", "、", "/", "，", "；")
PERHAPS_JOINED_BY = ("/", "+", "&", " ")  # in many names, too
MOST_NAMES_WITH_SLASH = 2  # so many of a few classes may be called like two others: sports/health
_WIDE = {"|": "｜", ";": "；", ",": "，", "/": "／"}
_NARROW = {wide: narrow for narrow, wide in _WIDE.items()}


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
    key = _IN_QUOTES.sub(r"\2", key)
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


def joined_labels(labels: Iterable[str]) -> dict[str, list[str]]:
    """Labels that are several joined by a mark, with their parts: ``a|b`` where ``a`` and ``b`` are labels, too.

    A mark joins labels if most of those that have it are made of labels that stand alone, or if two of them have the
    same parts in another order. ``food/drink`` among classes without ``food`` and ``drink`` is one label.
    """
    every = list(dict.fromkeys(labels))
    found: dict[str, list[str]] = {}
    for mark in JOINED_BY:
        split = {label: [canonical_label(part) for part in label.split(mark)] for label in every if mark in label}
        split = {label: parts for label, parts in split.items() if all(parts) and len(set(parts)) > 1}
        alone = {label for label in every if mark not in label}
        if split and not _are_decimals(split.values(), alone) and _are_joined(split, alone, mark):
            found |= {label: parts for label, parts in split.items() if label not in found}
    return found


@dataclass(frozen=True)
class Joined:
    """A mark that joins the labels of a row.

    Attributes:
        rows: that have it between labels
        known: of them, those whose parts are all labels that stand alone somewhere, or in another place of others
    """

    mark: str
    rows: int
    known: int


def perhaps_joined(labels: Iterable[str]) -> dict[str, tuple[str, list[str]]]:
    """Labels that may be several, joined by what stands in many names as well: ``a&b``, ``a/b``, ``a b``, where most
    labels that have the mark are made of labels that stand alone. By label, the mark and the parts.
    """
    every = list(dict.fromkeys(labels))
    certain = joined_labels(every)
    found: dict[str, tuple[str, list[str]]] = {}
    for mark in PERHAPS_JOINED_BY:
        split = {label: [canonical_label(part) for part in label.split(mark)] for label in every if mark in label}
        split = {label: parts for label, parts in split.items() if all(parts) and len(set(parts)) > 1}
        alone = {label for label in every if label not in split}
        known = {label: parts for label, parts in split.items() if alone.issuperset(parts)}
        if 2 * len(known) > len(split):
            found |= {label: (mark, parts) for label, parts in known.items() if label not in {*found, *certain}}
    return found


def joining_marks(counts: Mapping[str, int], names: Iterable[str] = (), *, asked: bool = False) -> list[Joined]:
    """The marks that join labels, that of most rows first.

    The rule is that of :func:`joined_labels`, and labels that never stand alone count as such if they stand in
    different places, as ``b`` in ``a|b`` and ``b|c``; what is always the second of two is a class within a class.

    Args:
        counts: rows by label.
        names: of classes, where they are known; one of them is one label, whatever is in it.
        asked: whether it is known that rows have several labels.
    """
    classes = set(names)
    found = []
    for mark in dict.fromkeys(_NARROW.get(mark, mark) for mark in JOINED_BY):
        split = {label: parts_of(label, mark, classes) for label in counts}
        split = {label: parts for label, parts in split.items() if len(set(parts)) > 1}
        alone = classes.union(label for label in counts if label not in split)
        known = alone | _in_different_places(split.values())
        if not split or _are_decimals(split.values(), alone) or not _are_joined(split, known, "" if asked else mark):
            continue
        rows = sum(counts[label] for label in split)
        found.append(
            Joined(mark, rows, sum(counts[label] for label, parts in split.items() if known.issuperset(parts)))
        )
    return sorted(found, key=lambda joined: -joined.rows)


def parts_of(label: str, mark: str, names: Container[str] = ()) -> tuple[str, ...]:
    """The labels that a mark joins, each once; its wide form, as in Chinese, joins them as well.

    Args:
        names: of classes: one of them is one label, whatever is in it.
    """
    wide = _WIDE.get(_NARROW.get(mark, mark), mark)
    if (mark not in label and wide not in label) or label in names:
        return (label,) if label else ()
    parts = label.replace(wide, _NARROW.get(mark, mark)).split(_NARROW.get(mark, mark))
    return tuple(dict.fromkeys(filter(None, map(canonical_label, parts))))


def _in_different_places(split: Iterable[Sequence[str]]) -> set[str]:
    """The parts that are not always the first, the second and so on."""
    places: dict[str, set[int]] = {}
    for parts in split:
        for place, part in enumerate(parts):
            places.setdefault(part, set()).add(place)
    return {part for part, different in places.items() if len(different) > 1}


def _in_several_orders(split: Iterable[Sequence[str]]) -> list[tuple[str, ...]]:
    """The parts that stand together in more than one order."""
    orders: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for parts in split:
        orders.setdefault(tuple(sorted(parts)), set()).add(tuple(parts))
    return [parts for parts, different in orders.items() if len(different) > 1]


def _are_joined(split: Mapping[str, Sequence[str]], alone: set[str], mark: str) -> bool:
    if _in_several_orders(split.values()):
        return True
    if mark == "/" and len(split) <= MOST_NAMES_WITH_SLASH:
        return False
    return 2 * sum(set(parts) <= alone for parts in split.values()) > len(split)


def _are_decimals(split: Iterable[Sequence[str]], alone: Container[str]) -> bool:
    """Half grades, such as ``1,5`` and ``2,5``; ``0,1`` beside ``0`` and ``1`` is both of them."""
    parts = list(split)
    if not all(len(part) == 2 and is_index("".join(part)) for part in parts) or len({part[1] for part in parts}) > 1:
        return False
    return len(parts) > 1 or parts[0][1] == "5" or parts[0][1] not in alone


def is_index(label: str) -> bool:
    """Whether a label is a whole number that may be the index of a class, ``7.0`` of a column of numbers among them."""
    return label.removesuffix(".0").isdecimal() and len(label) < 12


def labels_are_names(labels: Sequence[str], class_names: Iterable[str]) -> bool:
    """Whether labels are class names rather than indices, judged by the majority, so that a mistake changes nothing."""
    known = set(class_names)
    return sum(label in known for label in labels) >= sum(map(is_index, labels))


def class_indices(labels: Iterable[str], class_names: Sequence[str], *, by_name: bool) -> dict[str, int]:
    """The index of the class of each of these labels; those that are no class are not in it.

    Args:
        by_name: whether labels are names; otherwise they are indices, ``07`` and ``7.0`` among them.
    """
    index_of = {name: index for index, name in enumerate(class_names)}
    if not by_name:
        index_of = {str(index): index for index in range(len(class_names))}
    found = {}
    for label in set(labels):
        index = index_of.get(label)
        if index is None and not by_name and is_index(label):
            index = index_of.get(str(int(label.removesuffix(".0"))))
        if index is not None:
            found[label] = index
    return found


def count_from_one(labels: Iterable[str], classes: int) -> bool:
    """Whether labels are the numbers 1, 2, ... of classes rather than their indices, which begin at 0."""
    different = set(labels)
    if not different or not all(map(is_index, different)):
        return False
    numbers = {int(label.removesuffix(".0")) for label in different}
    return min(numbers) == 1 and max(numbers) == classes > 1


def are_sorted(labels: Sequence[str], *, enough: int = 10) -> bool:
    """Whether rows stand together by label, but for a few; with `enough` rows a class, that is no chance."""
    classes = len(set(labels))
    changes = sum(a != b for a, b in itertools.pairwise(labels))
    return classes > 1 and len(labels) >= enough * classes and changes < 1.2 * classes
