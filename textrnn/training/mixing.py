"""Mixes network and n-gram after training, and scores the held-out text in every way that is reported.

Shapes: N characters, V vocabulary.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from textrnn.evaluation.records import BLOCK_CHARACTERS, HeldOutScores
from textrnn.models.language.base import LanguageModelNetwork, RecurrentLanguageModel
from textrnn.models.language.mixture import NgramNetwork, fit_weights, mixed
from textrnn.models.language.ngram import NgramModel
from textrnn.training.objectives.language_model import WARM_UP_CHARACTERS, HeldOutText, scored_steps
from textrnn.training.threads import Threads, thread_count

TUNING_SHARE, MOST_TUNING = 0.025, 20_000  # of the training text, kept from the network to weigh the mixture with
TUNING_CELLS = 1 << 22  # probabilities that the weighing looks at
LEAST_TUNING = 200  # characters; of a text too short for that, network and n-gram weigh the same
EQUAL_WEIGHTS = (0.5, 0.5)  # near the best weights on every text tried
MAX_COUNTED = 10_000_000  # characters, the last ones: counting takes some 200 bytes for each
LONGEST_IN_ONE_GO = 300_000  # held-out characters
BLOCK_ROWS = 64  # scored side by side


class Mixture(Protocol):
    """A trained network with the n-gram it is mixed with, if any.

    Attributes:
        weights: the exponents of both in the mixture
        threads: that compute
    """

    threads: Threads
    network: RecurrentLanguageModel
    ngram: NgramModel | None
    weights: tuple[float, float]

    @property
    def start_id(self) -> int:
        """The id that is taken to precede every text."""


@torch.inference_mode()
def _log_probabilities(network: LanguageModelNetwork, inputs: Tensor, threads: Threads) -> Tensor:
    """(N,) ids -> (N, V) log-probabilities of what follows each, the state passed on."""
    network.eval()
    state, parts = None, []
    for part in threads.over(inputs.split(scored_steps(1, network.vocabulary_size)), len):
        logits, state = network(part[None], state)
        parts.append(logits[0].log_softmax(dim=1))
    return torch.cat(parts)


@torch.inference_mode()
def _losses(mixture: Mixture, inputs: Tensor, targets: Tensor) -> dict[str, Tensor]:
    """-ln p of each target by the model, the network and the n-gram, each piece of the text read once.

    Args:
        inputs: int64, (B, N).
        targets: int64, (B, N).

    Returns:
        (B, N) nats each.
    """
    mixture.network.eval()
    ngram = None if mixture.ngram is None else NgramNetwork(mixture.ngram)
    state = ngram_state = None
    found: dict[str, list[Tensor]] = {}
    steps = scored_steps(len(inputs), mixture.network.vocabulary_size)
    pieces = zip(inputs.split(steps, dim=1), targets.split(steps, dim=1), strict=True)
    for part, wanted in mixture.threads.over(pieces, lambda piece: piece[0].numel()):
        logits, state = mixture.network(part, state)
        answers = {"network": logits.log_softmax(dim=2)}
        if ngram is not None:
            answers["ngram"], ngram_state = ngram(part, ngram_state)
            answers["model"] = mixed(answers["network"], answers["ngram"], mixture.weights)
        else:
            answers["model"] = answers["network"]
        for name, log_probabilities in answers.items():
            losses = -log_probabilities.gather(2, wanted[:, :, None])[:, :, 0]
            found.setdefault(name, []).append(losses.cpu().double())
    return {name: torch.cat(parts, dim=1) for name, parts in found.items()}


def tuning_part(characters: int, vocabulary_size: int) -> slice:
    """What of the training text is kept from the network, to weigh network and n-gram by.

    It is taken from the middle. The end would be more like what is held out, but that is just why the network cannot do
    without it: of tinyshakespeare, the end is the first acts of the play that is held out (see benchmarks/LOG.md).
    """
    length = min(int(characters * TUNING_SHARE), MOST_TUNING, TUNING_CELLS // vocabulary_size)
    if length < LEAST_TUNING:
        return slice(0, 0)
    start = (characters - length) // 2
    return slice(start, start + length)


def fit_mixture(
    network: RecurrentLanguageModel, token_ids: Tensor, tuning: slice, order: int, threads: Threads | None = None
) -> tuple[NgramModel, tuple[float, float]]:
    """Count the n-gram and fit the weights of the mixture.

    The weights are found on a part of the training text that the network has not learnt from, against an n-gram that
    has not seen it either; then the n-gram is counted on the whole text.

    Args:
        token_ids: int64, (N,): the training text.
        tuning: the part that the network has not seen; if empty, both get the same weight.
        threads: that compute; by default as many as are quickest.
    """
    size = network.vocabulary_size
    whole = NgramModel.count(token_ids[-MAX_COUNTED:].cpu().numpy(), size, order).to(token_ids.device)
    if tuning.start == tuning.stop:
        return whole, EQUAL_WEIGHTS
    seen = torch.cat([token_ids[: tuning.start], token_ids[tuning.stop :]])[-MAX_COUNTED:]
    without = NgramModel.count(seen.cpu().numpy(), size, order).to(token_ids.device)
    wanted = token_ids[tuning]
    read = token_ids[max(0, tuning.start - 1 - WARM_UP_CHARACTERS) : tuning.stop - 1]
    by_network = _log_probabilities(network, read, threads or Threads.on(read.device))[-len(wanted) :]
    by_ngram = _log_probabilities(NgramNetwork(without), read, Threads(1))[-len(wanted) :]
    with thread_count(1):  # sums that are cut in the same places, whatever the number
        return whole, fit_weights(by_network, by_ngram, wanted)


def held_out_scores(mixture: Mixture, held_out: Tensor, *, longest_in_one_go: int = LONGEST_IN_ONE_GO) -> HeldOutScores:
    """Score the held-out text.

    A text of more than a few hundred thousand characters is not read in one go but in 64 rows, each warmed up on the
    text before it; nothing is left out, and it takes a fraction of the time.

    Args:
        held_out: int64, (N,), N at least 1.
        longest_in_one_go: a text of more characters is read in rows.
    """
    first = held_out.new_tensor([mixture.start_id])
    inputs = torch.cat([first, held_out[:-1]])
    if len(held_out) <= longest_in_one_go:
        losses = _losses(mixture, inputs[None], held_out[None])
    else:
        rows = HeldOutText(first.expand(WARM_UP_CHARACTERS + 1), held_out)
        losses = {name: part[rows.scored.cpu()] for name, part in _losses(mixture, rows.inputs, rows.targets).items()}
    block = min(BLOCK_CHARACTERS, len(held_out))
    whole = len(held_out) // block * block
    pieces = zip(
        inputs[:whole].view(-1, block).split(BLOCK_ROWS),
        held_out[:whole].view(-1, block).split(BLOCK_ROWS),
        strict=True,
    )
    blocks = [_losses(mixture, *piece) for piece in pieces]

    def in_blocks(name: str) -> float:
        return sum(float(part[name].sum()) for part in blocks) / whole

    return HeldOutScores(
        float(losses["model"].mean()),
        float(losses["network"].mean()),
        float(losses["ngram"].mean()) if "ngram" in losses else None,
        in_blocks("model"),
        in_blocks("network"),
    )
