"""A character language model from a text to a saved model, its report and its first words.

file -> characters -> ids -> windows -> network -> train_eval -> n-gram mixed in -> metrics -> artifact -> report
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

from textrnn.config import CorpusConfig, LanguageModelConfig, LanguageModelTrainConfig
from textrnn.corpus.download import Progress
from textrnn.corpus.texts import STORY, Corpus, TextSource, find_local, find_text, load_corpus
from textrnn.corpus.tokenizers import Tokenizer
from textrnn.corpus.vocab import Vocabulary
from textrnn.errors import ConfigError, DataError, one_line
from textrnn.files import exclusive_use
from textrnn.models.language.base import RecurrentLanguageModel
from textrnn.models.registry import ModelEntry, find_model
from textrnn.randomness import seeded
from textrnn.report.language_model import LanguageModelResult
from textrnn.saved.character_model import CharacterModel, describe_settings, encode, start_id
from textrnn.saved.folder import is_saved
from textrnn.tasks.request import LanguageModelRequest
from textrnn.tasks.resuming import (
    Say,
    ShouldStop,
    StopWhen,
    is_finished,
    naming_unreadable_settings,
    refuse_other_data,
    settings_to_resume,
)
from textrnn.training.checkpoint import Checkpoint
from textrnn.training.events import Listener, ListenerGroup
from textrnn.training.mixing import fit_mixture, held_out_scores
from textrnn.training.objectives.language_model import HeldOutText, LanguageModelObjective
from textrnn.training.train_eval import choose_device, explain_out_of_memory, fit, precision_for

TUNING_SHARE, MOST_TUNING = 0.025, 20_000  # of the training text, kept from the network to weigh the mixture with
TUNING_CELLS = 1 << 22  # probabilities that the weighing looks at
NOMINAL_SPEED = 40_000  # characters a second, by which the dropout is fitted to a budget before anything is measured
LEAST_TUNING = 200  # characters; of a text too short for that, network and n-gram weigh the same


@dataclass(frozen=True)
class _Plan:
    """A request with every setting decided."""

    entry: ModelEntry
    model: LanguageModelConfig
    corpus: CorpusConfig
    training: LanguageModelTrainConfig
    recipe: str
    resume: bool
    digest: str | None = None  # of the text that the checkpoint was made with


def train(
    request: LanguageModelRequest,
    *,
    say: Say,
    listeners: Sequence[Listener] = (),
    on_download: Progress | None = None,
    stopping: AbstractContextManager[ShouldStop] | None = None,
) -> Path:
    """Train a language model, score what is held out, and leave everything in the returned folder.

    Args:
        say: takes each line of the report as it becomes known.
        listeners: told of every step and evaluation.
        stopping: entered while the model is fitted; what it gives is asked after every step, and True ends the run
            with its checkpoint safe.

    Raises:
        TextRNNError: for anything the user can mend.
    """
    request, source = _find(request, say, on_download)
    folder, checkpoint = request.folder, request.checkpoint
    if is_finished(request, say, text=source.path):
        return folder
    with exclusive_use(folder):
        plan = _plan(request, say)
        device = choose_device(plan.training.device)
        corpus = load_corpus(source, plan.corpus)
        plan = _fit_to_text(plan, request, corpus)
        vocabulary = Vocabulary.build([corpus.train], Tokenizer(), max_vocab=plan.corpus.max_vocab)
        token_ids, held_out = (encode(vocabulary, text).to(device) for text in (corpus.train, corpus.held_out))
        network = _build(plan, vocabulary, device)
        parameters = sum(parameter.numel() for parameter in network.parameters())
        _introduce(corpus, vocabulary, plan, parameters, network, device, say)
        before = encode(vocabulary, corpus.context).to(device)
        before = torch.cat([before.new_tensor([start_id(vocabulary)]), before])
        tuning = _tuning_part(len(token_ids), len(vocabulary)) if plan.corpus.ngram_order else slice(0, 0)
        learnt = torch.cat([token_ids[: tuning.start], token_ids[tuning.stop :]]) if tuning.stop else token_ids
        objective = LanguageModelObjective(learnt, HeldOutText(before, held_out), plan.training)
        with stopping or nullcontext(lambda: False) as should_stop:
            history = fit(
                network,
                objective,
                plan.training,
                checkpoint=Checkpoint(
                    checkpoint,
                    describe_settings(
                        plan.entry.name, plan.model, plan.corpus, plan.training, plan.recipe, corpus.digest
                    ),
                    plan.resume,
                ),
                listener=ListenerGroup([*listeners, StopWhen(should_stop)]),
            )
        best = history.best
        say(
            f"trained {history.seconds:.1f} s, {len(history.train_loss):,} steps ({history.stopped_by}), "
            f"{history.examples_per_second:,.0f} characters/s; kept the weights of epoch "
            f"{int(best['epoch'])}: perplexity {best['train_perplexity']:.3f} on train, "
            f"{best['dev_perplexity']:.3f} held out"
        )
        saved = CharacterModel(
            plan.entry.name, plan.model, network, vocabulary, plan.corpus, plan.training, plan.recipe, corpus.digest
        )
        with explain_out_of_memory("--max-chars or --ngram-order"):
            if plan.corpus.ngram_order:
                saved.ngram, saved.weights = fit_mixture(network, token_ids, tuning, plan.corpus.ngram_order)
            scores = held_out_scores(saved, held_out)
        result = LanguageModelResult(
            saved, corpus.name, history, scores, parameters, len(corpus.train), len(corpus.held_out)
        )
        say(result.to_text())
        files, notices = result.to_files()
        for notice in notices:
            say(f"note: {notice}")
        if is_saved(folder):
            say(f"note: the model of an earlier run in {folder} is replaced (another --save-dir keeps both)")
        saved.save(folder, files)
        checkpoint.unlink(missing_ok=True)
    return folder


def available(request: LanguageModelRequest) -> LanguageModelRequest:
    """The request as it stands where nothing can be asked of the network: who named no text may mean the story.

    That is so where the default text is not here and no model of it either, but one of the story.
    """
    if "corpus" in request.data_settings or is_saved(request.folder) or find_local(request.corpus) is not None:
        return request
    other = _of_the_story(request)
    return other if is_saved(other.folder) or other.checkpoint.is_file() else request


def _of_the_story(request: LanguageModelRequest) -> LanguageModelRequest:
    return dataclasses.replace(request, data_settings={**request.data_settings, "corpus": STORY})


def _find(
    request: LanguageModelRequest, say: Say, on_download: Progress | None
) -> tuple[LanguageModelRequest, TextSource]:
    """The text's file; of the default text, when it can neither be found nor fetched, the story takes the place."""
    try:
        return request, find_text(request.corpus, on_progress=on_download)
    except DataError as error:
        if "corpus" in request.data_settings:
            raise
        say(f"note: {request.corpus} is not here and cannot be fetched; going on with {STORY}, the text of the project")
        story = find_local(STORY)
        if story is None:
            raise error
        return _of_the_story(request), story


