"""A file of texts answered by a classifier: read, answered and written block by block, whatever its size.

content -> blocks of records -> answers, here or in several processes -> a file of the same records with their answers
"""

from __future__ import annotations

import contextlib
import gc
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from textrnn.config import DataConfig
from textrnn.corpus.readers.given import Block, GivenTexts
from textrnn.corpus.readers.unlabelled import open_given
from textrnn.corpus.sources.content import STDIN, content_at
from textrnn.errors import ConfigError, Note
from textrnn.files import is_same, written_whole
from textrnn.report.answer_files import Answered, AnswerWriter, answer_writer, format_of
from textrnn.report.answered import Joining
from textrnn.saved.answers import Answers, answer
from textrnn.saved.classifier import Classifier
from textrnn.tasks.workers import Workers, answers_by_threads
from textrnn.training.events import Listener

AT_ONCE = 16_384  # records: enough of each length for batches with little padding (3 % with titles)
COLLECTED = 1 << 20  # records between two looks for cycles
OnProgress = Callable[[int, "int | None", str], None]  # done, of how many, in which unit


@dataclass(frozen=True)
class Below:
    """Records whose answers are less probable than this are put aside into a file, for people; where there may be
    several labels, those with one of which it is less sure, whether it is given or not."""

    probability: float
    path: Path


@dataclass
class Bulk:
    """What is to be answered, and where to.

    Attributes:
        source: a file, or ``-`` for standard input
        output: a file; None: to `write`
        write: takes the bytes where there is no file
        form: of what is written there: ``csv`` or ``jsonl``
        config: how the file is to be read, where that is not to be found out
        top_k: classes of each answer
        folder: where the classifier is saved, of which each process loads its own
    """

    source: Path
    output: Path | None = None
    write: Callable[[bytes], object] | None = None
    form: str = "csv"
    config: DataConfig = field(default_factory=DataConfig)
    top_k: int = 1
    below: Below | None = None
    processes: int = 1
    folder: Path | None = None

    def __post_init__(self) -> None:
        """Raises ConfigError for files that would be written over each other, or formats that are none."""
        named = [("output", self.output)] if self.output is not None else []
        named += [("below", self.below.path)] if self.below is not None else []
        for setting, path in named:
            format_of(path, setting)
            if str(self.source) != STDIN and is_same(path, self.source):
                raise ConfigError(
                    f"`{setting}` {path}: the file that is read; expected another one: it is written while that is read"
                )
        if len(named) == 2 and is_same(named[0][1], named[1][1]):
            raise ConfigError(f"`below` {named[1][1]}: the file of `output`; expected another one")


@dataclass
class Done:
    """What came of it.

    Attributes:
        rows: read and written
        errors: rows without an answer
        first_error: of them
        notes: rows by what was unusual about their texts
        unusual: one of these notes of each kind
        aside: rows put aside for people
        left_out: keys of JSON records that have no column in what was written
    """

    rows: int = 0
    errors: int = 0
    first_error: str = ""
    notes: Counter[str] = field(default_factory=Counter)
    unusual: dict[str, Note] = field(default_factory=dict)
    aside: int = 0
    left_out: tuple[str, ...] = ()


def answer_file(
    classifier: Classifier, asked: Bulk, listener: Listener | None = None, on_progress: OnProgress | None = None
) -> Done:
    """Answer every record of a file; one that cannot be answered has an error in its place.

    Raises:
        DataError: if the file cannot be read at all, or holds no texts.
        ConfigError: for settings that do not fit.
        ArtifactError: if the output cannot be written; what was there before is untouched.
        WorkerError: if a process ends early.
    """
    listener = listener or Listener()
    usual = classifier.settings.data.separator
    given = open_given(content_at(asked.source), asked.config, classifier.read, separator=usual)
    listener.on_note(Note("given_read", reading=given.reading))
    asked = replace(asked, top_k=min(asked.top_k, len(classifier.class_names)))
    done = Done()
    with _seldom_collected(), contextlib.ExitStack() as files:
        writer, aside = _writers(asked, given, Joining.of(classifier), files, listener)
        for answered in _all_answered(classifier, asked, _with_texts(given)):
            _count(done, answered)
            writer.write(answered)
            if aside is not None and asked.below is not None:
                unsure = answered.below(asked.below.probability)
                done.aside += len(unsure.block)
                if len(unsure.block):
                    aside.write(unsure)
            if on_progress is not None:
                on_progress(given.done, given.total, given.unit)
            if done.rows % COLLECTED < AT_ONCE:  # what others may have left
                gc.collect(0)
        for each in (writer, aside):
            if each is not None:
                each.close()
        done.left_out = tuple(writer.left_out)
    return done


@contextlib.contextmanager
def _seldom_collected() -> Iterator[None]:
    """While rows come and go by the thousand, Python does not look through all of them for cycles, of which they have
    none: that was four tenths of the time beside the network."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _writers(
    asked: Bulk, given: GivenTexts, joining: Joining | None, files: contextlib.ExitStack, listener: Listener
) -> tuple[AnswerWriter, AnswerWriter | None]:
    own: dict[str, Any] = {"top_k": asked.top_k, "joining": joining}

    def in_a_file(path: Path, setting: str) -> AnswerWriter:
        if path.exists():
            listener.on_note(Note("file_replaced", path=path))
        file = files.enter_context(written_whole(path, setting))
        form = format_of(path, setting)
        return answer_writer(form, file.write, given.columns, schema=given.schema, **own)

    if asked.output is not None:
        writer = in_a_file(asked.output, "output")
    else:
        assert asked.write is not None, "there is a place for the answers"
        writer = answer_writer(asked.form, asked.write, given.columns, in_a_file=False, **own)
    return writer, None if asked.below is None else in_a_file(asked.below.path, "below")


def _with_texts(given: GivenTexts) -> Iterator[tuple[tuple[Block, list[int] | range], list[str]]]:
    """Blocks, the places in them that have a text, and these texts."""
    for block in given.blocks(AT_ONCE):
        places = [at for at in range(len(block)) if at not in block.errors] if block.errors else range(len(block))
        yield (block, places), block.texts if not block.errors else [block.texts[at] for at in places]


def _all_answered(
    classifier: Classifier, asked: Bulk, items: Iterable[tuple[tuple[Block, list[int] | range], list[str]]]
) -> Iterator[Answered]:
    answers: Iterator[tuple[tuple[Block, list[int] | range], Answers]]
    with contextlib.ExitStack() as at_the_end:
        threads = classifier.threads.most
        if asked.processes == 1 and threads == 1:
            answers = ((item, answer(classifier, texts, top_k=asked.top_k)) for item, texts in items)
        elif asked.processes == 1:
            by_threads = answers_by_threads(classifier, items, threads, asked.top_k)
            answers = at_the_end.enter_context(contextlib.closing(by_threads))  # type: ignore[type-var]
        else:
            folder = asked.folder
            if folder is None:  # of a model in memory alone
                folder = Path(at_the_end.enter_context(tempfile.TemporaryDirectory()))
                classifier.save(folder)
            workers = Workers(classifier, folder, asked.processes, asked.top_k)
            answers = at_the_end.enter_context(contextlib.closing(workers.answers(items)))  # type: ignore[type-var]
        for (block, places), found in answers:
            yield Answered(block, found, places)


def _count(done: Done, answered: Answered) -> None:
    block = answered.block
    done.rows += len(block)
    done.errors += len(block.errors)
    if block.errors and not done.first_error:
        done.first_error = block.errors[min(block.errors)]
    for note in answered.answers.notes.values():
        done.notes[note.kind] += 1
        done.unusual[note.kind] = note
