"""A character language model from a text to a saved model, its report and its first words.

file -> characters -> ids -> windows -> network -> train_eval -> n-gram mixed in -> metrics -> saved model -> report
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch

from textrnn.config import LanguageModelSettings, Run
from textrnn.corpus.download import Progress
from textrnn.corpus.texts import STORY, Corpus, TextSource, file_digest, find_local, find_text, load_corpus
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
    build_network,
    checkpoint_of,
    held,
    is_finished,
    keep,
    kept_settings,
)
from textrnn.tasks.settings import CorpusFacts, combine, settle
from textrnn.training.checkpoint import CHECKPOINT_NAME, Checkpoint
from textrnn.training.events import Listener
from textrnn.training.history import History
from textrnn.training.mixing import fit_mixture, held_out_scores, tuning_part
from textrnn.training.objectives.language_model import HeldOutText, LanguageModelObjective
from textrnn.training.train_eval import choose_device, explain_out_of_memory, fit, precision_for


@dataclass(frozen=True)
class Learnt:
    """What training leaves: a model that answers, and how it went."""

    model: CharacterModel
    history: History


def train(
    run: Run, listener: Listener | None = None, *, on_download: Progress | None = None
) -> tuple[Run, LanguageModelResult | None]:
    """Train a language model on a text that is named, score what is held out, and keep everything.

    Args:
        listener: told of every step, evaluation and note; asked whether to stop.

    Returns:
        The run as it was done (of another text, where the default one cannot be had), and its result; None of a run
        that was finished before.

    Raises:
        TextRNNError: for anything the user can mend.
    """
    listener = listener or Listener()
    run, source = _find(run, listener, on_download)
    if is_finished(run, listener, digest=lambda: file_digest(source.path)):
        return run, None
    with held(run):
        kept = kept_settings(run, listener)
        settings = combine(run, kept)
        choose_device(settings.training.device)  # a wrong one shows before anything is read
        corpus = load_corpus(source, settings.data)
        refuse_short_text(corpus, settings.training.num_steps)
        return run, train_on(corpus, run, listener, kept=kept)


def train_on(corpus: Corpus, run: Run, listener: Listener, *, kept: Kept | None = None) -> LanguageModelResult:
    """As :func:`train`, on a text that is in memory.

    Args:
        kept: what the run that goes on has kept.
    """
    settings: LanguageModelSettings = settle(run, kept, CorpusFacts(len(corpus.train), corpus.letters))
    checkpoint = checkpoint_of(run, settings, corpus.digest, kept)
    announce_replacement(run, listener)
    learnt = learn(corpus, settings, listener, checkpoint=checkpoint)
    result = judge(learnt, corpus)
    listener.on_note(Note("judged", result=result))
    files, notes = result.to_files()
    keep(run, learnt.model, files, notes, listener)
    return result


def learn(
    corpus: Corpus,
    settings: LanguageModelSettings,
    listener: Listener | None = None,
    *,
    checkpoint: Checkpoint | None = None,
) -> Learnt:
    """Train a language model on a text in memory.

    Args:
        settings: settled, see :func:`textrnn.tasks.settings.settle`.
        checkpoint: where the unfinished run is kept; by default nowhere.

    Raises:
        DataError: if the text is shorter than one window.
        Interrupted: if the listener asked to stop.
        TrainingError: if the loss diverges or the memory runs out.
        ConfigError: for a device that is not here, or sizes that do not fit the memory.
    """
    listener = listener or Listener()
    training, order = settings.training, settings.data.ngram_order
    refuse_short_text(corpus, training.num_steps)
    device = choose_device(training.device)
    vocabulary = Vocabulary.build([corpus.train], Tokenizer(), max_vocab=settings.data.max_vocab)
    network: RecurrentLanguageModel = build_network(settings, vocabulary_size=len(vocabulary)).to(device)
    network.precision = precision_for(training.precision, device)
    model = CharacterModel(settings, network, vocabulary, corpus.digest)
    token_ids, held_out, context = map(model.encode, (corpus.train, corpus.held_out, corpus.context))
    for note in corpus.notes:
        listener.on_note(note)
    listener.on_note(Note("text", corpus=corpus, vocabulary_size=len(vocabulary)))
    listener.on_note(Note("network", settings=settings, network=network, device=device))
    tuning = tuning_part(len(token_ids), len(vocabulary)) if order else slice(0, 0)
    to_learn = torch.cat([token_ids[: tuning.start], token_ids[tuning.stop :]]) if tuning.stop else token_ids
    before = torch.cat([context.new_tensor([model.start_id]), context])
    objective = LanguageModelObjective(to_learn, HeldOutText(before, held_out), training)
    history = fit(network, objective, training, checkpoint=checkpoint, listener=listener)
    listener.on_note(Note("trained", history=history))
    if order:
        with explain_out_of_memory("`max_chars` or `ngram_order`"):
            model.ngram, model.weights = fit_mixture(network, token_ids, tuning, order)
    return Learnt(model, history)


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
        scores = held_out_scores(model, model.encode(corpus.held_out))
    sizes = (parameters, len(corpus.train), len(corpus.held_out))
    return LanguageModelResult(model, corpus.name, learnt.history, scores, *sizes)


def fall_back_to_story(run: Run) -> Run:
    """The run as it stands where nothing can be asked of the network: who named no text may mean the story.

    That is so where the default text is not here and no model of it either, but one of the story.
    """
    known = run.folder is not None and is_saved(run.folder)
    if "corpus" in run.named or known or find_local(combine(run).data.corpus) is not None:
        return run
    other = _of_the_story(run)
    folder = other.folder
    return other if folder is not None and (is_saved(folder) or (folder / CHECKPOINT_NAME).is_file()) else run


def _of_the_story(run: Run) -> Run:
    folder = None if run.folder is None else run.folder.parents[1] / STORY / run.folder.name
    return dataclasses.replace(run, named={**run.named, "corpus": STORY}, folder=folder)


def _find(run: Run, listener: Listener, on_download: Progress | None) -> tuple[Run, TextSource]:
    """The text's file; of the default text, when it can neither be found nor fetched, the story takes the place."""
    corpus = combine(run).data.corpus
    try:
        return run, find_text(corpus, on_progress=on_download)
    except DataError:
        story = find_local(STORY)
        if "corpus" in run.named or story is None:
            raise
        listener.on_note(Note("fell_back", wanted=corpus, taken=STORY))
        return _of_the_story(run), story
