"""Answers of saved models: texts classified, a text continued or scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn.config import Run
from textrnn.corpus.readers.given import Block
from textrnn.corpus.running_text import read_running_text
from textrnn.corpus.sources.content import STDIN
from textrnn.corpus.sources.kinds import refuse_url
from textrnn.corpus.texts import TextSource, corpus_name, find_local, several
from textrnn.errors import ArtifactError, DataError, Note, user_path
from textrnn.report.answer_files import Answered, answer_writer
from textrnn.report.answered import Joining
from textrnn.report.notes import words
from textrnn.report.verdict import bare
from textrnn.saved.answers import Answers, answer, as_document
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.tasks.model_folders import compare_data
from textrnn.training.events import Listener
from textrnn.training.threads import Threads
from textrnn.training.train_eval import choose_device

if TYPE_CHECKING:
    from textrnn.saved.character_model import CharacterModel, Score


@dataclass(frozen=True)
class Prediction:
    """The most probable classes of a text, best first, and what was unusual about the text.

    Attributes:
        labels: where a text may have several labels, those that it is given, likeliest first; None: one label a text
    """

    text: str
    classes: list[tuple[str, float]]
    note: Note | None = None
    labels: list[tuple[str, float]] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON has it, everywhere."""
        note = None if self.note is None else bare(words(self.note))
        return as_document(self.text, self.classes, note, labels=self.labels)


def open_classifier(run: Run, folder: Path, listener: Listener) -> Classifier:
    """Read the classifier in `folder`, and tell where it differs from what was asked for.

    Raises:
        ArtifactError: if there is no whole model in it, or it has learnt from other data than what was named.
    """
    classifier = load_classifier(folder, choose_device(str(run.named.get("device", "cpu"))))
    classifier.threads = Threads.on(next(classifier.network.parameters()).device, run.named.get("threads"))
    learnt, named = classifier.settings.data.dataset, str(run.named.get("dataset", ""))
    if classifier.data_identity is not None:
        compare_data(run, classifier.data_identity, learnt, folder, listener)
    elif named and named.casefold() != learnt.casefold() and Path(named).resolve() != Path(learnt).resolve():
        listener.on_note(Note("other_data", learnt=learnt, named=named))
    for difference in classifier.settings.changes(run.named):
        listener.on_note(Note("other_settings", difference=difference, aside=" (without `predict`)"))
    return classifier


def is_data_file(text: str) -> bool:
    """Whether a text is the path of a file, so that its rows are probably meant."""
    try:
        return len(text) < 1000 and bool(Path(text).suffix) and Path(text).is_file()
    except (OSError, ValueError):  # no path at all
        return False


def predict(classifier: Classifier, texts: Sequence[str], *, top_k: int) -> list[Prediction]:
    """Answer for raw texts."""
    answers = answer(classifier, texts, top_k=top_k)
    notes, names, taken = answers.notes, answers.class_names, answers.taken
    return [
        Prediction(
            text,
            [(names[label], share) for label, share in zip(labels, shares, strict=True)],
            notes.get(index),
            None if taken is None else [(names[label], share) for label, share in taken.of(index)],
        )
        for index, (text, labels, shares) in enumerate(
            zip(texts, answers.labels.tolist(), answers.probabilities.tolist(), strict=True)
        )
    ]


def answers_as(form: str, answers: Answers, texts: Sequence[str], joining: Joining | None = None) -> bytes:
    """Answers as the content of a file.

    Args:
        joining: how several labels stand in one cell; None: one label a text.
        form: see :func:`textrnn.report.answer_files.format_of`.
    """
    block, parts = Block([*range(1, len(texts) + 1)], [[text] for text in texts], list(texts)), list[bytes]()
    writer = answer_writer(form, parts.append, ["text"], top_k=answers.labels.shape[1], joining=joining)
    writer.write(Answered(block, answers, range(len(texts))))
    writer.close()
    return b"".join(parts)


def open_language_model(run: Run, folder: Path, listener: Listener) -> CharacterModel:
    """Read the language model in `folder`, and tell where it differs from what was asked for.

    Raises:
        ArtifactError: if there is no whole model in it, or it has learnt from another text than the one named.
    """
    from textrnn.saved.character_model import CharacterModel  # who only classifies need not wait for it

    model = CharacterModel.load(folder, str(run.named.get("device", "cpu")))
    model.threads = Threads.on(model.device, run.named.get("threads"))
    if model.data_identity is not None:
        compare_data(run, model.data_identity, " ".join(model.settings.data.corpus), folder, listener)
    elif "corpus" in run.named:
        _compare_texts(model, several(run.named["corpus"]), folder, listener)
    if run.model_name not in ("LSTM", model.settings.model_name):
        listener.on_note(Note("other_kind", saved=model.settings.model_name, named=run.model_name))
    # Beside `predict`, the seed is that of what is drawn; beside `score`, the encoding is that of what is scored.
    named = {name: value for name, value in run.named.items() if name not in ("seed", "encoding")}
    for difference in model.settings.changes(named):
        listener.on_note(Note("other_settings", difference=difference, aside=""))
    return model


def _compare_texts(model: CharacterModel, corpus: Sequence[str], folder: Path, listener: Listener) -> None:
    """Of a model of an earlier version, which knows its text by name and content only."""
    learnt = corpus_name(model.settings.data.corpus)
    if learnt != corpus_name(corpus):
        raise ArtifactError(
            f"{folder}: a model of {learnt}; expected one of {' '.join(corpus)}: name its folder with "
            "`save_dir`, or train one"
        )
    try:
        here = find_local(corpus)
    except DataError:  # the text is gone; its model can do without
        here = None
    if here is not None and here.digest() != model.digest:
        listener.on_note(Note("other_text", path=here.path))


def score_file(model: CharacterModel, file: str, encoding: str | None = None) -> Score:
    """Score a text: a file, a folder, an archive, a name, or ``-`` for standard input; read as one to learn from.

    Raises:
        DataError: if it cannot be read, or holds nothing that the model reads.
    """
    refuse_url(file)
    path = user_path(file, "score")
    source = TextSource(file, (path,)) if path.exists() or file == STDIN else None
    if source is None and not path.suffix and len(path.parts) == 1:  # a name
        source = find_local(file)
    if source is None:
        raise DataError(
            f"`score` {file}: no such file; expected the path of a text file, or a name that `corpus` takes"
        )
    return score_text(model, read_running_text(source.paths, encoding).text, source.path)


def score_text(model: CharacterModel, text: str, path: Path) -> Score:
    """Score a text.

    Args:
        path: where it is from.

    Raises:
        DataError: if it holds nothing that the model reads.
    """
    score = model.score(text)
    if score.characters == 0:
        raise DataError(
            f"{path}: no character to score in it; expected a text"
            + (" with letters from a to z, which is what this model reads" if text.strip() else "")
        )
    return score
