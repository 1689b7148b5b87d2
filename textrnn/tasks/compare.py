"""Several models on one data set, side by side, with the linear model always among them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from textrnn.config import DataConfig
from textrnn.corpus.catalog import find_dataset
from textrnn.corpus.dataset import Dataset, load_dataset
from textrnn.corpus.download import Progress
from textrnn.errors import ConfigError, TrainingError
from textrnn.evaluation.baseline import NAME as BASELINE_NAME
from textrnn.evaluation.baseline import Baseline
from textrnn.evaluation.metrics import macro_f1
from textrnn.evaluation.records import Compared
from textrnn.files import exclusive_use, write_together
from textrnn.report.classification import METRICS_FILE
from textrnn.report.comparison import Comparison, in_a_line
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.saved.folder import MODEL_FILE, VOCAB_FILE, read_json
from textrnn.tasks.classify import train, train_baseline
from textrnn.tasks.request import ClassifyRequest
from textrnn.tasks.resuming import Say, ShouldStop
from textrnn.training.events import Listener
from textrnn.training.train_eval import choose_device

FOLDER = "comparison"
REPEATS = 3  # timings of the predictions, of which the quickest counts
MOST_TIMED = 10_000  # test texts


def compare(
    requests: Sequence[ClassifyRequest],
    *,
    say: Say,
    listener: Listener | None = None,
    on_download: Progress | None = None,
    stopping: Callable[[], AbstractContextManager[ShouldStop]] | None = None,
) -> Path:
    """Train one model for each request, all on the same data set, and leave the table in the returned folder.

    The models themselves are kept where each request has its folder.

    Args:
        say: takes each line of the report as it becomes known.
        listener: told of every step and evaluation of every training.
        stopping: makes what is entered while a model is fitted; see :func:`textrnn.tasks.classify.train`.

    Raises:
        TextRNNError: for anything the user can mend.
    """
    first = requests[0]
    folder = first.folder.parent / FOLDER
    source = find_dataset(first.dataset, on_progress=on_download)
    with exclusive_use(folder):
        dataset = load_dataset(source, DataConfig.from_dict(first.data_settings))
        notices = list(dataset.notices)
        for notice in notices:
            say(f"note: {notice}")
        said = {f"note: {notice}" for notice in notices}
        linear = train_baseline(dataset, repeats=REPEATS)
        found = [_linear(linear)]
        say(in_a_line(found[-1]))
        for request in requests:
            note = _Notes(request.model, say, said)
            try:
                trained = train(
                    request,
                    say=note,
                    listener=listener,
                    stopping=stopping() if stopping else None,
                    baseline=linear,
                )
            except TrainingError as error:  # diverged, or out of memory: the others may do better
                note(f"note: {error}")
                notices.append(f"{request.model}: {error}")
                continue
            device = choose_device(str(request.train_settings.get("device", "auto")))
            found.append(_judge(load_classifier(trained, device), trained, dataset))
            say(in_a_line(found[-1]))
        comparison = Comparison(dataset.name, notices, found)
        say(comparison.to_text())
        write_together(folder, comparison.to_files())
    return folder


class _Notes:
    """Lets what a user should know of one training through, with the name of its model; the rest is in its report.

    What was said before is not said again, nor how far the linear model is ahead: the table shows it.
    """

    def __init__(self, model: str, say: Say, said: set[str]):
        self.model, self.say, self.said = model, say, said

    def __call__(self, line: str) -> None:
        if line in self.said or line.startswith("note: the linear model is "):
            return
        self.said.add(line)
        if line.startswith(("note: ", "the run in ", "going on after ")):
            self.say(f"note: {self.model}: {line.removeprefix('note: ')}")


def _judge(classifier: Classifier, folder: Path, dataset: Dataset) -> Compared:
    """What the table says of a trained model."""
    metrics = read_json(folder / METRICS_FILE)
    texts = dataset.test.texts[:MOST_TIMED]
    timings = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        classifier.predict_probabilities(texts)
        timings.append(time.perf_counter() - started)
    test = metrics["test"]
    scored = sum(map(sum, test["confusion_matrix"]))
    if scored != len(dataset.test) or test["labels"] != dataset.class_names:
        raise ConfigError(
            f"--resume: the finished model in {folder} was scored on other data ({scored:,} test texts instead of "
            f"{len(dataset.test):,}, or other classes); expected one of this data: leave out --resume to train it again"
        )
    return Compared(
        name=classifier.model_name,
        correct=round(test["accuracy"] * len(dataset.test)),
        texts=len(dataset.test),
        macro_f1=test["macro_f1"],
        seconds=metrics["train"]["seconds"],
        parameters=sum(parameter.numel() for parameter in classifier.model.parameters()),
        size=sum((folder / name).stat().st_size for name in (MODEL_FILE, VOCAB_FILE)),
        texts_per_second=len(texts) / min(timings),
    )


def _linear(linear: Baseline) -> Compared:
    return Compared(
        name=BASELINE_NAME,
        correct=int(linear.confusion.trace()),
        texts=int(linear.confusion.sum()),
        macro_f1=macro_f1(linear.confusion),
        seconds=linear.training_seconds,
        parameters=linear.parameters,
        size=linear.size,
        texts_per_second=linear.texts_per_second,
    )
