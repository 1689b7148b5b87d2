"""A character language model from a text to a saved model, its report and its first words.

file -> characters -> ids -> windows -> network -> train_eval -> n-gram mixed in -> metrics -> saved model -> report
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from textrnn.config import USUAL_TEMPERATURE, GenerationConfig, LanguageModelSettings, Run
from textrnn.corpus.sources.download import Progress
from textrnn.corpus.texts import STORY, Corpus, TextSource, find_local, find_text, load_corpus
from textrnn.corpus.tokenizers import Tokenizer
from textrnn.corpus.vocab import Vocabulary
from textrnn.errors import DataError, Note
from textrnn.models.language.base import RecurrentLanguageModel
from textrnn.report.language_model import LanguageModelResult
from textrnn.saved.character_model import CharacterModel
from textrnn.saved.folder import is_saved
from textrnn.tasks.common import (
    Kept,
    announce_replacement,
    as_begun,
    build_network,
    checkpoint_of,
    held,
    is_finished,
    keep,
    kept_settings,
)
from textrnn.tasks.model_folders import announce_folder, placed, with_content
from textrnn.tasks.settings import CorpusFacts, combine, settle
from textrnn.training.checkpoint import CHECKPOINT_NAME, Checkpoint
from textrnn.training.dynamic import dynamic_scores
from textrnn.training.events import Listener
from textrnn.training.history import History
from textrnn.training.mixing import fit_mixture, held_out_scores, tuning_part
from textrnn.training.objectives.language_model import HeldOutText, LanguageModelObjective
from textrnn.training.threads import Threads
from textrnn.training.train_eval import choose_device, explain_out_of_memory, fit, precision_for
from textrnn.training.trial import seconds_a_step

USUAL_SECONDS = 60.0  # of training, where neither epochs nor a budget were named and the usual epochs would take longer
NOT_MUCH_MORE = 1.5  # times as long they may take; a machine that is near a minute stays with what a seed repeats
TRIED_CHARACTERS = 1_000_000  # from which the speed is found, at most
SAMPLE_LENGTH = 60  # characters written at a time while the network learns
LONGEST_SAMPLE_PREFIX, LONGEST_WORD, FEW_CHARACTERS = 40, 12, 4  # of what it continues then
LOOKED_AT = 200  # characters of the held-out text, for a word to begin with


@dataclass(frozen=True)
class Learnt:
    """What training leaves: a model that answers, and how it went."""

    model: CharacterModel
    history: History


def train(
    run: Run, listener: Listener | None = None, *, on_download: Progress | None = None, prefix: str | None = None
) -> tuple[Run, LanguageModelResult | None]:
    """Train a language model on a text that is named, score what is held out, and keep everything.

    Args:
        listener: told of every step, evaluation, sample and note; asked whether to stop.
        prefix: what the network continues while it learns, to show how far it is; by default a word of the text.

    Returns:
        The run as it was done (of another text, where the default one cannot be had), and its result; None of a run
        that was finished before.

    Raises:
        TextRNNError: for anything the user can mend.
    """
    listener = listener or Listener()
    run, source = find_source(run, listener, on_download)
    run = with_content(placed(run))
    announce_folder(run, listener)
    if is_finished(run, listener):
        return run, None
    with held(run):
        kept = kept_settings(run, listener)
        settings = combine(run, kept)
        choose_device(settings.training.device)  # a wrong one shows before anything is read
        corpus = load_corpus(source, settings.data)
        refuse_short_text(corpus, settings.training.num_steps)
        return run, train_on(corpus, run, listener, kept=kept, prefix=prefix)


def train_on(
    corpus: Corpus, run: Run, listener: Listener, *, kept: Kept | None = None, prefix: str | None = None
) -> LanguageModelResult:
    """As :func:`train`, on a text that is in memory.

    Args:
        kept: what the run that goes on has kept.
        prefix: what the network continues while it learns; by default a word of the text.
    """
    settings: LanguageModelSettings = settle(run, kept, CorpusFacts(len(corpus.train), corpus.letters))
    if kept is None and _leaves_length_open(run):
        settings = within_a_minute(corpus, run, settings, listener)
    run = as_begun(run, kept)
    checkpoint = checkpoint_of(run, settings, corpus.digest, kept)
    announce_replacement(run.folder, listener)
    listener.on_training(settings, "", run.folder)
    learnt = learn(corpus, settings, listener, checkpoint=checkpoint, prefix=prefix)
    result = judge(learnt, corpus)
    listener.on_note(Note("judged", result=result))
    files, notes = result.to_files() if run.folder is not None else ({}, [])
    keep(run, learnt.model, files, notes, listener)
    return result


def _leaves_length_open(run: Run) -> bool:
    training = combine(run).training
    return training.epochs is None and training.budget is None


def within_a_minute(
    corpus: Corpus,
    run: Run,
    settings: LanguageModelSettings,
    listener: Listener,
    clock: Callable[[], float] = time.perf_counter,
) -> LanguageModelSettings:
    """The same settings if the epochs fitted to the text take not much more than a minute here, else those of a budget
    of a minute.

    Args:
        settings: settled, with a number of epochs that nobody named.
        listener: told of a budget.
        clock: returns the time in seconds.
    """
    training, characters = settings.training, len(corpus.train)
    trial = prepare(dataclasses.replace(corpus, train=corpus.train[:TRIED_CHARACTERS]), settings)
    seconds = seconds_a_step(trial.model.network, trial.objective, training, clock)
    speed = training.batch_size * training.num_steps / seconds
    evaluating = trial.objective.evaluation_seconds(trial.model.network) / training.evaluate_epochs
    assert training.epochs is not None
    expected = training.epochs * (characters / speed + evaluating)
    if expected <= NOT_MUCH_MORE * USUAL_SECONDS:
        return settings
    of_a_minute = dataclasses.replace(run, named={**run.named, "budget": USUAL_SECONDS})
    epochs = training.epochs * USUAL_SECONDS / expected
    listener.on_note(
        Note("time_bound", speed=speed, epochs=epochs, usual=training.epochs, expected=expected, budget=USUAL_SECONDS)
    )
    facts = CorpusFacts(characters, corpus.letters, speed=epochs * characters / USUAL_SECONDS)
    bounded: LanguageModelSettings = settle(of_a_minute, None, facts)
    return bounded


@dataclass(frozen=True)
class Prepared:
    """A model that has learnt nothing yet, and what it is to learn.

    Attributes:
        token_ids: int64, (N,): the text to learn from
        tuning: what of it is kept from the network, to weigh the mixture with
    """

    model: CharacterModel
    token_ids: Tensor
    tuning: slice
    objective: LanguageModelObjective


def prepare(corpus: Corpus, settings: LanguageModelSettings, prefix: str | None = None) -> Prepared:
    """What :func:`learn` begins with.

    Raises:
        As :func:`learn`.
    """
    training = settings.training
    refuse_short_text(corpus, training.num_steps)
    device = choose_device(training.device)
    vocabulary = Vocabulary.build([corpus.train], Tokenizer(), max_vocab=settings.data.max_vocab)
    network: RecurrentLanguageModel = build_network(settings, vocabulary_size=len(vocabulary)).to(device)
    network.precision = precision_for(training.precision, device)
    threads = Threads.on(device, training.threads)
    model = CharacterModel(settings, network, vocabulary, corpus.digest, threads=threads)
    token_ids, held_out, context = map(model.encode, (corpus.train, corpus.held_out, corpus.context))
    tuning = tuning_part(len(token_ids), len(vocabulary)) if settings.data.ngram_order else slice(0, 0)
    to_learn = torch.cat([token_ids[: tuning.start], token_ids[tuning.stop :]]) if tuning.stop else token_ids
    if settings.model_config.initialisation != "uniform":  # that is PyTorch's own way, and the book's
        network.expect_shares(torch.bincount(to_learn, minlength=len(vocabulary)))
    before = torch.cat([context.new_tensor([model.start_id]), context])
    prefix = _a_beginning(corpus) if prefix is None else prefix[-LONGEST_SAMPLE_PREFIX:]
    config = GenerationConfig(SAMPLE_LENGTH, USUAL_TEMPERATURE)

    def write(step: int) -> str:
        return model.read_prefix(prefix)[0] + "".join(model.stream(prefix, config, seed=step))

    return Prepared(
        model, token_ids, tuning, LanguageModelObjective(to_learn, HeldOutText(before, held_out), training, write)
    )


def _a_beginning(corpus: Corpus) -> str:
    """A word of the held-out text; of a text without spaces, a few characters of it."""
    words = corpus.held_out[:LOOKED_AT].split()
    word = words[1] if len(words) > 2 else corpus.held_out  # the first may have been cut
    return f"{word} " if len(word) <= LONGEST_WORD else word[:FEW_CHARACTERS]


def learn(
    corpus: Corpus,
    settings: LanguageModelSettings,
    listener: Listener | None = None,
    *,
    checkpoint: Checkpoint | None = None,
    prefix: str | None = None,
) -> Learnt:
    """Train a language model on a text in memory.

    Args:
        settings: settled, see :func:`textrnn.tasks.settings.settle`.
        checkpoint: where the unfinished run is kept; by default nowhere.
        prefix: what the network continues while it learns; by default a word of the text.

    Raises:
        DataError: if the text is shorter than one window.
        Interrupted: if the listener asked to stop.
        TrainingError: if the loss diverges or the memory runs out.
        ConfigError: for a device that is not here, or sizes that do not fit the memory.
    """
    listener = listener or Listener()
    order = settings.data.ngram_order
    ready = prepare(corpus, settings, prefix)
    model = ready.model
    for note in corpus.notes:
        listener.on_note(note)
    listener.on_note(Note("text", corpus=corpus, vocabulary_size=len(model.vocabulary)))
    listener.on_note(Note("network", settings=settings, network=model.network, device=model.device))
    history = fit(model.network, ready.objective, settings.training, checkpoint=checkpoint, listener=listener)
    listener.on_note(Note("trained", history=history))
    if order:
        with explain_out_of_memory("`max_chars` or `ngram_order`"):
            model.ngram, model.weights = fit_mixture(model.network, ready.token_ids, ready.tuning, order, model.threads)
    return Learnt(model, history)


def learn_network(corpus: Corpus, settings: LanguageModelSettings, listener: Listener) -> History:
    """As :func:`learn`, for the history alone: nothing is mixed in, and the model forgotten."""
    ready = prepare(corpus, settings)
    return fit(ready.model.network, ready.objective, settings.training, listener=listener)


def refuse_short_text(corpus: Corpus, num_steps: int) -> None:
    """A text must fill a window.

    Raises:
        DataError: if it does not.
    """
    characters, needed = len(corpus.train), num_steps + 1
    if characters < needed:
        raise DataError(
            f"{corpus.path}: {characters:,} characters to learn from (see `held_out` and `max_chars`); expected at "
            f"least {needed:,}, one window of `num_steps={num_steps}` and the character after it: a longer text, or a "
            "smaller `num_steps`"
        )


def judge(learnt: Learnt, corpus: Corpus) -> LanguageModelResult:
    """Score what is held out."""
    model = learnt.model
    with explain_out_of_memory("`max_chars` or `ngram_order`"):
        parameters = sum(parameter.numel() for parameter in model.network.parameters())
        held_out = model.encode(corpus.held_out)
        scores = held_out_scores(model, held_out)
        if model.settings.training.dynamic_evaluation:
            dynamic, network_dynamic = dynamic_scores(model, model.encode(corpus.train), held_out)
            scores = dataclasses.replace(scores, dynamic=dynamic, network_dynamic=network_dynamic)
    sizes = (parameters, len(corpus.train), len(corpus.held_out))
    return LanguageModelResult(model, corpus.name, learnt.history, scores, *sizes, corpus.reading)


def fall_back_to_story(run: Run) -> Run:
    """The run as it stands where nothing can be asked of the network: who named no text may mean the story.

    That is so where the default text is not here and no model of it either, but one of the story.
    """
    known = run.folder is not None and is_saved(run.folder)
    if "corpus" in run.named or known or find_local(combine(run).data.corpus) is not None:
        return run
    other = placed(_of_the_story(run))
    folder = other.folder
    return other if folder is not None and (is_saved(folder) or (folder / CHECKPOINT_NAME).is_file()) else run


def _of_the_story(run: Run) -> Run:
    folder = None if run.folder is None else run.folder.parents[1] / STORY / run.folder.name
    return dataclasses.replace(run, named={**run.named, "corpus": (STORY,)}, folder=folder, data_identity=None)


def find_source(run: Run, listener: Listener, on_download: Progress | None) -> tuple[Run, TextSource]:
    """The text's file; of the default text, when it can neither be found nor fetched, the story takes the place."""
    corpus = combine(run).data.corpus
    try:
        return run, find_text(corpus, on_progress=on_download)
    except DataError:
        story = find_local(STORY)
        if "corpus" in run.named or story is None:
            raise
        listener.on_note(Note("fell_back", wanted=" ".join(corpus), taken=STORY))
        return _of_the_story(run), story
