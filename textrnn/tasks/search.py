"""A search for better settings: trials judged by the dev split, then one training with the best of them.

read once -> settle the defaults -> trial after trial, learnt in memory -> the best settings -> train_on, as always
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from textrnn.config import Choices, Run, RunSettings, Span
from textrnn.config.space import Space, space_of
from textrnn.corpus.dataset import Dataset, load_dataset
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.corpus.sources.download import Progress
from textrnn.corpus.texts import Corpus, TextSource, load_corpus
from textrnn.errors import ConfigError, Interrupted, Note, TrainingError, one_line
from textrnn.evaluation.trials import DONE, FAILED, MAXIMISED, STOPPED_EARLY, Trial
from textrnn.files import remove_file, write_together
from textrnn.models.registry import SOLVED, find_model
from textrnn.report.search import SearchResult
from textrnn.tasks import classify, language_model
from textrnn.tasks.common import held, is_finished, kept_settings
from textrnn.tasks.few_rows import all_learnt
from textrnn.tasks.model_folders import announce_folder, placed, with_content
from textrnn.tasks.settings import CorpusFacts, combine, recipe_of, settle
from textrnn.tasks.study import TENTHS, Study, is_there, refuse_missing_package
from textrnn.training.checkpoint import CHECKPOINT_NAME
from textrnn.training.events import Listener, ListenerGroup
from textrnn.training.history import History, Sample
from textrnn.training.train_eval import choose_device

FOLDER = "search"  # in the model folder


class Searched(Protocol):
    """A task whose settings can be searched, its data in memory."""

    digest: str
    judged_by: str

    def settle(self, run: Run, listener: Listener) -> RunSettings[Any, Any, Any]:
        """The settings of a run, nothing left open."""

    def learn(self, settings: RunSettings[Any, Any, Any], listener: Listener) -> History:
        """Train, and forget the model; the test split is not looked at."""

    def fixed(self, settings: RunSettings[Any, Any, Any]) -> set[str]:
        """Settings that the data leaves no choice of."""

    def train(self, run: Run, listener: Listener) -> None:
        """The training that counts, with its report."""


class _Classifying:
    def __init__(self, run: Run, on_download: Progress | None, *, baseline: bool):
        config = combine(run).data
        source = find_dataset(config.dataset, on_progress=on_download)
        self.dataset: Dataset = all_learnt(load_dataset(source, config), run.model_name)
        self.facts = classify.DatasetFacts(self.dataset)
        self.baseline = baseline
        self.judged_by = "dev_macro_f1" if self.dataset.multi_label else "dev_accuracy"
        self.digest = self.dataset.encoded(self.settle(run, Listener()).data).digest

    def settle(self, run: Run, listener: Listener) -> RunSettings[Any, Any, Any]:
        return settle(run, None, self.facts)

    def learn(self, settings: RunSettings[Any, Any, Any], listener: Listener) -> History:
        vectors, beginning = self.facts.vectors(settings), self.facts.beginning(settings)
        return classify.learn(self.dataset, settings, listener, vectors=vectors, beginning=beginning).history

    def fixed(self, settings: RunSettings[Any, Any, Any]) -> set[str]:
        unread = set(find_model(settings.model_name).unread)
        if settings.model_name == SOLVED:  # its n-grams are of words where these have spaces, else of tokens
            unread.add("longest_ngram" if settings.data.spelling else "longest_words")
        of_vectors = set() if self.facts.vectors(settings) is None else {"embedding_size"}
        beginning = self.facts.beginning(settings)
        return {*unread, *of_vectors, *(() if beginning is None else beginning.sizes)}

    def train(self, run: Run, listener: Listener) -> None:
        linear = classify.train_baseline if self.baseline else None
        kept = kept_settings(run, listener)
        classify.train_on(self.dataset, run, listener, kept=kept, baseline=linear, doubts=self.baseline)


class _Writing:
    judged_by = "dev_perplexity"

    def __init__(self, run: Run, source: TextSource):
        config = combine(run)
        self.corpus: Corpus = load_corpus(source, config.data)
        language_model.refuse_short_text(self.corpus, config.training.num_steps)
        self.digest = self.corpus.digest

    def settle(self, run: Run, listener: Listener) -> RunSettings[Any, Any, Any]:
        return settle(run, None, CorpusFacts(len(self.corpus.train), self.corpus.letters))

    def learn(self, settings: RunSettings[Any, Any, Any], listener: Listener) -> History:
        return language_model.learn_network(self.corpus, settings, listener)

    def fixed(self, settings: RunSettings[Any, Any, Any]) -> set[str]:
        return {"embedding_size"} if settings.model_config.embedding_size == 0 else set()  # one-hot

    def train(self, run: Run, listener: Listener) -> None:
        language_model.train_on(self.corpus, run, listener, kept=kept_settings(run, listener))


def search(
    run: Run,
    trials: int,
    listener: Listener | None = None,
    *,
    on_download: Progress | None = None,
    baseline: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> Run:
    """Search for better settings than the defaults, and train with the best.

    What is named in the run stays as it is. A `budget` there is that of the whole search: each trial and the training
    at the end get the same share of it.

    Args:
        trials: in all, the first with the defaults.
        listener: told of every trial, and of the training at the end as always; asked whether to stop.
        baseline: whether the linear model is trained beside the last training.

    Returns:
        The run of the last training, in its own folder.

    Raises:
        Interrupted: if the listener asked to stop; the trials that have ended are kept.
        TextRNNError: for anything the user can mend.
    """
    refuse_missing_package()
    began, listener = clock(), listener or Listener()
    source = None
    if run.task == "lm":
        run, source = language_model.find_source(run, listener, on_download)
    run = placed(run)
    announce_folder(run, listener)
    assert run.folder is not None
    choose_device(combine(run).training.device)
    with held(run):
        task: Searched = _Classifying(run, on_download, baseline=baseline) if source is None else _Writing(run, source)
        run = with_content(run)
        about = {**run.named, "model": run.model_name, "data": task.digest}
        with contextlib.closing(_open_study(run, trials, about, task.judged_by, listener)) as study:
            result = _search(run, trials, task, study, listener, clock, began)
            _train_best(run, task, study, result, listener)
    return run


def _open_study(run: Run, trials: int, about: Mapping[str, Any], judged_by: str, listener: Listener) -> Study:
    assert run.folder is not None
    folder = run.folder / FOLDER
    if is_there(folder) and not run.resume:
        listener.on_note(Note("started_over", what=f"the search in {folder}"))
    elif run.resume and not is_there(folder):
        listener.on_note(Note("nothing_to_resume", file="search", folder=run.folder))
    seed = combine(run).training.seed
    study = Study(folder, about, judged_by=judged_by, wanted=trials, seed=seed, resume=run.resume)
    if study.is_new:
        remove_file(run.folder / CHECKPOINT_NAME)  # of a training that this one takes the place of
    return study


def _search(
    run: Run, wanted: int, task: Searched, study: Study, listener: Listener, clock: Callable[[], float], began: float
) -> SearchResult:
    """All trials, or as many as the budget allows; what is found so far is written after each."""
    budget = combine(run).training.budget
    share = None if budget is None else study.keep("share", lambda: budget / (wanted + 1))
    named = study.keep("begins with", lambda: _limited(run, task, share, listener))
    base = dataclasses.replace(run, named={**run.named, **named}, resume=False)
    defaults = task.settle(base, listener)
    recipe = recipe_of(run.task, run.named)[1]
    fixed = {*run.named, *recipe.model, *recipe.corpus, *recipe.training, *task.fixed(defaults)}
    space: Space = _from_kept(study.keep("space", lambda: _to_kept(space_of(defaults, fixed))))
    if not space:
        raise ConfigError("`search`: every setting that could be searched is named; expected one left open")
    values = defaults.to_flat()
    result = SearchResult(base, defaults, space, study.judged_by, wanted, study.trials)
    spent = sum(trial.seconds for trial in result.trials)
    while len(result.trials) < wanted:
        if budget is not None and share is not None and spent + clock() - began >= budget - share:
            listener.on_note(Note("search_out_of_time", done=len(result.trials), wanted=wanted, budget=budget))
            break
        asked, trial = study.ask(space, values)
        trial = _try(base, trial, task, listener, partial(study.should_stop, asked), study.judged_by, clock)
        study.tell(asked, trial)
        result = dataclasses.replace(result, trials=[*result.trials, trial])
        listener.on_note(Note("tried", trial=trial, result=result))
        _write(run, result.to_files())
    if result.best is None:
        reason = result.trials[0].reason if result.trials else "there was no time for one"
        raise TrainingError(f"search: no trial came to its end ({reason}); expected one: see `learning_rate`, `budget`")
    listener.on_note(Note("searched", result=result))
    _write(run, result.to_report())
    return result


def _limited(run: Run, task: Searched, share: float | None, listener: Listener) -> dict[str, Any]:
    """How long each training is: as long as with the defaults, and no longer than its share of the budget."""
    if share is None:
        if isinstance(task, _Writing) and not {"epochs", "budget"} & set(run.named):
            settings = task.settle(run, listener)
            training = language_model.within_a_minute(task.corpus, run, settings, listener).training
            return {"budget": training.budget} if training.epochs is None else {"epochs": training.epochs}
        return {}
    unlimited = dataclasses.replace(run, named={n: v for n, v in run.named.items() if n != "budget"})
    return {"epochs": task.settle(unlimited, listener).training.epochs, "budget": share}


def _try(
    base: Run,
    trial: Trial,
    task: Searched,
    listener: Listener,
    is_worse: Callable[[float, int], bool],
    judged_by: str,
    clock: Callable[[], float],
) -> Trial:
    """One training, its model forgotten.

    Raises:
        Interrupted: if the listener asked to stop.
        ConfigError: if the defaults themselves are refused.
    """
    judge, started = Judge(judged_by, is_worse if trial.number > 1 else lambda score, tenth: False), clock()
    run = dataclasses.replace(base, named={**base.named, **trial.settings})
    state, reason, scores = DONE, "", {}
    try:
        settings = task.settle(run, listener)
        listener.on_training(settings, f"trial {trial.number}", run.folder)
        history = task.learn(settings, ListenerGroup([_Trying(listener), judge]))
        scores = history.best
    except Interrupted as error:
        if not judge.is_worse:
            raise Interrupted(
                f"the search was stopped in trial {trial.number}; the trials before it are kept", resumable=True
            ) from error
        state, scores = STOPPED_EARLY, judge.best
    except (TrainingError, ConfigError) as error:
        if isinstance(error, ConfigError) and trial.number == 1:
            raise
        state, reason = FAILED, one_line(error)
    figures = {name: float(value) for name, value in scores.items() if name.startswith("dev_")}
    progress = 1.0 if state == DONE else judge.progress
    return dataclasses.replace(
        trial, state=state, scores=figures, seconds=round(clock() - started, 3), progress=progress, reason=reason
    )


class Judge(Listener):
    """Follows a trial, and stops it where it does worse than others did.

    Args:
        is_worse: told the score at each tenth of the training.
    """

    def __init__(self, judged_by: str, is_worse: Callable[[float, int], bool]):
        self.judged_by, self.asks = judged_by, is_worse
        self.total: int | None = None
        self.seconds = math.inf
        self.progress, self.tenth = 0.0, 0
        self.best: dict[str, float] = {}
        self.is_worse = False

    def on_start(self, total_steps: int | None, done_steps: int, seconds_left: float | None) -> None:
        self.total, self.seconds = total_steps, seconds_left or math.inf

    def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
        sign = 1.0 if MAXIMISED[self.judged_by] else -1.0
        score = row[self.judged_by]
        if not self.best or sign * score > sign * self.best[self.judged_by]:
            self.best = row
        self.progress = min(1.0, max(row["step"] / self.total if self.total else 0.0, row["seconds"] / self.seconds))
        tenth = int(TENTHS * self.progress + 1e-9)
        if self.tenth < tenth < TENTHS:
            self.tenth = tenth
            self.is_worse = self.asks(score, tenth)

    def should_stop(self) -> bool:
        return self.is_worse


class _Trying(ListenerGroup):
    """Lets the steps of a trial through; what is to be said of it is said when it has ended."""

    def __init__(self, listener: Listener):
        super().__init__([listener])

    def on_note(self, note: Note) -> None:
        pass

    def on_sample(self, sample: Sample) -> None:
        pass


def _train_best(run: Run, task: Searched, study: Study, result: SearchResult, listener: Listener) -> None:
    """The training that counts: that of the best trial again, now kept and tested.

    It goes on where it was stopped.
    """
    assert run.folder is not None
    best = result.best_run
    goes_on = run.resume and not study.is_new
    best = dataclasses.replace(best, resume=goes_on and (run.folder / CHECKPOINT_NAME).is_file())
    if goes_on and study.study.user_attrs.get("trained") == result.number_of_best:
        finished = dataclasses.replace(best, resume=True)
        if is_finished(finished, listener):
            return
    task.train(best, listener)
    study.study.set_user_attr("trained", result.number_of_best)


def _write(run: Run, files: Mapping[str, bytes]) -> None:
    assert run.folder is not None
    write_together(run.folder / FOLDER, files)


def _to_kept(space: Space) -> dict[str, Any]:
    return {
        name: {"values": list(place.values)} if isinstance(place, Choices) else dataclasses.asdict(place)
        for name, place in space.items()
    }


def _from_kept(kept: Mapping[str, Any]) -> dict[str, Span | Choices]:
    return {
        name: Choices(tuple(place["values"])) if "values" in place else Span(**place) for name, place in kept.items()
    }


def folder_of(run: Run) -> Path:
    """Where the search of a run is kept."""
    assert run.folder is not None
    return run.folder / FOLDER
