"""A classifier's encoder first learns to tell the next token of texts, which need no labels; then it is a classifier's.

Source: Dai & Le 2015.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from textrnn.config import ClassifierSettings, TrainConfig
from textrnn.corpus.batches import LabelledTexts
from textrnn.corpus.vocab import EncodedTexts, Vocabulary
from textrnn.errors import ConfigError, Note
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.next_token import NextTokenNetwork
from textrnn.models.registry import all_models, find_model
from textrnn.randomness import seeded
from textrnn.tasks.common import build_network
from textrnn.training.checkpoint import Checkpoint
from textrnn.training.events import Listener
from textrnn.training.history import History
from textrnn.training.objectives.next_token import NextTokenObjective
from textrnn.training.train_eval import choose_device, fit

PRETRAINED = "pretrained"  # in the checkpoint: what pretraining was, once it has ended
SHARE_OF_BUDGET = 0.4
MOST_PASSES = 10  # where nothing else is said; a few hundred texts are then long known by heart
LOOKS = 10  # evaluations, about
HELD_OUT_TOKENS = 10_000  # scored at each, at most
MOST_STEPS = 512  # tokens of a text in a step; longer ones are cut into several texts
HELD_OUT_EVERY = 20  # texts, where no others are held out
LEAST_BUDGET = 1e-3  # seconds left to the classifier, where pretraining has taken all


def loop_settings(training: TrainConfig, texts: int) -> TrainConfig:
    """The settings of the training loop while so many texts are learnt from.

    Args:
        training: of the classifier, settled.
    """
    passes = training.pretrain_epochs or (None if training.epochs is None else min(MOST_PASSES, training.epochs))
    batch_size = min(training.batch_size, texts)
    steps = -(-texts // batch_size) * (passes or 1)
    return dataclasses.replace(
        training,
        epochs=passes,
        budget=None if training.budget is None else SHARE_OF_BUDGET * training.budget,
        batch_size=batch_size,
        evaluate_every=max(1, steps // LOOKS),
        require_improvement=max(1, steps // 3 if passes else 2 * steps),
    )


@dataclass(frozen=True)
class FirstWeights:
    """What a new network begins with where something was learnt before, see :func:`pretrain`; by their names."""

    weights: Mapping[str, Tensor]

    def carry_into(self, network: ClassifierNetwork, tokens: Sequence[str]) -> None:
        """Put them into a network of the same settings and vocabulary."""
        network.load_state_dict(self.weights, strict=False)


def refuse_without_layers(settings: ClassifierSettings) -> None:
    """Raises the error for a model that has nothing to pretrain.

    Raises:
        ConfigError: if it is not recurrent.
    """
    if settings.training.pretrain and find_model(settings.model_name).cell is None:
        able = ", ".join(name for name, entry in all_models().items() if entry.cell is not None)
        raise ConfigError(
            f"`pretrain`: {settings.model_name} has no recurrent layers, which alone can learn this first; expected "
            f"one of {able} with it"
        )


def pretrain(
    texts: list[str],
    vocabulary: Vocabulary,
    settings: ClassifierSettings,
    listener: Listener | None = None,
    *,
    first_weights: dict[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """The weights of a classifier's embedding and encoder after they have learnt to tell the next token of texts.

    Args:
        texts: without labels; a twentieth of them is held out, by which the weights are chosen.
        vocabulary: of the classifier.
        settings: of the classifier, settled; `pretrain_epochs`, `budget` (of which this takes its share) and `seed`
            count, whether or not `pretrain` is there.
        first_weights: to begin with, by their names; those that are not there are drawn.

    Returns:
        By their names in the classifier: ``learn(..., beginning=FirstWeights(found))``.

    Raises:
        ConfigError: for a model without recurrent layers.
        Interrupted: if the listener asked to stop.
    """
    refuse_without_layers(settings.replaced({"pretrain": True}))
    network: ClassifierNetwork = build_network(settings, vocabulary_size=len(vocabulary), class_count=1)
    network.load_state_dict(first_weights or {}, strict=False)
    network.to(choose_device(settings.training.device))
    encoded = vocabulary.encode(texts, max_tokens=settings.data.max_tokens)
    learn_to_tell_the_next(network, encoded, None, settings.training, listener or Listener())
    return {
        name: tensor.detach().cpu()
        for name, tensor in network.state_dict().items()
        if name.startswith(("embedding.table.", "encoder."))
    }


def pretrained_first(
    network: ClassifierNetwork,
    train: EncodedTexts,
    dev: EncodedTexts,
    training: TrainConfig,
    checkpoint: Checkpoint | None,
    listener: Listener,
) -> tuple[TrainConfig, Checkpoint | None]:
    """Pretrain a new classifier in place on its own texts; of a run that goes on, what is left of that to do.

    While this lasts, the checkpoint is that of the pretraining.

    Returns:
        The settings of the training that follows, of whose budget the time is taken, and its checkpoint.
    """
    kept: dict[str, Any] | None = checkpoint.settings.get(PRETRAINED) if checkpoint is not None else None
    if kept is None:
        history = learn_to_tell_the_next(network, train, dev, training, listener, checkpoint)
        kept = {"seconds": history.seconds, "perplexity": history.best["dev_perplexity"]}
        if checkpoint is not None:
            settings = {**checkpoint.settings, PRETRAINED: kept}
            checkpoint = dataclasses.replace(checkpoint, settings=settings, resume=False)
    if training.budget is not None:
        training = dataclasses.replace(training, budget=max(LEAST_BUDGET, training.budget - kept["seconds"]))
    return training, checkpoint


def learn_to_tell_the_next(
    network: ClassifierNetwork,
    texts: EncodedTexts,
    held_out: EncodedTexts | None,
    training: TrainConfig,
    listener: Listener,
    checkpoint: Checkpoint | None = None,
) -> History:
    """Train embedding and encoder of a classifier in place.

    Args:
        network: on its device.
        held_out: texts by which the weights are chosen; None: some of those that there are.
    """
    device = next(network.parameters()).device
    texts, held_out = texts.in_pieces(MOST_STEPS), None if held_out is None else held_out.in_pieces(MOST_STEPS)
    rows = LabelledTexts.from_encoded(texts, [0] * len(texts.lengths), device)
    every = np.arange(len(texts.lengths))
    if held_out is None:
        apart = every[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY] if len(every) >= HELD_OUT_EVERY else every
        judged = _some(rows, apart)
        rows = rows if len(apart) == len(every) else rows.select(torch.from_numpy(np.setdiff1d(every, apart)))
    else:
        of_dev = LabelledTexts.from_encoded(held_out, [0] * len(held_out.lengths), device)
        judged = _some(of_dev, np.arange(len(of_dev)))
    config = loop_settings(training, len(rows))
    counts = torch.from_numpy(np.bincount(texts.token_ids, minlength=network.embedding.table.num_embeddings))
    with seeded(config.seed, torch.device("cpu")):
        learner = NextTokenNetwork(network, counts).to(device)
    listener.on_note(Note("pretraining", texts=len(rows), training=config))
    learns = network.embedding.table.weight.requires_grad  # as a classifier
    network.embedding.table.weight.requires_grad_(True)
    history = fit(
        learner, NextTokenObjective(rows, judged, config), config, checkpoint=checkpoint, listener=listener.aside()
    )
    network.embedding.table.weight.requires_grad_(learns)
    listener.on_note(Note("pretrained", history=history))
    return history


def _some(rows: LabelledTexts, chosen: np.ndarray[Any, Any]) -> LabelledTexts:
    """Every so-manieth of the chosen rows, so that scoring them takes no time to speak of."""
    tokens = int(rows.lengths[torch.from_numpy(chosen)].sum())
    return rows.select(torch.from_numpy(chosen[:: max(1, round(tokens / HELD_OUT_TOKENS))]))
