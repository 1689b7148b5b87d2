"""What the gates of an LSTM do while it reads a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textrnn.corpus.sequences import NOTHING, LabelledSequences, one_sequence
from textrnn.errors import ArtifactError, ConfigError, Note
from textrnn.files import tensor_bytes, write_together
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.cells import LSTMRecord
from textrnn.models.parts.visible_cells import LSTM
from textrnn.models.registry import find_model
from textrnn.report.gate_plots import PARTS, Reading, gates_csv, plot_gates
from textrnn.report.html import Figure, Paragraph, Part
from textrnn.report.inside.memory import memory_page
from textrnn.report.inside.page import INSIDE_FILE
from textrnn.report.memory_captions import CAPTIONS
from textrnn.report.notes import words
from textrnn.saved.folder import (
    CONFIG_FILE,
    MODEL_FILE,
    config_bytes,
    explain_mismatched_files,
    is_saved,
    read_config,
    read_weights,
)
from textrnn.tasks.common import announce_replacement
from textrnn.tasks.memory.findings import Findings
from textrnn.tasks.memory.gradient_norms import curves
from textrnn.tasks.memory.learning import as_batch
from textrnn.tasks.memory.registry import Experiment
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.memory.training import Bench
from textrnn.training.objectives.sequences import score

EXPERIMENT = Experiment(
    name="gates",
    meaning="what the gates of an LSTM do while it reads a sequence, as heat maps",
    place=4,
    models=("LSTM",),
    accepts=("model", "lengths", "recipe", "problem", "digits", "second_digits"),
    one_length=True,
)
MEANS = ("input_gate", "forget_gate", "output_gate", "cell")  # of which the figures have the means by step


@dataclass(frozen=True)
class Answered:
    """One sequence, what the network made of it, and what is said of that.

    Attributes:
        answers: one for each that is asked
        probability: that the network gives them, all together
        told: the note
    """

    reading: Reading
    answers: list[int]
    probability: float
    told: Note

    def figures(self, asks: str) -> dict[str, Any]:
        """For ``metrics.json``."""
        by_step = [None if np.isnan(value) else float(value) for value in self.reading.probability]
        return {
            "digits": list(self.reading.digits),
            "answer": self.answers if asks == "several" else self.answers[0],
            "probability": self.probability,
            "right_answer_probability_by_step": by_step,
            "mean_by_step": {name: self.reading.parts[name].mean(axis=1).tolist() for name in MEANS},
        }


def run(request: MemoryRequest, bench: Bench) -> None:
    """Draw each model's gates for the sequence; a model is trained once and then answers for any sequence.

    Raises:
        ConfigError: for a cell without gates, or a sequence of which nothing is asked.
    """
    for model in request.models:
        if not issubclass(find_model(model, "memory").model_class.cell_type, LSTM):
            raise ConfigError(f"`model` {model}: its cell has no gates to draw; expected `model=LSTM`")
    for name, digits in (("digits", request.digits), ("second_digits", request.second_digits)):
        if digits is not None and not len(_judged(bench, digits).answers):
            raise ConfigError(
                f"`{name}`: nothing is asked of {' '.join(map(str, digits))}; expected a sequence that ends as "
                f"those of the problem do, such as {' '.join(map(str, bench.problem.examples[0]))}"
            )
    for model in request.models:
        _draw(request, bench, model)


def _judged(bench: Bench, digits: Sequence[int]) -> LabelledSequences:
    return bench.problem.judged(one_sequence(digits, bench.problem.answer(digits)))


def _draw(request: MemoryRequest, bench: Bench, model: str) -> None:
    network, kept = _trained(request, bench, model)
    sequences = [digits for digits in (request.digits, request.second_digits) if digits is not None]
    answered = [_read(network, bench, model, digits) for digits in sequences]
    for one in answered:
        bench.listener.on_note(one.told)
    readings, length = [one.reading for one in answered], request.lengths[0]
    title = f"{model}: {readings[0].title}" if len(readings) == 1 else f"{model} reads two sequences"
    plots = plot_gates(readings, title=title)
    about = (
        f"Trained on sequences of {bench.lengths_read(length)} ({kept['test']:.2f} on test). A column is a step, a "
        "row a unit, with its number at the left as gates.csv has it; the units whose forget gates stay open longest "
        "come first, in all maps alike."
    )
    files = plots | {"gates.csv": gates_csv(readings).encode("utf-8")}
    files |= _page(bench, model, network, sequences, length, kept["test"])
    section: list[Part] = [
        Paragraph([*(words(one.told) for one in answered), about]),
        Figure(plots["gates.svg"], "heat maps of gates, candidate, cell and hidden state", *CAPTIONS["gates"]),
    ]
    if INSIDE_FILE in files:
        place = f"{request.folder_of(model).name}/{INSIDE_FILE}"
        section.append(Paragraph([f"{place} runs this network in a browser: type digits, watch it, change a gate"]))
    first, *others = (one.figures(bench.problem.asks) for one in answered)
    metrics = {"lengths": {str(length): kept}, **first, "settings": bench.groups()}
    metrics |= {"second": others[0]} if others else {}
    Findings([model], metrics, files, section).save(request)


def _page(
    bench: Bench,
    model: str,
    network: SequenceClassifier,
    sequences: Sequence[Sequence[int]],
    length: int,
    accuracy: float,
) -> dict[str, bytes]:
    """``inside.html``, where the network can be shown on it."""
    problem = bench.problem
    return memory_page(
        network,
        sequences[0],
        [*sequences, *problem.examples],
        curves(problem, bench.settings, network),
        title=f"{model}, {problem.title}",
        problem=problem.title,
        length=length,
        accuracy=accuracy,
    )


@torch.inference_mode()
def _read(network: SequenceClassifier, bench: Bench, model: str, digits: Sequence[int]) -> Answered:
    """Let the network read one sequence."""
    network.eval()
    judged = _judged(bench, digits)
    batch = as_batch(bench.problem, "test", one_sequence(digits, bench.problem.answer(digits)), bench.device)
    record = network.record(torch.tensor([digits], device=bench.device))
    assert isinstance(record, LSTMRecord)
    chances = network(*batch.inputs).softmax(dim=1)  # (N, C), one row for each answer
    answers = chances.argmax(dim=1).tolist()
    by_step = network.output(record.hidden[:, 0]).softmax(dim=1).cpu().double().numpy()  # (T, C)
    probability = float(chances.amax(dim=1).prod())
    verdict = bench.problem.answer_reads.format(*digits, answer=" ".join(map(str, answers)))
    verdict += "" if answers == batch.answers.tolist() else " (wrong)"
    told = Note("gates_answer", model=model, digits=digits, verdict=verdict, probability=probability)
    parts = {name: getattr(record, name)[:, 0].cpu().double().numpy() for name in PARTS}  # (T, H)
    reading = Reading(digits, verdict, parts, _of_the_right_answer(by_step, judged, bench.problem.asks))
    return Answered(reading, answers, probability, told)


def _of_the_right_answer(by_step: NDArray[np.float64], judged: LabelledSequences, asks: str) -> NDArray[np.float64]:
    """(T, C) -> (T,): of what is asked at each step, not a number where nothing is; of one answer in the end, of it."""
    steps = np.arange(len(by_step))
    right = np.full(len(by_step), NOTHING)
    if asks == "several":
        right[: judged.length] = judged.targets[0]
    else:
        right[:] = judged.answers[-1]
    found: NDArray[np.float64] = np.where(right == NOTHING, np.nan, by_step[steps, right])
    return found


def _trained(request: MemoryRequest, bench: Bench, model: str) -> tuple[SequenceClassifier, dict[str, Any]]:
    """The network and its figures; both are kept for the next sequence, in a folder for each length."""
    length = request.lengths[0]
    folder = request.folder_of(model) / f"length_{length}"
    settings = {
        "task": "memory", "model": model, "length": length,
        "hyper_parameters": bench.settings_of(model).model_config.to_dict(),
        "training": bench.binding_training(),
        "data": {**bench.settings.data.to_dict(), "digest": bench.digest(length, bench.training.seed)},
    }  # fmt: skip
    for place in (folder, folder.parent):  # version 0.1 kept one model, whatever its length
        found = _saved(place, settings, bench)
        if found is not None:
            bench.note("using_saved", folder=place)
            return found
    announce_replacement(folder, bench.listener)
    network, history = bench.fit(model, length, bench.training)
    test = score(network, bench.split("test", length, bench.training.seed)).accuracy
    kept = {"dev": history.best["dev_accuracy"], "test": test, "seconds": history.seconds}
    bench.note("network_learnt", model=model, length=length, test=test, dev=kept["dev"], seconds=kept["seconds"])
    files = {MODEL_FILE: tensor_bytes(network.state_dict()), CONFIG_FILE: config_bytes({**settings, "figures": kept})}
    write_together(folder, files)
    return network, kept


def _saved(folder: Path, settings: dict[str, Any], bench: Bench) -> tuple[SequenceClassifier, dict[str, Any]] | None:
    """The network of an earlier run with the same settings, if there is one that can be read."""
    if not is_saved(folder):
        return None
    try:
        config = read_config(folder, "memory")
        config["hyper_parameters"] = bench.as_now(config["hyper_parameters"])
        if any(config.get(name) != value for name, value in settings.items()):
            return None
        network = bench.build(bench.settings_of(settings["model"]), settings["length"])
        with explain_mismatched_files(folder):
            network.load_state_dict(read_weights(folder))
            figures = {name: float(config["figures"][name]) for name in ("dev", "test", "seconds")}
    except (ArtifactError, ConfigError, KeyError, TypeError):
        return None  # a damaged model is trained anew
    return network, figures
