"""Asks every question that there is of a data set, and writes a copy of it without what can be mended.

files -> rows -> findings -> splits -> findings -> tokens -> findings
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from textrnn.config import READING_SETTINGS, DataConfig, Run, TrainConfig, WindowedConfig
from textrnn.corpus.check import ExaminedDataset, ExaminedFiles, Finding, ReadDataset, ReadFiles, findings
from textrnn.corpus.dataset import load_dataset, read_files, with_splits
from textrnn.corpus.fixing import Fixed, fixed
from textrnn.corpus.readers.rows import Reading
from textrnn.corpus.sources.catalog import Source, find_dataset
from textrnn.corpus.sources.download import Progress
from textrnn.corpus.tokenizers import words_are_spaced
from textrnn.corpus.vocab import Vocabulary
from textrnn.errors import ConfigError, DataError, Note
from textrnn.files import write_together
from textrnn.models.registry import find_model
from textrnn.report.label_errors import SuspectRow, suspect_rows, suspects_csv
from textrnn.tasks.settings import combine

CHANGES_FILE = "changes.csv"
TEXT_COLUMN = "text"
LABEL_COLUMNS = ("label", "label_name", "class_name")  # the first that is no class: it would be read as a row
SEVERAL_COLUMNS = ("text", "labels")  # of JSON lines, where rows may have several labels
_NOT_PLAIN = re.compile(r"[\n\r\\]")  # in a CSV file, such texts are read in this way or that; JSON leaves no choice
NOMINAL_SPEED = 90_000  # tokens a second that an LSTM of the usual size learns from, on two cores of a laptop
BASE_MEMORY, ROW_MEMORY, CHARACTER_MEMORY = 600e6, 600, 12  # bytes: the program, and what it keeps of the texts


@dataclass(frozen=True)
class Estimate:
    """What training is going to take, roughly.

    Attributes:
        seconds: for an LSTM on two processor cores
        memory: bytes
    """

    epochs: int
    seconds: float
    memory: float


@dataclass(frozen=True)
class CheckResult:
    """What is to be said of a data set.

    Attributes:
        readings: what was understood of each file
        classes: rows by class and split; empty where the classes are not known
        findings: errors first
        estimate: None where training is impossible
    """

    name: str
    readings: Sequence[Reading]
    classes: dict[str, dict[str, int]]
    findings: Sequence[Finding]
    estimate: Estimate | None = None

    @property
    def has_errors(self) -> bool:
        """Whether training would stop, or go wrong."""
        return any(finding.severity == "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for programs."""
        estimate = self.estimate and {
            "model": "LSTM",
            "epochs": self.estimate.epochs,
            "seconds": round(self.estimate.seconds),
            "memory_bytes": round(self.estimate.memory),
        }
        return {
            "dataset": self.name,
            "files": [reading.to_dict() for reading in self.readings],
            "classes": self.classes,
            "estimate": estimate,
            "findings": [finding.to_dict() for finding in self.findings],
        }


