"""What an experiment found, its folder, and the one page of all experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textrnn.errors import Note, one_line
from textrnn.files import json_bytes, remove_file, write_atomically, write_together
from textrnn.report.html import Part, render, render_section
from textrnn.report.memory_captions import NO_CAPTION, QUESTIONS, READING_ORDER
from textrnn.report.repeat import RUN_FILE, request_file
from textrnn.tasks.memory.registry import all_experiments
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.training.events import Listener

METRICS_VERSION = 2  # 1 had none; figures of longer and of wholly right sequences came with 2, nothing went
METRICS_FILE, SECTION_FILE, PAGE_FILE = "metrics.json", "section.html", "report.html"


@dataclass(frozen=True)
class Findings:
    """What one folder gets.

    Attributes:
        models: of the folder's name
        metrics: the content of ``metrics.json``, beside task, experiment, model, problem and recipe
        files: plots and tables by name
        section: what stands on the page; None where another folder's section shows it
    """

    models: Sequence[str]
    metrics: Mapping[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)
    section: Sequence[Part] | None = None

    def save(self, request: MemoryRequest) -> None:
        """Write the folder.

        Raises:
            ArtifactError: if it cannot be written.
        """
        folder = request.folder_of(*self.models)
        about: dict[str, Any] = {"format_version": METRICS_VERSION, "task": "memory"}
        about |= {"experiment": request.experiment, "model": "+".join(self.models)}
        about |= {"problem": request.other_problem} if request.other_problem else {}
        about["recipe"] = request.recipe_name
        files = {**self.files, RUN_FILE: request_file(request.flags(self.models), folder)}
        if self.section is not None:
            files[SECTION_FILE] = render_section(self.section).encode("utf-8")
        else:
            remove_file(folder / SECTION_FILE)  # of an earlier run, whose figures are gone
        write_together(folder, {**files, METRICS_FILE: json_bytes({**about, **self.metrics})})


def write_page(root: Path, listener: Listener) -> Path:
    """Put the sections of all experiments that were ever run here on one page; what cannot be read is left out.

    Raises:
        ArtifactError: if the page cannot be written.
    """
    sections = []
    for experiment in all_experiments():
        for path in [*root.glob(f"{experiment}/{SECTION_FILE}"), *sorted(root.glob(f"{experiment}_*/{SECTION_FILE}"))]:
            try:
                content = path.read_text(encoding="utf-8")
            except (OSError, ValueError) as error:
                listener.on_note(Note("unreadable_section", path=path, error=one_line(error)))
                continue
            models = path.parent.name.partition("_")[2].replace("+", ", ").replace("_on_", " on ")
            heading = f"{experiment}: {models}" if models else experiment
            sections.append((heading, QUESTIONS.get(experiment, NO_CAPTION), content))
    page = render("memory", title="Memory experiments", order=READING_ORDER, sections=sections)
    write_atomically(root / PAGE_FILE, page.encode("utf-8"))
    return root / PAGE_FILE
