"""The models that are served: those below a folder, as they come, change and go on the disk.

A training replaces the files of a model whole and writes ``config.json`` last, so a folder whose ``config.json`` is new
is a new model, and one without it is about to become one. What cannot be read changes nothing: the model that was read
before keeps answering.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textrnn.corpus.embeddings import TOKENIZER_FILE, VECTORS_FILE
from textrnn.errors import ArtifactError, ConfigError, did_you_mean, one_line
from textrnn.saved.character_model import CharacterModel
from textrnn.saved.classifier import LABELS_FILE, Classifier, load_classifier
from textrnn.saved.folder import CONFIG_FILE, METRICS_FILE, MODEL_FILE, VOCAB_FILE, is_saved, read_config, read_json
from textrnn.serve.http import RequestError, busy, json_line
from textrnn.serve.limits import Limits
from textrnn.training.threads import Threads

log = logging.getLogger("textrnn.serve")

FILES = (CONFIG_FILE, MODEL_FILE, VOCAB_FILE, LABELS_FILE, VECTORS_FILE, TOKENIZER_FILE, METRICS_FILE)
KINDS = {"classify": "a classifier", "lm": "a language model"}
FIGURES = {
    "classify": ("test", ("accuracy", "macro_f1")),
    "lm": ("valid", ("nats_per_char", "bits_per_char", "perplexity")),
}
OF_SEVERAL_LABELS = ("macro_f1", "micro_f1", "exact_match")
State = tuple[tuple[int, int] | None, ...]  # of each file when it was changed and its size


@dataclass(frozen=True)
class Entry:
    """A model as its folder tells of it, its weights aside.

    Attributes:
        id: ``data/model``, the names of its folders
        state: of its files when they were looked at
        made: seconds since 1970
        facts: what is answered about it
    """

    id: str
    task: str
    folder: Path
    state: State
    made: float
    facts: dict[str, Any]

    @property
    def size(self) -> int:
        """Bytes of its weights, and of its vectors of whole texts."""
        found = (self.state[FILES.index(name)] for name in (MODEL_FILE, VECTORS_FILE))
        return sum(state[1] for state in found if state)


@dataclass
class Loaded:
    """A model in memory.

    Attributes:
        json_id: as it stands in answers
        used: when it was last asked for
    """

    entry: Entry
    model: Classifier | CharacterModel
    json_id: bytes
    used: float


def state_of(folder: Path) -> State:
    """What tells whether the files of a model have changed."""
    found: list[tuple[int, int] | None] = []
    for name in FILES:
        try:
            status = (folder / name).stat()
            found.append((status.st_mtime_ns, status.st_size))
        except OSError:
            found.append(None)
    return tuple(found)


def read_entry(folder: Path, state: State) -> Entry | None:
    """A model's folder; None for one of a task that is not served.

    Raises:
        ArtifactError: if it cannot be read.
    """
    document = read_json(folder / CONFIG_FILE)
    task = document.get("task") if isinstance(document, dict) else None
    if isinstance(task, str) and task not in KINDS:
        return None
    task = "lm" if task == "lm" else "classify"
    config = read_config(folder, task)
    try:
        data = config["data"]["dataset"] if task == "classify" else config["data"]["corpus"]
        facts: dict[str, Any] = {
            "id": f"{folder.parent.name}/{folder.name}",
            "task": task,
            "model": str(config["model"]),
            "data": " ".join(map(_name_of, data if isinstance(data, list) else [data])),
        }
    except (KeyError, TypeError) as error:
        raise ArtifactError(f"{folder / CONFIG_FILE}: {error} is missing; expected what training wrote") from error
    made = state[0][0] / 1e9 if state[0] else 0.0
    facts["classes"] = _class_names(folder / LABELS_FILE) if task == "classify" else []
    facts["made"] = datetime.fromtimestamp(made, UTC).isoformat(timespec="seconds")
    metrics, thresholds = read_metrics(folder), config.get("thresholds")
    facts["thresholds"] = thresholds if task == "classify" and isinstance(thresholds, list) else None
    part, names = FIGURES[task] if facts["thresholds"] is None else ("test", OF_SEVERAL_LABELS)
    figures = metrics.get(part)
    facts[part] = {name: figures.get(name) for name in names} if isinstance(figures, dict) else None
    return Entry(facts["id"], task, folder, state, made, facts)


def _name_of(data: object) -> str:
    """What was learnt, without the folders that it lay in on the machine where it was."""
    return re.split(r"[\\/]", str(data).rstrip("\\/"))[-1]


def _class_names(path: Path) -> list[str]:
    names = read_json(path)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ArtifactError(f"{path}: not a list of class names; expected what training wrote: train again")
    return names


def read_metrics(folder: Path) -> dict[str, Any]:
    """The figures of the report beside a model; empty where there is none."""
    try:
        metrics = read_json(folder / METRICS_FILE)
    except ArtifactError:
        return {}
    return metrics if isinstance(metrics, dict) else {}


def load(entry: Entry) -> Classifier | CharacterModel:
    """Read a model, ready to answer.

    Raises:
        ArtifactError: if it cannot be read, or was replaced meanwhile.
    """
    model: Classifier | CharacterModel
    if entry.task == "classify":
        model = load_classifier(entry.folder)
        model.threads = Threads(1)  # requests are many: each is best off with one
        model.predict_probabilities(["text", "文"])  # the first takes longest: kernels, a dictionary of words
    else:
        model = CharacterModel.load(entry.folder)
        model.threads = Threads(1)
    if state_of(entry.folder)[:-1] != entry.state[:-1]:
        raise ArtifactError(f"{entry.folder}: it is being written; expected a folder that is left alone")
    return model


class Shelf:
    """All models below a folder, or the one that the folder itself is; read when they are asked for.

    What changes is done by one thread; the event loop only looks things up.
    """

    def __init__(self, save_dir: Path, limits: Limits):
        self.save_dir, self.limits = save_dir, limits
        self.entries: dict[str, Entry] = {}
        self.loaded: dict[str, Loaded] = {}
        self._unreadable: dict[str, State] = {}  # what is not looked at again until it changes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="models")
        self._coming: dict[str, asyncio.Future[Loaded]] = {}

    def close(self) -> None:
        """Read no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    # Asked by requests

    def named(self, name: str | None, task: str) -> Entry:
        """The model of a task that a request names, by default the newest.

        Raises:
            RequestError: if there is none.
        """
        entries = self.entries
        if name is None:
            of_task = [entry for entry in entries.values() if entry.task == task]
            if not of_task:
                raise RequestError(404, "unknown_model", f"there is no {KINDS[task].partition(' ')[2]} here; train one")
            return max(of_task, key=lambda entry: (entry.made, entry.id))
        entry = self.find(name)
        if entry.task != task:
            raise RequestError(404, "unknown_model", f"`model` {name}: {KINDS[entry.task]}; expected {KINDS[task]}")
        return entry

    def find(self, name: str) -> Entry:
        """The model of a name.

        Raises:
            RequestError: if there is none.
        """
        entry = self.entries.get(name)
        if entry is None:
            near = did_you_mean(name, self.entries) if len(name) < 200 else ""
            raise RequestError(
                404, "unknown_model", f"`model` {one_line(name, widest=80)}: no such model{near}; see /v1/models"
            )
        return entry

    async def get(self, name: str | None, task: str) -> Loaded:
        """A model that answers; loaded, where it is not yet.

        Raises:
            RequestError: if there is none, or it cannot be read.
        """
        entry = self.named(name, task)
        found = self.loaded.get(entry.id)
        if found is None:
            loop = asyncio.get_running_loop()
            coming = self._coming.get(entry.id)
            if coming is None:
                coming = self._coming[entry.id] = loop.run_in_executor(self._thread, self.load, entry)
                coming.add_done_callback(lambda _: self._coming.pop(entry.id, None))
            try:
                found = await asyncio.shield(coming)
            except ArtifactError:
                raise busy("model_unreadable", f"`model` {entry.id}: it cannot be read just now", status=503) from None
        found.used = time.monotonic()
        return found

    async def watch(self) -> None:
        """Look for changes again and again."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.limits.scan_seconds)
            await loop.run_in_executor(self._thread, self.scan)

    # Done by the thread

    def scan(self) -> None:
        """Take up what is new, changed or gone."""
        try:
            self._scan()
        except Exception as error:  # a disk that is gone, say: what is loaded keeps answering
            log.error("the models cannot be looked for: %s", one_line(error))

    def _scan(self) -> None:
        found: dict[str, Entry] = {}
        for folder in self._folders():
            state, before = state_of(folder), self.entries.get(f"{folder.parent.name}/{folder.name}")
            if before is not None and before.state == state:
                found[before.id] = before
                continue
            entry = self._read(folder, state, before)
            if entry is not None:
                found[entry.id] = entry
        for name in set(self.loaded) - set(found):
            del self.loaded[name]
        for name in set(self.entries) - set(found):
            log.info("%s: gone", name)
            self._unreadable.pop(name, None)
        self.entries = found

    def _folders(self) -> Iterator[Path]:
        if is_saved(self.save_dir) or any(entry.folder == self.save_dir.resolve() for entry in self.entries.values()):
            yield self.save_dir.resolve()
            return
        folders = {path.parent for path in self.save_dir.glob(f"*/*/{CONFIG_FILE}")}
        yield from sorted(folders | {entry.folder for entry in self.entries.values()})

    def _read(self, folder: Path, state: State, before: Entry | None) -> Entry | None:
        """A new or changed folder; where it cannot be read, what was there before."""
        name = f"{folder.parent.name}/{folder.name}"
        if self._unreadable.get(name) == state:
            return before
        if state[0] is None:  # it is being written, or was interrupted at that
            return before if any(state) else None
        try:
            if not name.isprintable() or any("\ud800" <= character <= "\udfff" for character in name):
                raise ArtifactError(f"{one_line(name)}: not a name that can be asked for; rename the folder")
            entry = read_entry(folder, state)
            if entry is not None and name in self.loaded and self.loaded[name].entry.state[:-1] != state[:-1]:
                self.load(entry, before)
                log.info("%s: read again, its files have changed", name)
        except (ArtifactError, ConfigError) as error:
            self._unreadable[name] = state
            kept = "; the model that was read before keeps answering" if name in self.loaded else ""
            log.error("%s%s", error, kept)
            return before if name in self.loaded else None
        if entry is None:  # of a task that is not served: no need to read it again and again
            self._unreadable[name] = state
        else:
            self._unreadable.pop(name, None)
        return entry

    def load(self, entry: Entry, before: Entry | None = None) -> Loaded:
        """Read a model into memory; others that were not asked for the longest time make room.

        Raises:
            ArtifactError: if it cannot be read.
        """
        try:
            model = load(entry)
        except ArtifactError as error:
            if before is None:
                log.error("%s", error)
            raise
        except ConfigError as error:  # a package is missing
            raise ArtifactError(f"{entry.folder}: {error}") from error
        except Exception as error:  # a file that nobody thought of
            raise ArtifactError(f"{entry.folder}: cannot be read ({one_line(error)}); train again") from error
        for old in sorted(self.loaded.values(), key=lambda one: one.used):
            held = sum(one.entry.size for one in self.loaded.values() if one.entry.id != entry.id)
            if held + entry.size > self.limits.model_bytes and old.entry.id != entry.id:
                del self.loaded[old.entry.id]
        made = self.loaded[entry.id] = Loaded(entry, model, json_line(entry.id), time.monotonic())
        return made

    def load_first(self, task: str) -> None:
        """Load the newest model of a task, so that the first request need not wait."""
        of_task = (entry for entry in self.entries.values() if entry.task == task)
        for entry in sorted(of_task, key=lambda one: -one.made):
            try:
                self.load(entry)
                return
            except ArtifactError:
                continue
