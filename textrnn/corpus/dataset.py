"""A labelled data set with its classes and its three splits, read, checked and split where splits are missing."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.config import DataConfig
from textrnn.corpus.check import ReadDataset, ReadFiles, findings
from textrnn.corpus.embeddings import StaticVectors, read_static_vectors
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.labels import (
    class_indices,
    count_from_one,
    is_index,
    labels_are_names,
    look_alike_key,
    merge_groups,
)
from textrnn.corpus.readers import Reading, Rows, read_class_names, read_rows
from textrnn.corpus.sources.catalog import Source
from textrnn.corpus.splitting import make_splits
from textrnn.corpus.tokenizers import Tokenizer, WordsBesideCharacters, are_chinese, words_are_spaced
from textrnn.corpus.vocab import EncodedTexts, Vocabulary
from textrnn.errors import DataError, Note, UnlabelledError, did_you_mean, listed, one_line


@dataclass
class Split:
    """Texts and the indices of their classes, row by row.

    Attributes:
        labels: one class a row; empty where rows have several
        label_sets: the classes of each row, where there may be several or none; else None
        soft_labels: float32, (rows, C): how much each row is of each class, where labels are guesses; else None
        rows: where they are from; None of texts in memory
        weights: (rows,): what each row counts where it is learnt; None: all alike
        places: (rows,): of texts in memory, where each stood among those that were split; None: not known
    """

    texts: list[str]
    labels: list[int]
    rows: Rows | None = None
    weights: NDArray[np.float64] | None = None
    label_sets: LabelSets | None = None
    soft_labels: NDArray[np.float32] | None = None
    places: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def first(self, count: int) -> Split:
        """The first rows, without what is known of their files."""
        few = None if self.label_sets is None else self.label_sets.select(range(min(count, len(self))))
        return Split(self.texts[:count], self.labels[:count], label_sets=few)

    @property
    def targets(self) -> list[int] | LabelSets:
        """What is learnt of each row: its class, or its classes."""
        return self.labels if self.label_sets is None else self.label_sets

    def class_counts(self, class_count: int) -> NDArray[np.int64]:
        """(C,): rows of each class."""
        if self.label_sets is not None:
            return self.label_sets.counts(class_count)
        return np.bincount(np.asarray(self.labels, dtype=np.int64), minlength=class_count)


@dataclass(frozen=True)
class EncodedDataset:
    """The three splits as token ids, with their vocabulary.

    Attributes:
        digest: SHA-256 of the content, to recognise the data of a run that is resumed
        static: what made the vectors of whole texts; None: there are none
        counted: the texts of train and dev, where the tokens of both are counted; else None
    """

    vocabulary: Vocabulary
    train: EncodedTexts
    dev: EncodedTexts
    test: EncodedTexts
    digest: str
    static: StaticVectors | None = None
    counted: EncodedTexts | None = None

    @property
    def known(self) -> EncodedTexts:
        """The texts whose tokens and n-grams are counted: those to learn from, unless others are named."""
        return self.train if self.counted is None else self.counted


@dataclass
class Dataset:
    """Classes, splits, and notes on how they were made.

    Attributes:
        class_names: the labels of the splits are indices into them
        folder: where pretrained vectors may be
        readings: what was understood of each file
        vocabulary: of a model that learns on, or with the tokens of what it begins from, see :meth:`encode_with`; None:
            that of the training texts
        static: vectors of whole texts; of a model that learns on, else read when they are asked for
        dev_is_learnt: whether rows of dev are learnt, too, when they have decided what they are to decide
    """

    name: str
    class_names: list[str]
    train: Split
    dev: Split
    test: Split
    notes: list[Note] = field(default_factory=list)
    folder: Path | None = None
    readings: list[Reading] = field(default_factory=list)
    vocabulary: Vocabulary | None = None
    static: StaticVectors | None = None
    dev_is_learnt: bool = False
    _encoded: dict[tuple[Any, ...], EncodedDataset] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        """Rows of all splits."""
        return len(self.train) + len(self.dev) + len(self.test)

    @property
    def multi_label(self) -> bool:
        """Whether rows may have several labels, or none."""
        return self.train.label_sets is not None or self.test.label_sets is not None

    @property
    def dev_was_made(self) -> bool:
        """Whether nobody gave a dev split: its rows were taken out of those to learn from, or are the same."""
        made = any(note.kind == "split_made" and "dev" in note["missing"] for note in self.notes)
        return made or self.dev is self.train

    @cached_property
    def words_are_spaced(self) -> bool:
        """Whether most letters of the training texts are of scripts that put spaces between words."""
        return words_are_spaced(self.train.texts)

    @cached_property
    def is_chinese(self) -> bool:
        """Whether most letters of the training texts are Chinese characters."""
        return are_chinese(self.train.texts)

    @property
    def cut_into_words(self) -> Tokenizer | WordsBesideCharacters | None:
        """What cuts a text into words and marks, in lower case; None where there is nothing that does."""
        if self.words_are_spaced:
            return Tokenizer("mixed", lowercase=True)
        return self._words if self.is_chinese else None

    @cached_property
    def _words(self) -> WordsBesideCharacters:
        """One for the networks and the linear model, so that a text is cut once."""
        return WordsBesideCharacters()

    def encoded(self, data: DataConfig) -> EncodedDataset:
        """The vocabulary of the training texts and all splits as token ids; the last result is remembered.

        Args:
            data: settled, see :func:`textrnn.tasks.settings.settle`.
        """
        of_texts = (data.tokenizer, data.lowercase, data.min_freq, data.max_vocab, data.pad_size, data.is_spelt)
        key = (*of_texts, data.static_folder)
        if key not in self._encoded:
            self._encoded = {key: self._encode(data)}
        return self._encoded[key]

    def encode_with(self, vocabulary: Vocabulary) -> None:
        """Take another vocabulary than that of the training texts."""
        self.vocabulary, self._encoded = vocabulary, {}

    def _encode(self, data: DataConfig) -> EncodedDataset:
        known = [*self.train.texts, *self.dev.texts] if self.dev_is_learnt else self.train.texts
        vocabulary = self.vocabulary or Vocabulary.from_settings(known, data)
        splits = (self.train, self.dev, self.test)
        how: Any = {"max_tokens": data.max_tokens, "spelling": data.is_spelt, "cut": self._words.cut}
        train, dev, test = (vocabulary.encode(split.texts, **how) for split in splits)
        counted = vocabulary.encode(known, **how) if self.dev_is_learnt else None
        static = None
        if data.static_folder is not None:
            static = self.static = self.static or read_static_vectors(data.static_folder)
            train, dev, test = (
                dataclasses.replace(part, sentence_vectors=static.of(split.texts))
                for part, split in zip((train, dev, test), splits, strict=True)
            )
        digest = hashlib.sha256("\n".join(self.class_names).encode("utf-8", "replace"))
        digest.update(vocabulary.to_json().encode("utf-8", "replace"))
        for encoded, split in zip((train, dev, test), splits, strict=True):
            for array in (encoded.token_ids, encoded.offsets, np.array(split.labels, dtype=np.int64)):
                digest.update(array.tobytes())
            if split.label_sets is not None:
                digest.update(split.label_sets.offsets.tobytes() + split.label_sets.indices.tobytes())
            if encoded.spelling is not None:
                digest.update(encoded.spelling.characters.tobytes())
            if encoded.sentence_vectors is not None:
                digest.update(encoded.sentence_vectors.tobytes())
            for of_rows in (split.weights, split.soft_labels):
                if of_rows is not None:
                    digest.update(of_rows.tobytes())
        return EncodedDataset(vocabulary, train, dev, test, digest.hexdigest(), static, counted)


def load_dataset(source: Source, config: DataConfig) -> Dataset:
    """Read all files of a data set and check them against each other.

    Raises:
        DataError: for anything wrong with a file (``path:line``), a label or the classes as a whole.
    """
    read, notes = read_files(source, config)
    # First the classes: labels are checked against them.
    notes += refuse_errors_of_checks(read)
    whole, more = with_splits(read, config)
    notes += more
    notes += refuse_errors_of_checks(whole)
    train, dev, test = (
        Split(rows.texts, list(whole.labels[split]), rows, label_sets=whole.label_sets.get(split))
        for split, rows in ((split, whole.rows[split]) for split in ("train", "dev", "test"))
    )
    readings = [part.reading for part in read.rows.values() if part.reading is not None]
    return Dataset(
        source.name, list(read.class_names), train, dev, test, notes, folder=source.folder, readings=readings
    )


def read_files(source: Source, config: DataConfig, *, keep_bad: bool = False) -> tuple[ReadFiles, list[Note]]:
    """The rows of all files that there are, the classes, and notes on how they were read.

    Args:
        keep_bad: rows that cannot be used stop nothing, however many they are.

    Raises:
        DataError: for what cannot be read.
    """
    files = {"train": source.train, "dev": source.dev, "test": source.test}
    rows: dict[str, Rows] = {}
    notes: list[Note] = []
    class_names, note = read_class_names(source.class_names) if source.class_names else ([], None)
    for split, path in files.items():
        try:
            if path is not None:
                like = rows.get("train")
                rows[split] = read_rows(path, config, like=like, keep_bad=keep_bad, class_names=class_names)
        except UnlabelledError as error:
            if split != "test":
                raise
            notes.append(Note("unlabelled_test", path=path, error=error))  # what is to be answered, as contests give it
    beside = [path for path in source.beside if any(part.path == path for part in rows.values())]
    notes += [Note("sister_files", train=source.train, others=beside)] if beside else []
    if source.class_names:
        notes += [note] if note else []
        _name_numbered_classes(rows, class_names)
    notes.append(Note("read", readings=[part.reading for part in rows.values() if part.reading is not None]))
    if config.merge_labels:
        notes += _merge_labels(rows, class_names)
    if not source.class_names:
        class_names = sorted_names({label for part in rows.values() for label in part.every_label})
    return ReadFiles(rows, class_names, source.class_names), notes


def with_splits(read: ReadFiles, config: DataConfig) -> tuple[ReadDataset, list[Note]]:
    """The same with splits in the place of those that are missing, every label as the index of its class.

    Raises:
        DataError: for a label that is no class, or too few rows for a split.
    """
    rows, class_names, notes = dict(read.rows), list(read.class_names), list[Note]()
    by_name = labels_are_names(rows["train"].every_label, class_names)
    missing = [split for split in ("dev", "test") if split not in rows]
    if missing:
        path = rows["train"].path
        rows = make_splits(rows, missing, config.split_seed)
        counts = {split: len(rows[split]) for split in ("train", *missing)}
        notes.append(Note("split_made", path=path, missing=missing, seed=config.split_seed, rows=counts))
    found = {split: _class_indices(part, class_names, by_name, read.class_file) for split, part in rows.items()}
    label_sets = {split: indices for split, indices in found.items() if isinstance(indices, LabelSets)}
    labels = {split: [] if isinstance(indices, LabelSets) else indices for split, indices in found.items()}
    return ReadDataset(rows, class_names, read.class_file, labels, label_sets=label_sets), notes


def refuse_errors_of_checks(read: ReadFiles) -> list[Note]:
    """The warnings of all checks.

    Raises:
        DataError: for their errors, all in one.
    """
    found = findings(read)
    errors = [str(finding) for finding in found if finding.severity == "error"]
    if errors:
        raise DataError("; ".join(errors))
    return [Note("finding", finding=finding) for finding in found]


def _name_numbered_classes(rows: dict[str, Rows], class_names: list[str]) -> None:
    """Labels that count the lines of the class file from 1 become the names that stand there."""
    labels = {label for part in rows.values() for label in part.every_label}
    if labels_are_names(rows["train"].every_label, class_names) or not count_from_one(labels, len(class_names)):
        return
    for part in rows.values():
        part.rename({label: class_names[int(label.removesuffix(".0")) - 1] for label in labels})
        if part.reading is not None:
            details = (*part.reading.details, "labels count the classes from 1")
            part.reading = dataclasses.replace(part.reading, details=details)


def _merge_labels(rows: dict[str, Rows], class_names: list[str]) -> list[Note]:
    """Give labels that look alike one name: that of the list of classes, else the commonest."""
    counts = Counter(label for part in rows.values() for label in part.every_label)
    total = counts.total()
    known = {name: total + counts[name] for name in class_names}  # more than any that is not in the list
    merged = merge_groups({**counts, **known})
    merged = {label: kept for label, kept in merged.items() if label in counts and label not in known}
    for part in rows.values():
        part.rename(merged)
    return [Note("labels_merged", merged=merged, counts=counts)] if merged else []


def sorted_names(names: set[str]) -> list[str]:
    """Numbers by value, everything else by its characters."""
    if all(is_index(name) for name in names):
        return sorted(names, key=lambda name: (float(name), name))
    return sorted(names)


def _class_indices(rows: Rows, class_names: list[str], by_name: bool, class_file: Path | None) -> list[int] | LabelSets:
    index_of = class_indices(rows.every_label, class_names, by_name=by_name)
    for labels, number in zip(rows.label_sets or ((label,) for label in rows.labels), rows.line_numbers, strict=True):
        for label in labels:
            if label not in index_of:
                raise _label_error(rows.path, number, label, class_names, by_name, class_file)
    if rows.label_sets is not None:
        return LabelSets.of([index_of[label] for label in labels] for labels in rows.label_sets)
    return [index_of[label] for label in rows.labels]


def _label_error(
    path: Path, number: int, label: str, class_names: list[str], by_name: bool, class_file: Path | None
) -> DataError:
    where = f"{path}:{number}"
    origin = class_file.name if class_file else "the labels of the training split"
    if by_name:
        near = did_you_mean(label, class_names)
        if look_alike_key(label) in map(look_alike_key, class_names):
            near += " `merge_labels` joins those that look alike"
        return DataError(
            f"{where}: unknown class {one_line(repr(label), widest=60)}; expected one of {listed(class_names)} "
            f"({origin}){near}"
        )
    what = "is out of range" if re.fullmatch(r"[+-]?\d+", label) else "is not a number"
    return DataError(
        f"{where}: class index {one_line(label, widest=60)} {what}; expected 0 to {len(class_names) - 1}, "
        f"the {len(class_names)} lines of {origin}"
    )