@dataclass(frozen=True)
class FixResult:
    """A cleaned copy.

    Attributes:
        after: what is to be said of the copy
    """

    folder: Path
    fixed: Fixed
    after: CheckResult

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for programs."""
        rows = {split: len(part) for split, part in self.fixed.rows.items()}
        return {"folder": str(self.folder), "rows": rows, "changes": len(self.fixed.changes), **self.after.to_dict()}


def check(run: Run, *, on_download: Progress | None = None) -> CheckResult:
    """Ask every question of the data set that is named.

    Raises:
        DataError: if it is not there or cannot be read at all.
        ConfigError: for settings that make no sense.
    """
    data: DataConfig = combine(run).data
    return examine(find_dataset(data.dataset, on_progress=on_download), data)


def examine(source: Source, data: DataConfig) -> CheckResult:
    """The same for files that were found."""
    read, notes = read_files(source, data, keep_bad=True)
    files = ExaminedFiles(read.rows, read.class_names, read.class_file, data.on_bad_row)
    found = [*findings(read), *findings(files), *map(_unlabelled, _of_kind(notes, "unlabelled_test"))]
    readings = [part.reading or Reading(part.path, rows=len(part)) for part in read.rows.values()]
    try:
        whole, _ = with_splits(read, data)
    except DataError as error:
        if not any(finding.severity == "error" for finding in found):
            problem, _, remedy = str(error).partition("; ")
            found.append(Finding("cannot-be-split", "error", "", problem, remedy))
        return CheckResult(source.name, readings, {}, _errors_first(found))
    examined = _with_tokens(whole, data)
    found += [*findings(whole), *findings(examined)]
    return CheckResult(source.name, readings, _class_counts(whole), _errors_first(found), _estimate(examined))


def _of_kind(notes: Sequence[Note], kind: str) -> list[Note]:
    return [note for note in notes if note.kind == kind]


def _unlabelled(note: Note) -> Finding:
    """Of a test split without labels, which is passed over."""
    return Finding(
        "unlabelled-test",
        "warning",
        str(note["path"]),
        "no labels there, so that nothing can be tested on it; not used",
        f"add the labels if there are any; once a model is trained, `predict_file` {note['path']} answers its rows",
    )


def _errors_first(found: Sequence[Finding]) -> list[Finding]:
    return sorted(found, key=lambda finding: finding.severity != "error")


def _with_tokens(whole: ReadDataset, data: DataConfig) -> ExaminedDataset:
    """The data set as the default model would read it."""
    texts = whole.rows["train"].texts
    spaced, multi_label = words_are_spaced(texts), bool(whole.label_sets)
    pad_size = find_model("LSTM").pad_size
    data = data.fitted_to(words_are_spaced=spaced, pad_size=pad_size, multi_label=multi_label)
    vocabulary = Vocabulary.from_settings(texts, data)
    encoded = {split: vocabulary.encode(part.texts, max_tokens=data.max_tokens) for split, part in whole.rows.items()}
    return ExaminedDataset(
        whole.rows,
        whole.class_names,
        whole.class_file,
        whole.labels,
        vocabulary,
        encoded,
        data.pad_size,
        label_sets=whole.label_sets,
    )


def _class_counts(whole: ReadDataset) -> dict[str, dict[str, int]]:
    splits = ("train", "dev", "test")
    by_split = zip(*(whole.class_counts(split) for split in splits), strict=True)
    return {
        name: dict(zip(splits, counts, strict=True)) for name, counts in zip(whole.class_names, by_split, strict=True)
    }


def _estimate(examined: ExaminedDataset) -> Estimate:
    """From how much there is to read; a rough guess, which is why it is called about."""
    rows, lengths = len(examined.rows["train"]), examined.encoded["train"].lengths
    windows = WindowedConfig().fitted_to(float(np.median(lengths)))
    tokens = float(np.minimum(lengths, windows.training_tokens or np.inf).mean())
    training = TrainConfig().fitted_to(
        rows, len(examined.rows["dev"]), mean_length=tokens, tokens_a_pass=windows.tokens_a_pass
    )
    epochs = training.epochs or 1
    characters = sum(len(text) for part in examined.rows.values() for text in part.texts)
    memory = BASE_MEMORY + ROW_MEMORY * sum(map(len, examined.rows.values())) + CHARACTER_MEMORY * characters
    return Estimate(epochs, rows * tokens * epochs / NOMINAL_SPEED, memory)


def write_fixed(run: Run, folder: Path) -> FixResult:
    """Write a copy of the data set that is named, without what can be mended, and the list of all changes.

    Args:
        folder: new or empty.

    Raises:
        ConfigError: if there is something in the folder, or it is the data set's own.
        DataError: if the data set cannot be read, or nothing of it is left.
        ArtifactError: if the folder cannot be written.
    """
    data: DataConfig = combine(run).data
    source = find_dataset(data.dataset)
    _refuse_folder(folder, source)
    read, _ = read_files(source, data, keep_bad=True)
    result = fixed(read)
    if not result.rows["train"]:
        raise DataError(f"{source.train}: no training row is left; expected rows with a text and a label")
    write_together(folder, {**_files(read, result), CHANGES_FILE: _changes(result, source)})
    return FixResult(folder, result, examine(*_copy(folder, read, data)))


def write_suspects(run: Run, path: Path) -> list[SuspectRow]:
    """Find the rows whose label is probably wrong, and write them as a table.

    Raises:
        DataError: if the data set cannot be learnt from.
        ArtifactError: if the file cannot be written.
    """
    from textrnn.tasks.label_errors import suspects_of  # brings torch, which no other check needs

    data: DataConfig = combine(run).data
    dataset = load_dataset(find_dataset(data.dataset), data)
    if dataset.multi_label:
        raise DataError(
            "`labels`: what is probably wrong is looked for where each row has one label, and these have several; "
            "expected one: leave `labels` out"
        )
    rows = suspect_rows(dataset, suspects_of(dataset))
    write_together(path.parent, {path.name: suspects_csv(rows)})
    return rows


def _copy(folder: Path, read: ReadFiles, data: DataConfig) -> tuple[Source, DataConfig]:
    """Where the copy is, and the settings without those that tell how the files of the original are read."""
    files = {split: next(folder.glob(f"{split}.*")) for split in read.rows}
    class_file = folder / "class.txt" if read.class_file else None
    source = Source(folder.resolve().name, folder, files["train"], files.get("dev"), files.get("test"), class_file)
    usual = {name: getattr(DataConfig(), name) for name in READING_SETTINGS}
    if read.multi_label:
        usual["multi_label"] = True
    return source, dataclasses.replace(data, dataset=str(folder), **usual)


def _refuse_folder(folder: Path, source: Source) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "there is something in it" if folder.is_dir() else "it is a file"
        raise ConfigError(f"`fix` {folder}: {what}; expected a new or an empty folder, so that nothing is overwritten")
    inside = source.train.is_dir() and folder.resolve().is_relative_to(source.train.resolve())
    if inside:
        raise ConfigError(f"`fix` {folder}: it lies in the data set; expected a folder elsewhere")


def _files(read: ReadFiles, result: Fixed) -> dict[str, bytes]:
    """The copy: a table for each split that there is, and the names of the classes where they had a file."""
    files = {}
    labels = {label for rows in result.rows.values() for _, label in rows}
    columns = (TEXT_COLUMN, next((name for name in LABEL_COLUMNS if name not in labels), LABEL_COLUMNS[0]))
    for split, rows in reversed(list(result.rows.items())):
        plain = not any(_NOT_PLAIN.search(cell) for row in rows for cell in row)
        if split in result.label_sets:
            texts = (text for text, _ in rows)
            files[f"{split}.jsonl"] = _json_lines(zip(texts, result.label_sets[split], strict=True), SEVERAL_COLUMNS)
        elif plain:
            files[f"{split}.csv"] = _csv_bytes([columns, *rows])
        else:
            files[f"{split}.jsonl"] = _json_lines(rows, columns)
    if read.class_file:
        files["class.txt"] = "".join(f"{name}\n" for name in result.class_names).encode("utf-8")
    return files


def _changes(result: Fixed, source: Source) -> bytes:
    rows: list[tuple[object, ...]] = [("file", "line", "what", "before", "after")]
    for change in result.changes:
        path = change.path.relative_to(source.folder) if change.path.is_relative_to(source.folder) else change.path
        line = change.line or ""
        rows.append((path.as_posix(), line, change.what, _readable(change.before), _readable(change.after)))
    return _csv_bytes(rows)


def _readable(text: str, longest: int = 200) -> str:
    """A text for people to read: cut, and with what cannot be seen as ``\\x1b``."""
    cut = text if len(text) <= longest else text[:longest] + "…"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in cut)


def _json_lines(rows: Iterable[tuple[str, object]], columns: tuple[str, str]) -> bytes:
    lines = (json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)
    return "".join(lines).encode("utf-8", "replace")


def _csv_bytes(rows: Sequence[Sequence[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)  # with which either of the two in a text is quoted
    return out.getvalue().encode("utf-8", "replace")
