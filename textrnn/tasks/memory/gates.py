"""What the gates of an LSTM do while it reads a sequence."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textrnn.corpus.sequences import one_sequence
from textrnn.errors import ArtifactError, ConfigError, Note
from textrnn.files import tensor_bytes
from textrnn.models.memory.base import SequenceClassifier
from textrnn.models.parts.cells import LSTMRecord
from textrnn.models.parts.visible_cells import LSTM
from textrnn.models.registry import find_model
from textrnn.report.html import Figure, Paragraph, Part
from textrnn.report.inside.memory import memory_page
from textrnn.report.inside.page import INSIDE_FILE
from textrnn.report.memory import plot_gates
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
    accepts=("model", "lengths", "recipe", "problem", "digits"),
    one_length=True,
)
PARTS = ("input_gate", "forget_gate", "output_gate", "cell")
NAMES = {"input_gate": "input gate", "forget_gate": "forget gate", "output_gate": "output gate", "cell": "cell state"}


def run(request: MemoryRequest, bench: Bench) -> None:
    """Draw each model's gates for the sequence; a model is trained once and then answers for any sequence.

    Raises:
        ConfigError: for a cell without gates, or a sequence of which nothing is asked.
    """
    for model in request.models:
        if not issubclass(find_model(model, "memory").model_class.cell_type, LSTM):
            raise ConfigError(f"`model` {model}: its cell has no gates to draw; expected `model=LSTM`")
    digits = request.digits or ()
    right = bench.problem.judged(one_sequence(digits, bench.problem.answer(digits)))
    if not len(right.answers):
        raise ConfigError(
            f"`digits`: nothing is asked of {' '.join(map(str, digits))}; expected a sequence that ends as "
            f"those of the problem do, such as {' '.join(map(str, bench.problem.examples[0]))}"
        )
    for model in request.models:
        _draw(request, bench, model)


def _draw(request: MemoryRequest, bench: Bench, model: str) -> None:
    network, kept, files = _trained(request, bench, model)
    digits = request.digits or ()
    network.eval()
    right = bench.problem.answer(digits)
    batch = as_batch(bench.problem, "test", one_sequence(digits, right), bench.device)
    with torch.inference_mode():
        record = network.record(batch.tokens)
        chances = network(*batch.inputs).softmax(dim=1)  # (N, C), one row for each answer
    assert isinstance(record, LSTMRecord)
    answers, probability = chances.argmax(dim=1).tolist(), float(chances.amax(dim=1).prod())
    answer = answers if bench.problem.asks == "several" else answers[0]
    parts = {name: getattr(record, name)[:, 0].cpu().double().numpy() for name in PARTS}  # (T, H)
    # Units that hold on to what they have come first, in all maps alike, so that one sees which ones remember.
    order = np.argsort(-parts["forget_gate"].mean(axis=0), kind="stable")
    verdict = bench.problem.answer_reads.format(*digits, answer=" ".join(map(str, answers)))
    verdict += "" if answers == batch.answers.tolist() else " (wrong)"
    read = Note("gates_answer", model=model, digits=digits, verdict=verdict, probability=probability)
    bench.listener.on_note(read)
    plots = plot_gates(
        {NAMES[name]: values[:, order] for name, values in parts.items()}, digits, title=f"{model}: {verdict}"
    )
    length = request.lengths[0]
    about = (
        f"Trained on sequences of {bench.lengths_read(length)} ({kept['test']:.2f} on test). A column is a step, a "
        "row a unit; the units whose forget gates stay open longest come first."
    )
    section: list[Part] = [Paragraph([words(read), about]), Figure(plots["gates.svg"], "heat maps of gates and cell")]
    files |= plots | {"gates.csv": _csv(parts, digits).encode("utf-8")} | _page(bench, network, digits, length, kept)
    if INSIDE_FILE in files:
        place = f"{request.folder_of(model).name}/{INSIDE_FILE}"
        section.append(Paragraph([f"{place} runs this network in a browser: type digits, watch it, change a gate"]))
    metrics = {
        "lengths": {str(length): kept},
        "digits": list(digits),
        "answer": answer,
        "probability": probability,
        "mean_by_step": {name: values.mean(axis=1).tolist() for name, values in parts.items()},
        "settings": bench.groups(),
    }
    Findings([model], metrics, files, section).save(request)


def _page(
    bench: Bench, network: SequenceClassifier, digits: Sequence[int], length: int, kept: dict[str, Any]
) -> dict[str, bytes]:
    """``inside.html``, where the network can be shown on it."""
    problem, model = bench.problem, bench.request.models[0]
    return memory_page(
        network,
        digits,
        [digits, *problem.examples],
        curves(problem, bench.settings, network),
        title=f"{model}, {problem.title}",
        problem=problem.title,
        length=length,
        accuracy=kept["test"],
    )


def _trained(
    request: MemoryRequest, bench: Bench, model: str
) -> tuple[SequenceClassifier, dict[str, Any], dict[str, bytes]]:
    """The network, its figures, and the files that keep both for the next sequence."""
    folder, length = request.folder_of(model), request.lengths[0]
    settings = {
        "task": "memory", "model": model, "length": length,
        "hyper_parameters": bench.settings_of(model).model_config.to_dict(),
        "training": bench.binding_training(),
        "data": {**bench.settings.data.to_dict(), "digest": bench.digest(length, bench.training.seed)},
    }  # fmt: skip
    found = _saved(folder, settings, bench)
    if found is not None:
        bench.note("using_saved", folder=folder)
        network, kept = found
    else:
        announce_replacement(folder, bench.listener)
        network, history = bench.fit(model, length, bench.training)
        test = score(network, bench.split("test", length, bench.training.seed)).accuracy
        kept = {"dev": history.best["dev_accuracy"], "test": test, "seconds": history.seconds}
        bench.note("network_learnt", model=model, length=length, test=test, dev=kept["dev"], seconds=kept["seconds"])
    files = {MODEL_FILE: tensor_bytes(network.state_dict()), CONFIG_FILE: config_bytes({**settings, "figures": kept})}
    return network, kept, files


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


def _csv(parts: dict[str, NDArray[np.float64]], digits: Sequence[int]) -> str:
    """Every value behind the heat maps: step, digit, unit (from 1), then the gates and the cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["step", "digit", "unit", *PARTS])
    for step, digit in enumerate(digits):
        for unit in range(parts["cell"].shape[1]):
            writer.writerow([step + 1, digit, unit + 1, *(f"{parts[name][step, unit]:.6f}" for name in PARTS)])
    return out.getvalue()
