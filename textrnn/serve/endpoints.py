"""What is answered at each address of the API."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path
from typing import Any

from textrnn.corpus.formulas import without_apostrophe
from textrnn.corpus.labels import parts_of
from textrnn.corpus.readers import decode
from textrnn.report.errors_table import ERRORS_FILE
from textrnn.saved.classifier import Classifier
from textrnn.serve.batching import Batcher, Slow
from textrnn.serve.http import Answer, Request, RequestError, json_line
from textrnn.serve.limits import Limits
from textrnn.serve.schemas import ClassifyRequest, read_request
from textrnn.serve.shelf import Entry, Loaded, Shelf, read_metrics

MOST_ERRORS = 1000  # texts that one request gets
MOST_EXPLAINED = 5  # labels of a text
BETWEEN = "|"  # labels in the table of wrong answers


class Classify:
    """``POST /v1/classify``."""

    def __init__(self, shelf: Shelf, batcher: Batcher, slow: Slow, limits: Limits):
        self.shelf, self.batcher, self.slow, self.limits = shelf, batcher, slow, limits

    async def __call__(self, request: Request) -> Answer:
        limits = self.limits
        asked = read_request(ClassifyRequest, await request.json_body(limits.body_bytes, limits.drained_bytes))
        texts = _texts(asked)
        loaded = await self.shelf.get(asked.model, "classify")
        classes = len(texts) * min(asked.top_k, len(loaded.entry.facts["classes"]))
        if classes > limits.answered_classes:
            raise RequestError(
                422, "too_many_classes", f"{classes:,} classes to answer; expected at most {limits.answered_classes:,}"
            )
        if asked.explain:
            if len(texts) > limits.explained_texts:
                raise RequestError(
                    422, "too_many_texts", f"`explain`: {len(texts)} texts; expected at most {limits.explained_texts}"
                )
            answers = await self.batcher.classify(loaded, texts, asked.top_k)
            explanations = await self.slow.run(request, _explained, loaded, texts)
            key = b',"explanation":' if loaded.entry.facts["thresholds"] is None else b',"explanations":'
            answers = [
                answer[:-1] + key + explanation + b"}"
                for answer, explanation in zip(answers, explanations, strict=True)
            ]
        else:
            answers = await self.batcher.classify(loaded, texts, asked.top_k)
        return Answer(b'{"model":' + loaded.json_id + b',"answers":[' + b",".join(answers) + b"]}")


def _texts(asked: ClassifyRequest) -> list[str]:
    """The texts of a request.

    Raises:
        RequestError: if there is none.
    """
    given = asked.model_fields_set
    if ("text" in given) == ("texts" in given):
        raise RequestError(422, "wrong_fields", "expected either `text` or `texts`")
    if "text" in given:
        if not asked.text.strip():
            raise RequestError(422, "empty_text", "`text`: it is empty; expected a text")
        return [asked.text]
    if not asked.texts:
        raise RequestError(422, "empty_text", "`texts`: it is empty; expected a text at least")
    return asked.texts


def _explained(loaded: Loaded, texts: list[str]) -> list[bytes]:
    from textrnn.saved.explanation import explain, explain_labels

    assert isinstance(loaded.model, Classifier)
    if loaded.model.multi_label:
        of_texts = explain_labels(loaded.model, texts, rounds=1, most=MOST_EXPLAINED)
        return [json_line([explanation.to_dict() for explanation in each]) for each in of_texts]
    if len(loaded.model.class_names) < 2:
        raise RequestError(422, "nothing_to_explain", "the model knows one class only: there is nothing to explain")
    return [json_line(explanation.to_dict()) for explanation in explain(loaded.model, texts, rounds=1)]


class Models:
    """``GET /v1/models`` and what is below it."""

    def __init__(self, shelf: Shelf):
        self.shelf = shelf

    async def __call__(self, request: Request) -> Answer:
        """All models."""
        request.query(set())
        entries = sorted(self.shelf.entries.values(), key=lambda entry: entry.id)
        return Answer.of({"models": [entry.facts for entry in entries]})

    async def one(self, request: Request, name: str) -> Answer:
        """One of them, with its report's figures."""
        entry = self.shelf.find(name)
        request.query(set())
        return Answer.of(await asyncio.to_thread(_detail, entry))

    async def errors(self, request: Request, name: str) -> Answer:
        """The texts of its test split that it answers wrong."""
        entry = self.shelf.find(name)
        fields = request.query({"true", "predicted", "limit"})
        limit = fields.get("limit", "100")
        if not (limit.isascii() and limit.isdigit() and len(limit) < 6 and 0 < int(limit) <= MOST_ERRORS):
            raise RequestError(422, "wrong_fields", f"`limit`: expected a whole number from 1 to {MOST_ERRORS}")
        if entry.task != "classify":
            raise RequestError(404, "no_errors", f"`model` {name}: a language model, which answers nothing wrong")
        wanted = {name: fields[name] for name in ("true", "predicted") if name in fields}
        for label in wanted.values():
            if label not in entry.facts["classes"]:
                raise RequestError(422, "unknown_label", "no such class; see the `classes` of the model")
        if entry.facts["thresholds"] is None:
            rows = await asyncio.to_thread(_errors, entry.folder / ERRORS_FILE)
            found = [row for row in rows if all(row[name] == label for name, label in wanted.items())]
        else:
            rows = await asyncio.to_thread(_label_errors, entry.folder / ERRORS_FILE, entry.facts["classes"])
            found = [row for row in rows if all(_is_amiss(row, name, label) for name, label in wanted.items())]
        return Answer.of({"texts": found[: int(limit)], "total": len(found)})


def _detail(entry: Entry) -> dict[str, Any]:
    facts = dict(entry.facts)
    if entry.task == "classify":
        test = read_metrics(entry.folder).get("test")
        test = test if isinstance(test, dict) else {}
        facts["labels"] = test.get("labels", facts["classes"])
        single, several = ("confusion_matrix", "per_class"), ("per_label", "missed_together")
        facts |= {name: test.get(name) for name in (single if facts["thresholds"] is None else several)}
    return facts


def _is_amiss(row: dict[str, Any], name: str, label: str) -> bool:
    """Whether a label of a row was missed (``true``), or given wrongly (``predicted``)."""
    other = "predicted" if name == "true" else "true"
    return label in row[name] and label not in row[other]


def _label_errors(path: Path, classes: list[str]) -> list[dict[str, Any]]:
    """The same of a model that gives several labels."""
    return [
        {
            "text": row["text"],
            **{name: list(parts_of(row[name], BETWEEN, set(classes))) for name in ("true", "predicted")},
            "probability": row["probability"],
        }
        for row in _errors(path, sureness="surest")
    ]


def _errors(path: Path, sureness: str = "probability") -> list[dict[str, Any]]:
    """The table of wrong answers beside a model; empty where there is none, or another one.

    What was put before a cell so that no spreadsheet computes it is taken off.
    """
    try:
        content, _ = decode(path.read_bytes(), path)
        rows = list(csv.DictReader(io.StringIO(content, newline="")))
        return [
            {**{name: without_apostrophe(row[name]) for name in ("text", "true", "predicted")},
             "probability": float(row[sureness])}
            for row in rows
        ]  # fmt: skip
    except (OSError, KeyError, TypeError, ValueError, csv.Error):
        return []
