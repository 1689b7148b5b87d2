"""Settings as frozen dataclasses: validated when built, turned into plain dictionaries and back, no input or output."""

from textrnn.config.base import FitConfig, Recipe, Settings, find_problem, flag, option
from textrnn.config.classification import DataConfig, ModelConfig, NoisyConfig, RecurrentConfig, TrainConfig
from textrnn.config.language_model import (
    LANGUAGE_MODEL_RECIPES,
    CorpusConfig,
    GenerationConfig,
    LanguageModelConfig,
    LanguageModelTrainConfig,
    usual_passes,
)
from textrnn.config.memory import (
    DIGITS,
    EXPERIMENTS,
    EXPLOSION,
    LEARNING_RATES,
    LENGTHS,
    LONGEST,
    MEMORY_RECIPES,
    SHORTEST,
    TIGHTER,
    DigitSumConfig,
    MemoryModelConfig,
    MemoryTrainConfig,
)

PAD_ID, UNKNOWN_ID = 0, 1  # the first two entries of every vocabulary, known to corpus and models alike

__all__ = [
    "DIGITS",
    "EXPERIMENTS",
    "EXPLOSION",
    "LANGUAGE_MODEL_RECIPES",
    "LEARNING_RATES",
    "LENGTHS",
    "LONGEST",
    "MEMORY_RECIPES",
    "PAD_ID",
    "SHORTEST",
    "TIGHTER",
    "UNKNOWN_ID",
    "CorpusConfig",
    "DataConfig",
    "DigitSumConfig",
    "FitConfig",
    "GenerationConfig",
    "LanguageModelConfig",
    "LanguageModelTrainConfig",
    "MemoryModelConfig",
    "MemoryTrainConfig",
    "ModelConfig",
    "NoisyConfig",
    "Recipe",
    "RecurrentConfig",
    "Settings",
    "TrainConfig",
    "find_problem",
    "flag",
    "option",
    "usual_passes",
]