def _plan(request: LanguageModelRequest, say: Say) -> _Plan:
    """Decide all settings: those of the recipe and what the user said, or those of the checkpoint."""
    entry = find_model(request.model, "lm")
    kept = settings_to_resume(request, say)
    if kept is None:
        recipe = request.recipe_settings
        return _Plan(
            entry,
            entry.config_class.from_dict({**recipe.model, **request.model_settings}),
            CorpusConfig.from_dict({**recipe.corpus, **request.data_settings}),
            LanguageModelTrainConfig.from_dict({**recipe.training, **request.train_settings}),
            request.recipe or "default",
            resume=False,
        )
    with naming_unreadable_settings(request.checkpoint):
        return _Plan(
            entry,
            entry.config_class.from_dict(kept["hyper_parameters"]),
            CorpusConfig.from_dict({**kept["data"], "corpus": request.corpus}),
            LanguageModelTrainConfig.from_dict(kept["training"]),
            kept["recipe"],
            resume=True,
            digest=kept["digest"],
        )


def _fit_to_text(plan: _Plan, request: LanguageModelRequest, corpus: Corpus) -> _Plan:
    """Settle what depends on the text: letters or not, epochs, batch size, dropout.

    Raises:
        DataError: if the text is shorter than one window.
        ConfigError: if a run would go on with another text.
    """
    if plan.resume and plan.digest != corpus.digest:
        refuse_other_data(request)
    characters, needed = len(corpus.train), plan.training.num_steps + 1
    if characters < needed:
        raise DataError(
            f"{corpus.path}: {characters:,} characters to learn from (see --held-out and --max-chars); expected at "
            f"least {needed:,}, one window of --num-steps {plan.training.num_steps} and the character after it: a "
            "longer text, or a smaller --num-steps"
        )
    training = plan.training.fitted_to(characters)
    passes = training.epochs or (training.budget or 0.0) * NOMINAL_SPEED / characters
    return dataclasses.replace(
        plan,
        model=plan.model.fitted_to(characters, passes),
        corpus=dataclasses.replace(plan.corpus, letters=corpus.letters),
        training=training,
    )


def _build(plan: _Plan, vocabulary: Vocabulary, device: torch.device) -> RecurrentLanguageModel:
    """A new network with seeded weights, on its device."""
    try:
        with seeded(plan.training.seed, torch.device("cpu")):
            network: RecurrentLanguageModel = plan.entry.build(plan.model, vocabulary_size=len(vocabulary))
    except (RuntimeError, TypeError, MemoryError, OverflowError) as error:
        raise ConfigError(
            f"{plan.entry.name}: cannot be built ({one_line(error)}); expected sizes that fit the memory: see "
            "--hidden-size, --embedding-size and --num-layers"
        ) from error
    network.precision = precision_for(plan.training.precision, device)
    return network.to(device)


def _tuning_part(characters: int, vocabulary_size: int) -> slice:
    """What of the training text is kept from the network, to weigh network and n-gram by.

    It is taken from the middle. The end would be more like what is held out, but that is just why the network cannot do
    without it: of tinyshakespeare, the end is the first acts of the play that is held out (see benchmarks/LOG.md).
    """
    length = min(int(characters * TUNING_SHARE), MOST_TUNING, TUNING_CELLS // vocabulary_size)
    if length < LEAST_TUNING:
        return slice(0, 0)
    start = (characters - length) // 2
    return slice(start, start + length)


def _introduce(
    corpus: Corpus,
    vocabulary: Vocabulary,
    plan: _Plan,
    parameters: int,
    network: RecurrentLanguageModel,
    device: torch.device,
    say: Say,
) -> None:
    """Say what the text and the network are like."""
    for notice in corpus.notices:
        say(f"note: {notice}")
    read = "letters and spaces" if corpus.letters else "all characters"
    say(
        f"{corpus.name}: {len(corpus.train):,} characters to learn from, {len(corpus.held_out):,} held out; {read}, "
        f"{len(vocabulary):,} in the vocabulary"
    )
    training = plan.training
    epochs = f"{training.epochs} epochs" if training.epochs else ""
    budget = f"{training.budget:g} s at most" if training.budget else ""
    batch = f"{training.batch_size} rows of {training.num_steps} characters a batch"
    precision = "bf16" if network.precision == torch.bfloat16 else "fp32"
    length = ", ".join(part for part in (epochs, budget, batch) if part)
    say(f"{plan.entry.name}: {parameters:,} parameters on {device} in {precision}, {length}")
