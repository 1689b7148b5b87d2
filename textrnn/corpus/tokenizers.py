"""Cuts a text into tokens: characters, words by jieba, what white space separates, or words and marks of any script.

And into words that are read beside characters.
"""

from __future__ import annotations

import functools
import re
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from textrnn.errors import ConfigError, did_you_mean


def _characters(text: str) -> Sequence[str]:
    return text


@functools.cache
def _jieba(*, own: bool = False) -> Any:
    """jieba's tokenizer with its dictionary read from the package.

    By itself, jieba keeps a copy in the folder for temporary files, which is not quicker to read, reports that on
    stderr, and prints a traceback where it cannot be written.

    Args:
        own: another one than that of the module, to which a caller may have added words.
    """
    with warnings.catch_warnings(action="ignore"):  # of its escapes, and of the package that it finds its files with
        import jieba
    tokenizer = jieba.Tokenizer() if own else jieba.dt
    with tokenizer.lock:
        if not tokenizer.initialized:  # with words of a caller's own, it is
            tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
            tokenizer.initialized = True
    return tokenizer


def _words(text: str) -> list[str]:
    return [word for word in _jieba().cut(text) if not word.isspace()]


def words_beside_characters(text: str) -> list[str]:
    """The words of a text, every character of it in one of them, so that what a word tells can be divided among its
    characters; spaces as ``\u3000``, so that there can be one between words.

    By the dictionary alone: jieba's guesses at words that it does not know made a linear model worse, and took longer.
    """
    return list(_jieba(own=True).cut(text.replace(" ", "\u3000"), HMM=False))


class WordsBesideCharacters:
    """Cuts texts into those words, each text once: the words of a text are remembered, since both a network and the
    linear model beside it read them. Called with a text, it gives them in lower case, for a linear model; see
    :data:`textrnn.evaluation.linear.features.CutIntoWords`."""

    beside_characters = True

    def __init__(self) -> None:
        self._spelt: dict[str, str] = {}  # the words of a text with a space between them, which takes little memory

    def cut(self, text: str) -> list[str]:
        """The words of a text as they stand there."""
        spelt = self._spelt.get(text)
        if spelt is None:
            spelt = self._spelt[text] = " ".join(words_beside_characters(text))
        return spelt.split(" ") if spelt else []

    def __call__(self, text: str) -> list[str]:
        lowered = text.lower()
        return self.cut(lowered) if lowered in self._spelt else [word.lower() for word in self.cut(text)]


def _spaced(text: str) -> list[str]:
    return text.split()


# Scripts that put no space between words: Chinese, Japanese, Thai, Lao, Burmese, Khmer.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_UNSPACED_LETTER = re.compile(f"[{_UNSPACED}]")
_CHINESE_LETTER = re.compile("[\u4e00-\u9fff]")
_JAPANESE_LETTER = re.compile("[\u3041-\u30ff]")
_ASCII_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s]|_")  # the same, three times as fast
SAMPLE_TEXTS = 2000  # texts examined to choose a tokenizer
SAMPLE_CHARACTERS = 1000  # characters of each


@functools.cache
def _token_pattern() -> re.Pattern[str]:
    # Vowel signs, accents and joiners belong to the word they are in and are not tokens of their own.
    marks = (
        "".join(c for c in map(chr, range(0x300, 0xFE30)) if unicodedata.category(c) in ("Mn", "Mc")) + "\u200c\u200d"
    )
    in_word = f"(?:(?![{_UNSPACED}])[^\\W_][{marks}]*)+"
    return re.compile(f"{in_word}(?:['\u2019]{in_word})*|[{_UNSPACED}][{marks}]*|[^\\w\\s]|_")


def _mixed(text: str) -> list[str]:
    return (_ASCII_TOKEN if text.isascii() else _token_pattern()).findall(text)


def words_are_spaced(texts: Sequence[str]) -> bool:
    """Whether most letters of these texts are of scripts that put spaces between words."""
    sample = _sample(texts)
    unspaced = len(_UNSPACED_LETTER.findall(sample))
    letters = sum(map(str.isalpha, sample))
    return letters > 2 * unspaced


def are_chinese(texts: Sequence[str]) -> bool:
    """Whether most letters of these texts are Chinese characters, and few are Japanese syllables."""
    sample = _sample(texts)
    chinese, japanese = len(_CHINESE_LETTER.findall(sample)), len(_JAPANESE_LETTER.findall(sample))
    letters = sum(map(str.isalpha, sample))
    return 2 * chinese > letters and 10 * japanese < chinese


def _sample(texts: Sequence[str]) -> str:
    step = max(1, len(texts) // SAMPLE_TEXTS)
    return "".join(text[:SAMPLE_CHARACTERS] for text in texts[::step])


TOKENIZERS: dict[str, Callable[[str], Sequence[str]]] = {
    "char": _characters,
    "word": _words,
    "space": _spaced,
    "mixed": _mixed,
}


def token_pattern(name: str) -> str | None:
    """The regular expression whose matches are the tokens of a text, for other programs; None of `word`: jieba's."""
    return {"char": r"[\s\S]", "space": r"\S+", "mixed": _token_pattern().pattern}.get(name)


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer by name, with the clean-up before it. Called with a text, returns its tokens."""

    name: str = "char"
    lowercase: bool = False

    def __post_init__(self) -> None:
        if self.name not in TOKENIZERS:
            raise ConfigError(
                f"`tokenizer` {self.name}: expected one of {', '.join(TOKENIZERS)}{did_you_mean(self.name, TOKENIZERS)}"
            )

    def __call__(self, text: str) -> Sequence[str]:
        return TOKENIZERS[self.name](text.lower() if self.lowercase else text)

    def to_dict(self) -> dict[str, Any]:
        """As stored in ``vocab.json`` and ``config.json``."""
        return {"name": self.name, "lowercase": self.lowercase}
