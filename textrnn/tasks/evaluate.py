"""A saved classifier on other labelled texts: the full report, without training anything.

labelled file -> rows -> classes of the model -> logits -> figures -> report beside the model, in a folder of its own
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Container, Sequence
from pathlib import Path

from textrnn.config import DataConfig
from textrnn.corpus.dataset import Dataset, Split
from textrnn.corpus.label_sets import LabelSets
from textrnn.corpus.labels import class_indices, count_from_one, labels_are_names, look_alike_key
from textrnn.corpus.readers import LeftOut, Reading, Rows, read_class_names, read_rows
from textrnn.corpus.readers.rows import SeveralLabels
from textrnn.corpus.readers.tables import open_table
from textrnn.corpus.sources.catalog import Source, find_dataset
from textrnn.corpus.sources.content import content_at
from textrnn.corpus.sources.download import Progress
from textrnn.errors import DataError, Note, did_you_mean, listed, one_line
from textrnn.files import portable_name, write_together
from textrnn.saved.classifier import Classifier
from textrnn.tasks.classify import scored, shown_settings
from textrnn.tasks.labelling import AnyResult
from textrnn.training.events import Listener

EVALUATIONS = "evaluations"  # in a model folder


def evaluate(
    classifier: Classifier,
    data: str,
    config: DataConfig | None = None,
    listener: Listener | None = None,
    *,
    folder: Path | None = None,
    on_download: Progress | None = None,
) -> AnyResult:
    """Score a classifier on labelled texts that it has not learnt from.

    Args:
        data: a file, or a folder or the name of a data set, whose test split is taken.
        config: how it is to be read, where that is not to be found out.
        folder: of the model; the report goes into a folder below it.

    Raises:
        DataError: for a file that cannot be read, or labels that the model does not know.
    """
    config, listener = config or DataConfig(), listener or Listener()
    source, path = files_of(data, on_download)
    test, readings = gold_of(path, source.class_names, classifier, config)
    listener.on_note(Note("read", readings=readings))
    nothing = Split([], [])
    dataset = Dataset(source.name, classifier.class_names, nothing, nothing, test, [], readings=readings)
    result = scored(classifier, dataset, classifier.encode(test.texts))
    listener.on_note(Note("judged", result=result))
    if folder is not None:
        files, notes = result.to_files(shown_settings(classifier))
        for note in notes:
            listener.on_note(note)
        write_together(evaluation_folder(folder, source.name), files)
    return result


def evaluation_folder(folder: Path, name: str) -> Path:
    """Where the report on a data set goes, in the folder of a model."""
    return folder / EVALUATIONS / portable_name(name)


def files_of(data: str, on_download: Progress | None = None) -> tuple[Source, Path]:
    """What is to be scored: a file itself, of a folder, an archive or a data set the test split.

    Raises:
        DataError: if there is none.
    """
    try:
        source = find_dataset(data, on_progress=on_download)
    except DataError as error:  # names the setting of training
        raise DataError(str(error).replace("`dataset`", "`evaluate`")) from error
    if source.train == Path(data).expanduser() or (source.test is None and source.dev is None):
        return source, source.train
    if source.test is None:
        raise DataError(f"{source.folder}: no test split there; expected one: name the file that is meant")
    return source, source.test


def _as_learnt(config: DataConfig, classifier: Classifier, path: Path) -> DataConfig:
    """The columns that the model has learnt from, where a table has them and nobody has named others."""
    usual = classifier.settings.data.separator
    if path.is_dir():
        return config
    content = content_at(path)
    if usual and config.separator is None and usual.encode("utf-8") in content.head().partition(b"\n")[0]:
        config = dataclasses.replace(config, separator=usual)
    names: Sequence[str] = ()
    with contextlib.suppress(DataError, StopIteration):  # whatever is wrong is told when it is read
        names = [name.strip() for name in next(open_table(content, config).records)[1]]
    for file in classifier.read:
        texts, label = tuple(file["text_columns"]), file["label_column"]
        if file.get("header") is False or not texts or not set(texts) <= set(names):
            continue
        own = config.label_column or (label if label in names else None)
        return dataclasses.replace(config, text_column=config.text_column or texts, label_column=own)
    return config


def gold_of(
    path: Path, class_file: Path | None, classifier: Classifier, config: DataConfig
) -> tuple[Split, list[Reading]]:
    """The texts of a file with the classes of the model that they are said to be of, and what was understood of it.

    Args:
        class_file: beside it, where its labels are indices.

    Raises:
        DataError: for a file that cannot be read, or labels that the model does not know.
    """
    rows = _read(path, config, classifier)
    test = _with_classes(rows, class_file, classifier, config)
    return test, [rows.reading] if rows.reading is not None else []


def _read(path: Path, config: DataConfig, classifier: Classifier) -> Rows:
    """The labelled texts, with as many labels a row as the model has learnt."""
    config = _as_learnt(config, classifier, path)
    if not classifier.settings.data.multi_label:
        return read_rows(path, dataclasses.replace(config, multi_label=False))
    learnt = [file["several_labels"] for file in classifier.read if file.get("several_labels")]
    columns = {name for file in classifier.read for name in file.get("label_columns", ())}
    form = SeveralLabels("joined", next((file["separator"] for file in learnt), ""))
    like = Rows(path, reading=Reading(path, labels=form), label_sets=[(name,) for name in classifier.class_names])
    return read_rows(path, config, like=like, class_names=classifier.class_names, label_columns=columns)


def _with_classes(rows: Rows, class_file: Path | None, classifier: Classifier, config: DataConfig) -> Split:
    """The rows with the indices of their classes in the model.

    Raises:
        DataError: for a label that is none of them, unless such rows are to be left out.
    """
    rows.rename(_class_names(rows, class_file, classifier))
    index_of = {name: index for index, name in enumerate(classifier.class_names)}
    if classifier.settings.data.merge_labels:
        alike = {look_alike_key(name): index for name, index in index_of.items()}
        index_of |= {
            x: alike[key] for x in rows.every_label if x not in index_of and (key := look_alike_key(x)) in alike
        }
    strange = rows.having({label for label in rows.every_label if label not in index_of})
    if strange and (config.on_bad_row != "skip" or len(strange) == len(rows)):
        raise _unknown(rows, strange, index_of, classifier.class_names)
    if strange and rows.reading is not None:
        lost = [
            LeftOut(
                rows.line_numbers[at],
                "unknown-class",
                f"unknown class {_first_unknown(rows, at, index_of)!r}",
                rows.texts[at][:80],
            )
            for at in strange
        ]
        left_out = tuple(sorted([*rows.reading.left_out, *lost], key=lambda row: row.line))
        rows.reading = dataclasses.replace(rows.reading, rows=len(rows) - len(strange), left_out=left_out)
    kept = sorted(set(range(len(rows))).difference(strange))
    rows = rows.select(kept) if strange else rows
    if rows.label_sets is None:
        return Split(rows.texts, [index_of[label] for label in rows.labels], rows)
    sets = LabelSets.of([index_of[label] for label in labels] for labels in rows.label_sets)
    return Split(rows.texts, [], rows, label_sets=sets)


def _class_names(rows: Rows, class_file: Path | None, classifier: Classifier) -> dict[str, str]:
    """The names of labels that are indices: of classes of the file beside them, else of those of the model."""
    names = classifier.class_names if class_file is None else read_class_names(class_file)[0]
    labels = rows.every_label
    if labels_are_names(labels, [*names, *classifier.class_names]):
        return {}
    if count_from_one(labels, len(names)):
        return {label: names[int(label.removesuffix(".0")) - 1] for label in set(labels)}
    return {label: names[index] for label, index in class_indices(labels, names, by_name=False).items()}


def _first_unknown(rows: Rows, at: int, known: Container[str]) -> str:
    """The label of a row that is no class."""
    labels = (rows.labels[at],) if rows.label_sets is None else rows.label_sets[at]
    return next(label for label in labels if label not in known)


def _unknown(rows: Rows, strange: Sequence[int], known: Container[str], classes: Sequence[str]) -> DataError:
    first, more = _first_unknown(rows, strange[0], known), len(strange) - 1
    others = f", as in {more:,} more {'row' if more == 1 else 'rows'} with others or the same" if more else ""
    return DataError(
        f"{rows.where(strange[0])}: {one_line(repr(first), widest=60)} is no class of the model{others}; expected one "
        f"of {listed(classes)}{did_you_mean(first, classes)}: correct them, or leave such rows out with "
        "`on_bad_row=skip`"
    )
