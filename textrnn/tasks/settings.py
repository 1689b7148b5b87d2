"""From what was named to settings that leave nothing open, in one place for all tasks. Imports nothing heavy.

named, kept -> combine -> read the data -> settle
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from textrnn.config import (
    TASK_CONFIGS,
    ClassifierSettings,
    DataConfig,
    LanguageModelSettings,
    PairedConfig,
    Recipe,
    Run,
    RunSettings,
    Settings,
    TrainConfig,
    WindowedConfig,
)
from textrnn.errors import ConfigError, did_you_mean
from textrnn.models.registry import MIXED, SOLVED, ModelEntry, all_models, find_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STEPS = 512  # of a text without windows; what lies beyond is read by bags of n-grams alone, and costs little
# Where windows vote and nothing else was asked for: few passes leave little time to learn through more noise.
OF_VOTES = {"learning_rate": 5e-3, "dropout": 0.2, "embedding_dropout": 0.2}
NOMINAL_SPEED = 40_000  # characters a second, by which the dropout is fitted to a budget before anything is measured


class Vectors(Protocol):
    """Pretrained vectors (V, E), and the file that they are from."""

    @property
    def vectors(self) -> NDArray[np.float32]: ...
    @property
    def path(self) -> Path: ...


class BeginningSizes(Protocol):
    """A language model that a classifier begins from: where it is kept, and its sizes by the names of settings."""

    @property
    def folder(self) -> Path: ...
    @property
    def sizes(self) -> Mapping[str, int]: ...


class TextFacts(Protocol):
    """What settling asks of labelled texts: whether most of their letters are of scripts that put spaces between words,
    or are Chinese characters, whether a row may have several labels, how many rows there are, how long the texts are,
    the pretrained vectors, and the language model to begin from."""

    words_are_spaced: bool
    is_chinese: bool
    multi_label: bool
    training_rows: int
    dev_rows: int

    def mean_length(self, data: DataConfig, most: int) -> float: ...
    def usual_length(self, data: DataConfig) -> float: ...
    def vectors(self, settings: ClassifierSettings) -> Vectors | None: ...
    def beginning(self, settings: ClassifierSettings) -> BeginningSizes | None: ...


@dataclass(frozen=True)
class CorpusFacts:
    """What settling asks of a running text: characters to learn from, and whether only letters of it are read; and how
    many of them are learnt from in a second here, measured or guessed."""

    characters: int
    letters: bool
    speed: float = NOMINAL_SPEED


@dataclass(frozen=True)
class SequenceFacts:
    """What settling asks of sequences: how many there are to learn from, and the tokens in each."""

    rows: int
    length: int


Facts = TextFacts | CorpusFacts | SequenceFacts


def recipe_of(task: str, named: Mapping[str, Any]) -> tuple[str | None, Recipe]:
    """The recipe that was named, or the default one; without a name for tasks that have none.

    Raises:
        ConfigError: for one that is not known.
    """
    known = TASK_CONFIGS[task].recipes
    name = named.get("recipe") or "default"
    if not known and name == "default":
        return None, Recipe("")
    if name not in known:
        expected = f"expected one of {', '.join(known)}{did_you_mean(name, known)}" if known else "expected none"
        raise ConfigError(f"`recipe` {name}: no such recipe; {expected}")
    return name, known[name]


def named_by_group(task: str, entry: ModelEntry, named: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """What was named, by group: model, data, training.

    Raises:
        ConfigError: for a name that is no setting, or one that only other models have.
    """
    groups = (entry.config_class, TASK_CONFIGS[task].data, TASK_CONFIGS[task].training)
    found: tuple[dict[str, Any], ...] = ({}, {}, {})
    for name, value in named.items():
        places = [index for index, group in enumerate(groups) if name in group.__dataclass_fields__]
        if places:
            found[places[0]][name] = value
        elif name != "recipe":
            raise ConfigError(_unknown(name, task, entry, groups))
    return found


def _unknown(name: str, task: str, entry: ModelEntry, groups: tuple[type[Settings], ...]) -> str:
    if any(name in other.config_class.__dataclass_fields__ for other in all_models(task).values()):
        own = ", ".join(f"`{field.name}`" for field in dataclasses.fields(entry.config_class))
        return f"`{name}`: not a setting of {entry.name}; expected one of {own}"
    known = sorted(name for group in groups for name in group.__dataclass_fields__)
    return f"`{name}`: no such setting{did_you_mean(name, known)}"


def saved_settings(task: str, kept: Mapping[str, Any]) -> RunSettings[Any, Any, Any]:
    """The settings that a checkpoint or ``config.json`` of a task keeps.

    Raises:
        ConfigError: for a value out of bounds.
        KeyError, TypeError, AttributeError: if it is not of the expected form.
    """
    return RunSettings[Any, Any, Any].from_kept(kept, find_model(kept["model"], task).config_class)


def combine(run: Run, kept: Mapping[str, Any] | None = None) -> RunSettings[Any, Any, Any]:
    """What was named, over the recipe, over what the model asks for, over the defaults; of a run that goes on, what it
    has kept. What depends on the data may be left open.

    Raises:
        ConfigError: for an unknown name or a value out of bounds.
    """
    if kept is not None:
        settings = saved_settings(run.task, kept)
        return settings.replaced({name: value for name, value in run.named.items() if settings.is_free(name)})
    entry = find_model(run.model_name, run.task)
    of_model, of_data, of_training = named_by_group(run.task, entry, run.named)
    recipe_name, recipe = recipe_of(run.task, run.named)
    wishes = {name: getattr(entry, name) for name in ("learning_rate", "label_smoothing")}
    asked = {name: value for name, value in wishes.items() if value is not None}
    return RunSettings(
        run.task,
        entry.name,
        entry.config_class.from_dict({**recipe.model, **of_model}),
        TASK_CONFIGS[run.task].data.from_dict({**recipe.corpus, **of_data}),
        TASK_CONFIGS[run.task].training.from_dict({**asked, **recipe.training, **of_training}),
        recipe_name,
    )


def settle(run: Run, kept: Mapping[str, Any] | None, facts: Facts) -> RunSettings[Any, Any, Any]:
    """The settings of a run, nothing left open: those of :func:`combine`, fitted to the data.

    Args:
        kept: what the run that goes on has kept; it was settled then.
        facts: of the kind that the task asks for.

    Raises:
        ConfigError: for settings out of bounds, or that contradict each other or the data.
    """
    settings = combine(run, kept)
    return settings if kept is not None else fit_to_data(settings, facts, run.named)


def fit_to_data(
    settings: RunSettings[Any, Any, Any], facts: Facts, named: Mapping[str, Any]
) -> RunSettings[Any, Any, Any]:
    """The same settings with what they leave open fitted to the data.

    Args:
        named: what is not to be changed in silence.
    """
    if isinstance(facts, CorpusFacts):
        return _fit_language_model(settings, facts)
    if isinstance(facts, SequenceFacts):
        return dataclasses.replace(settings, training=settings.training.fitted_to(facts.rows, facts.length))
    return _fit_classifier(settings, facts, named)


def _fit_classifier(settings: ClassifierSettings, facts: TextFacts, named: Mapping[str, Any]) -> ClassifierSettings:
    entry = find_model(settings.model_name)
    if entry.name == SOLVED and settings.data.static_folder is not None:
        raise ConfigError(
            f"`embedding` {settings.data.embedding}: {SOLVED} reads no vectors; expected a network with it, such as "
            f"`model={MIXED}`, or `embedding=random`"
        )
    data = settings.data.fitted_to(
        words_are_spaced=facts.words_are_spaced,
        is_chinese=facts.is_chinese,
        pad_size=entry.pad_size,
        multi_label=facts.multi_label,
        reads_spelling=entry.reads_spelling,
        lowercase=entry.lowercase,
    )
    settings = dataclasses.replace(settings, data=data)
    if isinstance(settings.model_config, PairedConfig):
        settings = dataclasses.replace(settings, model_config=settings.model_config.fitted_to_tokenizer(data.tokenizer))
    most, tokens_a_pass = STEPS, TrainConfig.TOKENS_A_PASS
    if isinstance(settings.model_config, WindowedConfig):
        model_config = settings.model_config.fitted_to(facts.usual_length(data), multi_label=bool(data.multi_label))
        settings = dataclasses.replace(settings, model_config=model_config)
        most = model_config.training_tokens or STEPS
        tokens_a_pass = model_config.tokens_a_pass
        if model_config.is_for_long and model_config.window_pooling == "votes":
            asked = {*named, *([] if entry.learning_rate is None else ["learning_rate"])}
            settings = settings.replaced({name: value for name, value in OF_VOTES.items() if name not in asked})
    training = settings.training.fitted_to(
        facts.training_rows,
        facts.dev_rows,
        mean_length=facts.mean_length(data, most),
        passes=entry.passes,
        tokens_a_pass=tokens_a_pass,
    )
    if training.budget is None:
        training = dataclasses.replace(training, budget=entry.budget)
    if facts.multi_label and "label_smoothing" not in named:
        training = dataclasses.replace(training, label_smoothing=0.0)  # it costs F1 there, see benchmarks/LOG.md
    settings = dataclasses.replace(settings, training=training)
    beginning = facts.beginning(settings)
    if beginning is not None:
        settings = settings.replaced(_sizes_of(beginning, settings, named))
    vectors = facts.vectors(settings)
    if vectors is not None:
        size = int(vectors.vectors.shape[1])
        asked = named.get("embedding_size", size)
        if asked != size:
            raise ConfigError(
                f"`embedding_size` {asked}: the vectors in {vectors.path} have {size} numbers; expected "
                f"`embedding_size={size}`, or none"
            )
        return settings.replaced({"embedding_size": size})
    if data.freeze_embedding and data.draws_token_vectors and not (beginning or settings.training.pretrain):
        raise ConfigError(
            "`freeze_embedding`: random vectors that are never trained teach nothing; expected `embedding=pretrained` "
            "or PATH with it"
        )
    return settings


def _sizes_of(beginning: BeginningSizes, settings: ClassifierSettings, named: Mapping[str, Any]) -> dict[str, int]:
    """The sizes that a classifier takes over; it may have more layers than the language model, or fewer."""
    if not settings.data.draws_token_vectors:
        raise ConfigError("`init_from`: brings its own vectors, as `embedding` does; expected one of the two")
    for name in ("embedding_size", "hidden_size"):
        size = beginning.sizes[name]
        if named.get(name, size) != size:
            raise ConfigError(
                f"`{name}` {named[name]}: the language model in {beginning.folder} has {size}; expected "
                f"`{name}={size}`, or none"
            )
    return {name: size for name, size in beginning.sizes.items() if name not in named}


def _fit_language_model(settings: LanguageModelSettings, facts: CorpusFacts) -> LanguageModelSettings:
    training = settings.training.fitted_to(facts.characters)
    passes = training.epochs or (training.budget or 0.0) * facts.speed / max(1, facts.characters)
    model_config = settings.model_config.fitted_to(facts.characters, passes)
    data = dataclasses.replace(settings.data, letters=facts.letters)
    return dataclasses.replace(settings, model_config=model_config, data=data, training=training)
