"""Running text for language models: where it is, what of it is read, and which part is held out.

file -> characters (letters and spaces, or all) -> training text, held-out tail -> ids
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn.config import CorpusConfig
from textrnn.corpus.readers import LONE_SURROGATE
from textrnn.corpus.running_text import common_path, digest_of, read_running_text
from textrnn.corpus.sources.catalog import data_folders
from textrnn.corpus.sources.content import STDIN, content_of
from textrnn.corpus.sources.kinds import refuse_url
from textrnn.errors import DataError, Note, did_you_mean, listed, user_path
from textrnn.files import exclusive_use, portable_name

if TYPE_CHECKING:
    from textrnn.corpus.sources.download import Progress

STORY = "story"  # ships with the project, so there is always something to learn from
PACKED_ENDINGS = (".gz", ".bz2", ".xz", ".zip", ".tar", ".tgz")
LETTERS_BY_DEFAULT = ("timemachine", STORY)


@dataclass(frozen=True)
class PublishedText:
    """A published text and its checksum (``sha1:`` or ``git:``, a git blob id)."""

    url: str
    checksum: str


PUBLISHED_TEXTS = {
    "timemachine": PublishedText(
        "http://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt", "sha1:090b5e7e70c295757f55df93cb0a180b9691891a"
    ),
    "tinyshakespeare": PublishedText(
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "git:7dcb3a2d4cc3b48b6283dd46870bfeb78f88aac9",
    ),
}


@dataclass(frozen=True)
class TextSource:
    """A text by name, and the files, folders and archives it is in."""

    name: str
    paths: tuple[Path, ...]
    by_name: bool = False  # found by its name, not as a path

    @property
    def path(self) -> Path:
        """Where it is, for messages: of several, the folder that holds them."""
        return common_path(self.paths)

    def digest(self) -> str:
        """By which the text of a saved model is recognised.

        Raises:
            DataError: if it cannot be read.
        """
        return digest_of(self.paths)


def several(corpus: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    """The names and paths of a text that is given as one or as several."""
    return (str(corpus),) if isinstance(corpus, str | Path) else tuple(map(str, corpus))


def corpus_name(corpus: str | Sequence[str]) -> str:
    """What the folder of saved models is called: the catalog's name, or the file's own without its ending.

    Several files go by the name of the folder that all were named in, else by the first one's and their number.
    """
    corpora = several(corpus)
    if len(corpora) == 1:
        return _name_of(corpora[0])
    folders = {Path(each).parent for each in corpora if _is_path(each)}
    if len(folders) == 1 and all(map(_is_path, corpora)) and (folder := folders.pop()).name:
        return portable_name(folder.resolve().name)
    return f"{_name_of(corpora[0])}+{len(corpora) - 1}"


def _name_of(corpus: str) -> str:
    if corpus == STDIN:
        return "stdin"
    path = user_path(corpus, "corpus")
    if path.is_dir():
        return portable_name(path.resolve().name)
    if not path.is_file() and not _is_path(corpus):
        return portable_name(corpus.lower())
    path = path.resolve()
    return portable_name(Path(path.stem).stem if path.suffix.lower() in PACKED_ENDINGS and path.stem else path.stem)


def _is_path(corpus: str) -> bool:
    """Whether this can only be a path: it has a folder or an ending."""
    return bool(Path(corpus).suffix) or any(separator in corpus for separator in ("/", os.sep))


def find_local(corpus: str | Sequence[str]) -> TextSource | None:
    """A text on this machine: files, folders, or ``NAME.txt`` in one of the data folders; None if it is not.

    Raises:
        DataError: for a path that leads to nothing.
    """
    found = [_find_one(each) for each in several(corpus)]
    sources = [source for source in found if source is not None]
    return _joined(corpus, sources) if len(sources) == len(found) else None


def _joined(corpus: str | Sequence[str], sources: Sequence[TextSource]) -> TextSource:
    paths = tuple(path for source in sources for path in source.paths)
    return TextSource(corpus_name(corpus), paths, by_name=len(sources) == 1 and sources[0].by_name)


def _find_one(corpus: str) -> TextSource | None:
    refuse_url(corpus)
    name = _name_of(corpus)
    if corpus == STDIN:
        return TextSource(name, (Path(STDIN),))
    path = user_path(corpus, "corpus")
    if path.is_file():
        return TextSource(name, (path,))
    for folder in [] if _is_path(corpus) else data_folders():
        for file_name in dict.fromkeys((f"{corpus}.txt", f"{name}.txt")):
            if (folder / file_name).is_file():
                return TextSource(name, (folder / file_name,), by_name=True)
    if path.exists():  # a folder, or a pipe
        return TextSource(name, (path,))
    if _is_path(corpus):
        raise DataError(f"{path}: no such file; expected `corpus` to be a name or a text file")
    return None


def find_text(corpus: str | Sequence[str], *, on_progress: Progress | None = None, timeout: float = 5.0) -> TextSource:
    """The files of a text given as names or paths, downloaded where it is a published one that is not here.

    Args:
        timeout: seconds to wait for the server.

    Raises:
        DataError: if there is no such text, or it cannot be downloaded.
    """
    sources = [_find_one(each) or _download(each, on_progress, timeout) for each in several(corpus)]
    return _joined(corpus, sources)


def _download(corpus: str, on_progress: Progress | None, timeout: float) -> TextSource:
    name = _name_of(corpus)
    if name not in PUBLISHED_TEXTS:
        names = sorted({*PUBLISHED_TEXTS, STORY, *_local_names()})
        raise DataError(
            f"`corpus` {corpus}: no such text; expected one of {listed(names)}, or the path of a text file"
            f"{did_you_mean(corpus, names)}"
        )
    from textrnn.corpus.sources.download import fetch  # the HTTP client costs start-up time

    known = PUBLISHED_TEXTS[name]
    base = os.environ.get("TEXTRNN_MIRROR", "").rstrip("/")
    target = Path("data") / f"{name}.txt"
    with exclusive_use(target.parent, remedy="wait for it to end"):
        url = f"{base}/{target.name}" if base else known.url
        fetch(url, target, known.checksum, timeout=timeout, on_progress=on_progress)
    return TextSource(name, (target,), by_name=True)


def _local_names() -> set[str]:
    return {path.stem for folder in data_folders() if folder.is_dir() for path in folder.glob("*.txt")}


def substitutions(*, letters: bool) -> tuple[tuple[str, str], ...]:
    """What :func:`prepare_text` does to a beginning of a text, for other programs; letters are then made small."""
    return (("[^A-Za-z]+", " "),) if letters else ((LONE_SURROGATE.pattern, "\ufffd"), ("\r\n?", "\n"))


def only_letters(text: str) -> str:
    """Lower-case a to z; everything between or around letters is one space."""
    return re.sub("[^A-Za-z]+", " ", text).lower()


class TextReader:
    """Turns raw text into what a model reads, piece by piece: however the text is cut, the result is the same.

    White space whose meaning depends on the next piece is held back, and at the end of a text dropped.

    Args:
        letters: only letters and spaces; else every character, line ends made ``\\n``.
        line_join: of letters, what a line end becomes: ``space``, or ``none`` as in the book, where the last word of
            a line and the first of the next become one.

    Source of ``none``: Zhang et al., Dive into Deep Learning, section "Text Preprocessing".
    """

    def __init__(self, *, letters: bool, line_join: str = "space"):
        self.letters, self.line_join = letters, line_join
        self.held_back = ""
        self.started = False

    def read(self, piece: str) -> str:
        """The next piece."""
        text = self.held_back + LONE_SURROGATE.sub("\ufffd", piece)
        if not self.letters:
            self.held_back = "\r" if text.endswith("\r") else ""
            return re.sub("\r\n?", "\n", text.removesuffix(self.held_back))
        last = re.search("[A-Za-z][^A-Za-z]*\\Z", text)
        end = last.start() + 1 if last else 0
        rest = text[end:]
        self.held_back = "\n" if re.search("[\r\n]", rest) else rest[:1] and " "
        body = text[:end]
        if self.line_join == "none":
            body = re.sub("[^A-Za-z]+", lambda run: "" if re.search("[\r\n]", run[0]) else " ", body).lower()
        else:
            body = only_letters(body)
        if not self.started:
            body = body.lstrip()
        self.started = self.started or bool(body)
        return body


def prepare_text(text: str, *, letters: bool, line_join: str = "space") -> str:
    """A whole text as a model reads it; see :class:`TextReader`."""
    reader = TextReader(letters=letters, line_join=line_join)
    body = reader.read(text)
    return body if letters or not reader.held_back else body + "\n"


@dataclass(frozen=True)
class Corpus:
    """A text cut into the part to learn from and the tail that is never learnt from.

    Attributes:
        context: the end of the text before the held-out part
        digest: to recognise the text of a saved model
        letters: whether only letters and spaces are read
        reading: what was read, as plain values
    """

    name: str
    path: Path
    train: str
    held_out: str
    context: str
    letters: bool
    digest: str
    reading: dict[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def _reads_letters(source: TextSource) -> bool:
    """Whether this is one of the texts that are read as letters: found by its name, or the same file by its path."""
    if source.name not in LETTERS_BY_DEFAULT or len(source.paths) > 1:
        return False
    published = PUBLISHED_TEXTS.get(source.name)
    if source.by_name or published is None:
        return source.by_name or any(source.path.resolve() == folder / f"{STORY}.txt" for folder in data_folders())
    if not source.path.is_file():
        return False
    content = content_of(source.path).read()
    return published.checksum == f"sha1:{hashlib.sha1(content, usedforsecurity=False).hexdigest()}"


CONTEXT_CHARACTERS = 1024  # characters before the held-out text that may be read (not scored) to warm up


def load_corpus(source: TextSource, config: CorpusConfig) -> Corpus:
    """Read a text and cut it.

    Raises:
        DataError: if it is empty or cannot be decoded.
    """
    found = read_running_text(source.paths, config.encoding)
    if not found.text.strip() and len(found.files) > 1:
        raise DataError(f"{source.path}: no text in the files; expected one to learn from")
    letters = _reads_letters(source) if config.letters is None else config.letters
    corpus = cut_corpus(found.text, source.name, source.path, config, letters=letters, digest=found.digest)
    is_told = source.by_name and found.encodings == ("UTF-8",)
    notes = () if is_told else (Note("text_read", read=found),)
    return dataclasses.replace(corpus, reading=found.to_dict(), notes=notes)


def cut_corpus(text: str, name: str, path: Path, config: CorpusConfig, *, letters: bool, digest: str) -> Corpus:
    """Cut a text into what is learnt and what is held out.

    Args:
        path: where it is, for messages.

    Raises:
        DataError: if there is nothing in it to learn from.
    """
    if not text.strip():
        raise DataError(f"{path}: no text in it; expected one to learn from")
    whole = prepare_text(text, letters=letters, line_join=config.line_join)
    if letters and not whole:
        raise DataError(
            f"{path}: no letter from a to z in it; expected some with `letters`: use `letters=False` to read every "
            "character"
        )
    cut = int(len(whole) * (1 - config.held_out))
    train = whole[:cut] if config.max_chars is None else whole[: min(cut, config.max_chars)]
    context = whole[max(0, cut - CONTEXT_CHARACTERS) : cut]
    return Corpus(name, path, train, whole[cut:], context, letters, digest)
