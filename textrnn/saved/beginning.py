"""A saved language model as the beginning of a classifier: what it has, and what of it goes into a new network."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from textrnn.config import UNKNOWN_ID
from textrnn.errors import ConfigError, one_line, user_path
from textrnn.models.carrying import carry_layers, carry_vectors, cell_of
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.registry import ModelEntry, all_models
from textrnn.saved.character_model import TASK, CharacterModel
from textrnn.saved.folder import CONFIG_FILE, MODEL_FILE, is_saved, read_json

SETTING = "init_from"
SIZES = ("embedding_size", "hidden_size", "num_layers")  # that a classifier takes over


@dataclass(frozen=True)
class Beginning:
    """A language model that a classifier begins from.

    Attributes:
        folder: as it was named
        digest: SHA-256 of the weights
    """

    folder: Path
    language_model: CharacterModel
    digest: str

    @classmethod
    def load(cls, folder: str) -> Self:
        """Read a model folder.

        Raises:
            ConfigError: if it is no folder of a language model, or one that has nothing to begin with.
            ArtifactError: if its files cannot be read.
        """
        path = user_path(folder, SETTING)
        found = _language_model(path)
        digest = hashlib.sha256((path / MODEL_FILE).read_bytes()).hexdigest()
        return cls(path, found, digest)

    @property
    def cell(self) -> str:
        """RNN, LSTM or GRU."""
        return cell_of(self.language_model.network)

    @property
    def sizes(self) -> dict[str, int]:
        """By the names of the settings that they are."""
        return {name: getattr(self.language_model.settings.model_config, name) for name in SIZES}

    @property
    def tokens(self) -> list[str]:
        """What it knows."""
        return self.language_model.vocabulary.tokens[UNKNOWN_ID + 1 :]

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {token: row for row, token in enumerate(self.tokens, UNKNOWN_ID + 1)}

    def rows_of(self, tokens: Sequence[str]) -> NDArray[np.int64]:
        """(V,): where the language model has each token; -1 where it has not."""
        found = [self._row_of.get(token, -1) for token in tokens]
        found[: UNKNOWN_ID + 1] = [-1] * (UNKNOWN_ID + 1)  # a text may have a token that is spelt so
        return np.array(found, dtype=np.int64)

    def refuse_misfit(self, entry: ModelEntry) -> None:
        """Raises the error for a classifier of another kind.

        Raises:
            ConfigError: if its layers are none, or others than those of the language model.
        """
        if entry.cell == self.cell:
            return
        fitting = ", ".join(name for name, other in all_models().items() if other.cell == self.cell)
        what = f"is made of {entry.cell} layers" if entry.cell else "has no recurrent layers"
        raise ConfigError(
            f"`{SETTING}` {self.folder}: a language model of {self.cell} layers, and {entry.name} {what}; expected "
            f"one of {fitting} with it"
        )

    def carry_into(self, network: ClassifierNetwork, tokens: Sequence[str]) -> None:
        """Give a new network its first weights; a backward direction, whose vectors would be others, stays as it is.

        Args:
            tokens: of its vocabulary.
        """
        carry_vectors(network, self.language_model.network, torch.from_numpy(self.rows_of(tokens)))
        carry_layers(network, self.language_model.network)

    def to_kept(self) -> dict[str, Any]:
        """What the classifier's folder keeps of it."""
        settings = self.language_model.settings
        return {"model": settings.model_name, "corpus": list(settings.data.corpus), "digest": self.digest}


def _language_model(folder: Path) -> CharacterModel:
    if not is_saved(folder):
        raise ConfigError(
            f"`{SETTING}` {folder}: no saved model there; expected the folder of a language model, such as "
            "saved_dict/timemachine/lm_LSTM: `task=lm` trains one"
        )
    config = read_json(folder / CONFIG_FILE)
    task = config.get("task") if isinstance(config, dict) else None
    if task != TASK:
        raise ConfigError(
            f"`{SETTING}` {folder}: a model for the task {one_line(task, widest=20)}; expected the folder of a "
            "language model: `task=lm` trains one"
        )
    model = CharacterModel.load(folder)
    if model.network.embedding is None:
        raise ConfigError(
            f"`{SETTING}` {folder}: a language model that reads one-hot vectors, so that it has no character vectors "
            "to begin with; expected one with `embedding_size` above 0"
        )
    return model
