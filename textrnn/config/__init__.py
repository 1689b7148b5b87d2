"""Settings as frozen dataclasses: validated when built, turned into plain dictionaries and back, no input or output."""

from textrnn.config.base import Choices, FitConfig, Recipe, Settings, Span, find_problem, option
from textrnn.config.classification import READING_SETTINGS, DataConfig, TrainConfig
from textrnn.config.classifier_models import ModelConfig, NoisyConfig, PairedConfig, RecurrentConfig, WindowedConfig
from textrnn.config.language_model import (
    LANGUAGE_MODEL_RECIPES,
    USUAL_TEMPERATURE,
    CorpusConfig,
    GenerationConfig,
    LanguageModelConfig,
    LanguageModelTrainConfig,
    usual_passes,
)
from textrnn.config.memory import MEMORY_RECIPES, MemoryModelConfig, MemoryTrainConfig, SequenceConfig
from textrnn.config.run import (
    TASK_CONFIGS,
    ClassifierSettings,
    DataIdentity,
    LanguageModelSettings,
    MemorySettings,
    Run,
    RunSettings,
)

PAD_ID, UNKNOWN_ID = 0, 1  # the first two entries of every vocabulary, known to corpus and models alike

__all__ = [
    "LANGUAGE_MODEL_RECIPES",
    "MEMORY_RECIPES",
    "PAD_ID",
    "READING_SETTINGS",
    "TASK_CONFIGS",
    "UNKNOWN_ID",
    "USUAL_TEMPERATURE",
    "Choices",
    "ClassifierSettings",
    "CorpusConfig",
    "DataConfig",
    "DataIdentity",
    "FitConfig",
    "GenerationConfig",
    "LanguageModelConfig",
    "LanguageModelSettings",
    "LanguageModelTrainConfig",
    "MemoryModelConfig",
    "MemorySettings",
    "MemoryTrainConfig",
    "ModelConfig",
    "NoisyConfig",
    "PairedConfig",
    "Recipe",
    "RecurrentConfig",
    "Run",
    "RunSettings",
    "SequenceConfig",
    "Settings",
    "Span",
    "TrainConfig",
    "WindowedConfig",
    "find_problem",
    "option",
    "usual_passes",
]
