"""Puts network and n-gram together after training, and scores what is held out in every way that is reported.

Shapes: N characters, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from textrnn.character_model import CharacterModel
from textrnn.models.char_lm import LanguageModelNetwork, RecurrentLanguageModel
from textrnn.models.mixture import NgramMixture, NgramNetwork, fit_weights
from textrnn.models.ngram import NgramModel
from textrnn.objectives.language_model import SCORED_STEPS, WARM_UP, token_losses

BLOCK = 256  # characters of the blocks that nanoGPT is measured on
EQUAL = (0.5, 0.5)  # near the best weights on every text tried
BLOCK_ROWS = 64  # scored side by side


@dataclass(frozen=True)
class HeldOutScores:
    """Nats per held-out character.

    Attributes:
        model: as it is saved: the mixture, or the network where there is no n-gram; state carried from end to end
        network: the network alone, likewise
        ngram: the n-gram alone
        blocks: the model in blocks of 256 characters, each begun without a state
        network_blocks: the network alone, likewise
    """

    model: float
    network: float
    ngram: float | None
    blocks: float
    network_blocks: float


@torch.inference_mode()
def _log_probabilities(model: LanguageModelNetwork, inputs: Tensor) -> Tensor:
    """(N,) ids -> (N, V) log-probabilities of what follows each, the state carried along."""
    model.eval()
    state, parts = None, []
    for part in inputs.split(SCORED_STEPS):
        logits, state = model(part[None], state)
        parts.append(logits[0].log_softmax(dim=1))
    return torch.cat(parts)


def fit_mixture(
    network: RecurrentLanguageModel, token_ids: Tensor, tuning: slice, order: int
) -> tuple[NgramModel, tuple[float, float]]:
    """Count the n-gram and weigh it against the network.

    The weights are found on a part of the training text that the network has not learnt from, against an n-gram that
    has not seen it either; then the n-gram is counted anew on the whole.

    Args:
        token_ids: int64, (N,): the training text.
        tuning: the part that the network has not seen; an empty one gives both the same weight.
    """
    size = network.vocabulary_size
    whole = NgramModel.count(token_ids.cpu().numpy(), size, order).to(token_ids.device)
    if tuning.start == tuning.stop:
        return whole, EQUAL
    seen = torch.cat([token_ids[: tuning.start], token_ids[tuning.stop :]])
    without = NgramModel.count(seen.cpu().numpy(), size, order).to(token_ids.device)
    wanted = token_ids[tuning]
    read = token_ids[max(0, tuning.start - 1 - WARM_UP) : tuning.stop - 1]
    by_network, by_ngram = (
        _log_probabilities(model, read)[-len(wanted) :] for model in (network, NgramNetwork(without))
    )
    return whole, fit_weights(by_network, by_ngram, wanted)


def held_out_scores(saved: CharacterModel, held_out: Tensor) -> HeldOutScores:
    """Score what is held out.

    Args:
        held_out: int64, (N,), N at least 1.
    """
    inputs = torch.cat([held_out.new_tensor([saved.start_id]), held_out[:-1]])

    def carried(model: LanguageModelNetwork) -> float:
        losses, _ = token_losses(model, inputs[None], held_out[None])
        return float(losses.double().mean())

    def in_blocks(model: LanguageModelNetwork) -> float:
        whole = len(held_out) // BLOCK * BLOCK or len(held_out)
        rows = inputs[:whole].view(-1, min(BLOCK, whole)), held_out[:whole].view(-1, min(BLOCK, whole))
        parts = zip(*(part.split(BLOCK_ROWS) for part in rows), strict=True)
        return sum(float(token_losses(model, x, y)[0].double().sum()) for x, y in parts) / whole

    network = carried(saved.network)
    network_blocks = in_blocks(saved.network)
    if saved.ngram is None:
        return HeldOutScores(network, network, None, network_blocks, network_blocks)
    mixture = NgramMixture(saved.network, saved.ngram, saved.weights)
    return HeldOutScores(
        carried(mixture), network, carried(NgramNetwork(saved.ngram)), in_blocks(mixture), network_blocks
    )
