"""The report of a trained language model: on the terminal, ``metrics.json``, ``history.csv``, a plot and a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from textrnn.config import USUAL_TEMPERATURE
from textrnn.errors import Note
from textrnn.evaluation.metrics import bits, perplexity
from textrnn.evaluation.records import BLOCK_CHARACTERS, HeldOutScores
from textrnn.files import json_bytes
from textrnn.report.classifier_result import HISTORY_FILE, PAGE_FILE
from textrnn.report.drawing import font_for
from textrnn.report.html import render
from textrnn.report.inside.language_model import language_model_page
from textrnn.report.inside.page import INSIDE_FILE
from textrnn.report.plots import plot_perplexity
from textrnn.report.text import length_told, table, wrapped
from textrnn.report.verdict import bare, on_language_model
from textrnn.saved.character_model import CharacterModel
from textrnn.saved.folder import METRICS_FILE
from textrnn.training.history import History, Sample

SAMPLE_LENGTH = 240
SAMPLES_SHOWN = 8  # of those written while it learnt


@dataclass(frozen=True)
class LanguageModelResult:
    """A finished run.

    Attributes:
        train_characters: of the training text
        held_out_characters: of the text that was never learnt from
        reading: what was read
    """

    saved: CharacterModel
    corpus_name: str
    history: History
    scores: HeldOutScores
    parameters: int
    train_characters: int
    held_out_characters: int
    reading: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def sample(self) -> str:
        """Text generated without a prefix."""
        return self.saved.generate(
            "", SAMPLE_LENGTH, temperature=USUAL_TEMPERATURE, seed=self.saved.settings.training.seed
        )

    @property
    def samples_while_learning(self) -> list[Sample]:
        """The first, the last and some between of what the network wrote while it learnt."""
        samples = self.history.samples
        if len(samples) <= SAMPLES_SHOWN:
            return samples
        return [samples[index * (len(samples) - 1) // (SAMPLES_SHOWN - 1)] for index in range(SAMPLES_SHOWN)]

    @cached_property
    def comparison(self) -> list[list[str]]:
        """A header row, the model, its parts alone, and both in blocks without carried state."""
        scores, name = self.scores, self.saved.settings.model_name
        rows = [["held out", "nats/char", "bits/char", "perplexity"]]
        mixed = scores.ngram is not None
        lines = [(f"{name} + n-gram" if mixed else name, scores.model)]
        if scores.ngram is not None:
            lines += [
                (f"{name} alone", scores.network),
                (f"n-gram of {self.saved.settings.data.ngram_order} alone", scores.ngram),
            ]
        lines.append((f"blocks of {BLOCK_CHARACTERS}, no carried state", scores.blocks))
        if mixed:
            lines.append((f"the same, {name} alone", scores.network_blocks))
        if scores.dynamic is not None:
            lines.append(("learning from it as it reads", scores.dynamic))
            if scores.ngram is not None and scores.network_dynamic is not None:
                lines.append((f"the same, {name} alone", scores.network_dynamic))
        return rows + [[what, f"{n:.4f}", f"{bits(n):.4f}", f"{perplexity(n):.3f}"] for what, n in lines]

    @cached_property
    def verdict(self) -> list[str]:
        """What was learnt, and what to try next."""
        history = self.history
        return on_language_model(self.saved.settings.model_name, self.scores, history.evaluations, history.best)

    def to_text(self) -> str:
        """The report for a terminal."""
        said = "\n".join(map(wrapped, self.verdict))
        sample = f"a sample, temperature {USUAL_TEMPERATURE}:\n{self.sample}"
        return "\n" + "\n\n".join(part for part in (table(self.comparison), said, sample) if part) + "\n"

    def to_metrics(self) -> dict[str, Any]:
        """The content of ``metrics.json``."""
        history = self.history

        def figures(nats: float) -> dict[str, float]:
            return {"nats_per_char": nats, "bits_per_char": bits(nats), "perplexity": perplexity(nats)}

        metrics: dict[str, Any] = {
            "task": "lm",
            "model": self.saved.settings.model_name,
            "corpus": self.corpus_name,
            "read": self.reading,
            "recipe": self.saved.settings.recipe,
            "seed": self.saved.settings.training.seed,
            "train": {
                "seconds": history.seconds,
                "epochs": round(history.evaluations[-1]["passes"], 3),
                "characters": self.train_characters,
                "tokens_per_second": history.examples_per_second,
                "perplexity_by_epoch": [
                    {"epoch": row["epoch"], "train": row["train_perplexity"], "valid": row["dev_perplexity"]}
                    for row in history.evaluations
                ],
            },
            "valid": {**figures(self.scores.model), "characters": self.held_out_characters},
            "valid_blocks": {**figures(self.scores.blocks), "block": BLOCK_CHARACTERS},
        }
        if self.scores.ngram is not None:
            metrics["valid_network"] = figures(self.scores.network)
            metrics["valid_network_blocks"] = {**figures(self.scores.network_blocks), "block": BLOCK_CHARACTERS}
            metrics["valid_ngram"] = {**figures(self.scores.ngram), "order": self.saved.settings.data.ngram_order}
            metrics["mixture"] = {"network": self.saved.weights[0], "ngram": self.saved.weights[1]}
        if self.scores.dynamic is not None and self.scores.network_dynamic is not None:
            metrics["valid_dynamic"] = figures(self.scores.dynamic)
            metrics["valid_network_dynamic"] = figures(self.scores.network_dynamic)
        metrics["verdict"] = {"sentences": list(map(bare, self.verdict))}
        return metrics

    def to_files(self) -> tuple[dict[str, bytes], list[Note]]:
        """Metrics, history, plot and page, and notes about the plot."""
        history, title = self.history, f"{self.saved.settings.model_name} on {self.corpus_name}"
        files = {METRICS_FILE: json_bytes(self.to_metrics()), HISTORY_FILE: history.to_csv().encode("utf-8")}
        files |= plot_perplexity(history, title=title)
        notices = [] if font_for([title]) else [Note("no_font_for_title")]
        summary = [
            ("text", f"{self.train_characters:,} characters to learn from, {self.held_out_characters:,} held out"),
            ("vocabulary", f"{len(self.saved.vocabulary):,} characters"),
            ("parameters", f"{self.parameters:,}"),
            ("recipe", self.saved.settings.recipe or "default"),
            ("training", length_told(history)),
            ("speed", f"{history.examples_per_second:,.0f} characters a second, evaluations left out"),
            ("seed", str(self.saved.settings.training.seed)),
        ]
        files |= language_model_page(self.saved, self.sample, title=title)
        files[PAGE_FILE] = render(
            "language_model",
            title=title,
            summary=summary,
            comparison=self.comparison,
            verdict=list(map(bare, self.verdict)),
            plot=files["perplexity.svg"],
            temperature=USUAL_TEMPERATURE,
            samples=self.samples_while_learning,
            sample=self.sample,
            inside=INSIDE_FILE if INSIDE_FILE in files else "",
        ).encode("utf-8")
        return files, notices
