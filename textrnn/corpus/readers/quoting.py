"""How a file uses quotation marks and backslashes, judged by which reading of them leaves least unexplained.

first lines -> the same lines read in each way -> Dialect
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from textrnn.corpus.readers.delimited import MOST_LINES, Dialect

MOST_MALFORMED = 20  # after which a way of reading needs no further look
MOST_CHARACTERS = 1 << 21  # of the sample
USUALLY_QUOTED = (",", ";", "|")  # in columns that these separate, a text with a quotation mark is quoted


@dataclass
class Usage:
    """What lines are like in one way of reading them.

    Attributes:
        widths: how many records have how many fields
        malformed: fields that open with a quotation mark and do not close with one
        quoted: fields with marks at both ends, but for one of each record that swallows others
        doubled: those with a doubled mark inside, which nobody writes but for this reason
        swallowing: records over several lines, the first and last of which would be records by themselves
    """

    widths: Counter[int] = field(default_factory=Counter)
    malformed: int = 0
    quoted: int = 0
    doubled: int = 0
    swallowing: int = 0

    @property
    def expected(self) -> int:
        """The commonest number of fields, if more than one; else 0."""
        return max((width for width in self.widths if width > 1), key=lambda width: self.widths[width], default=0)

    @property
    def share(self) -> float:
        """Of records with that many fields."""
        return self.widths[self.expected] / max(1, self.widths.total()) if self.expected else 0.0

    @property
    def share_cut(self) -> float:
        """Of records with several fields."""
        return 1 - self.widths[1] / self.widths.total() if self.widths else 0.0


def find_dialect(lines: Sequence[str], separator: str, *, is_cut: bool) -> tuple[Dialect, Usage]:
    """The dialect of lines whose separator is known, and what they are like in it.

    Args:
        is_cut: whether more lines follow.
    """
    text = "\n".join(lines).lstrip("\n")[:MOST_CHARACTERS]
    usage, escaped = usage_of(text, separator, escaped=False, is_cut=is_cut), False
    if '\\"' in text or f"\\{separator}" in text:
        other = usage_of(text, separator, escaped=True, is_cut=is_cut)
        if (other.malformed, -other.share) < (usage.malformed, -usage.share):
            usage, escaped = other, True
    is_quoted = not usage.malformed and (usage.doubled > 0 or usage.quoted > usage.swallowing)
    lenient = separator not in USUALLY_QUOTED and not is_quoted
    return Dialect(separator, escaped=escaped, expected=usage.expected, lenient=lenient), usage


def usage_of(text: str, separator: str, *, escaped: bool, is_cut: bool) -> Usage:
    """Read lines in one way."""
    forms = _Forms.of(separator, escaped=escaped)
    usage, position, size = Usage(), 0, len(text)
    while position < size and usage.malformed < MOST_MALFORMED:
        end = text.find("\n", position)
        end = size if end < 0 else end
        line = text[position:end]
        if '"' not in line and not (escaped and "\\" in line):
            if line and not line.isspace():
                usage.widths[line.count(separator) + 1] += 1
            position = end + 1
            continue
        start, width, quoted, doubled = position, 0, 0, 0
        while True:
            width += 1
            found = forms.quoted.match(text, position)
            if found:
                quoted += 1
                doubled += '""' in found[0].strip()[1:-1]
            else:
                if forms.opening.match(text, position):
                    if is_cut and forms.unclosed.match(text, position) and text.count("\n", position) < MOST_LINES:
                        return usage  # it goes on beyond the sample
                    usage.malformed += 1
                found = forms.plain.match(text, position)
                assert found is not None, "it matches nothing as well"
            position = found.end()
            if position == size or text[position] == "\n":
                break
            position += len(separator)
        usage.widths[width] += 1
        if _swallows(text[start:position], separator, width):
            usage.swallowing += 1
            usage.quoted += quoted - 1
        else:
            usage.quoted += quoted
            usage.doubled += doubled
        position += 1
    return usage


def _swallows(record: str, separator: str, width: int) -> bool:
    first, *rest = record.split("\n")
    ends = [line.split(separator) for line in (first, *rest[-1:])]
    return len(ends) > 1 and all(len(cells) >= width and all(cell.strip('" ') for cell in cells) for cells in ends)


@dataclass(frozen=True)
class _Forms:
    """What a field may be, up to a separator or the end of a line.

    Attributes:
        quoted: with marks at both ends
        plain: without
        opening: the first mark, and blanks before it
        unclosed: a mark opens, and no other closes up to the end of the text
    """

    quoted: re.Pattern[str]
    plain: re.Pattern[str]
    opening: re.Pattern[str]
    unclosed: re.Pattern[str]

    @staticmethod
    def of(separator: str, *, escaped: bool) -> _Forms:
        """For a separator."""
        mark = re.escape(separator)
        blanks = "" if separator == " " else " *"
        other = f"[^{mark}\\n]" if len(separator) == 1 else rf"(?!{mark})[^\n]"
        inside = r'(?:[^"\\]++|\\.|"")*+' if escaped else r'(?:[^"]++|"")*+'
        opening = f'{blanks}"'
        return _Forms(
            re.compile(rf'{opening}{inside}"{blanks}(?={mark}|\n|\Z)', re.DOTALL),
            re.compile(rf"(?:\\[^\n]|{other})*+" if escaped else f"(?:{other})*+"),
            re.compile(opening),
            re.compile(rf"{opening}{inside}\Z", re.DOTALL),
        )
