"""Continuing a text character by character.

Shapes: V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from textrnn.config import PAD_ID, UNKNOWN_ID, GenerationConfig
from textrnn.models.language.base import LanguageModelNetwork, State
from textrnn.training.threads import thread_count


def allowed(logits: Tensor, config: GenerationConfig) -> Tensor:
    """(V,) logits -> (V,) probabilities to draw from, after temperature, top-k, top-p and typical-p, in this order.

    Source: Fan et al. 2018 (top-k); Holtzman et al. 2020 (top-p, the smallest set of that probability); Meister et al.
    2023, Locally typical sampling, section 4 (the smallest set of those whose -ln p is nearest to the entropy).
    """
    logits = (logits.double() - logits.max()) / (config.temperature or 1.0)  # no temperature is too low for that
    if config.top_k is not None and config.top_k < len(logits):
        kept = logits.topk(config.top_k).indices
        logits = torch.full_like(logits, -torch.inf).index_copy(0, kept, logits[kept])
    probabilities = logits.softmax(dim=0)
    if config.top_p is not None and config.top_p < 1.0:
        probabilities = _first(probabilities, probabilities, config.top_p)
    if config.typical_p is not None and config.typical_p < 1.0:
        nats = -probabilities.log()
        entropy = torch.special.entr(probabilities).sum()
        probabilities = _first(probabilities, -(nats - entropy).abs(), config.typical_p)
    return probabilities


def _first(probabilities: Tensor, ranks: Tensor, share: float) -> Tensor:
    """(V,) probabilities -> those with the highest ranks that together have a share of them; the others 0."""
    order = ranks.argsort(descending=True, stable=True)
    ordered = probabilities[order]
    before = ordered.cumsum(0) - ordered  # what all that are ahead of each have
    kept = torch.zeros_like(probabilities).index_copy(0, order, ordered * (before < share))
    return kept / kept.sum()


@torch.inference_mode()
def continued(
    model: LanguageModelNetwork, prefix_ids: Tensor, config: GenerationConfig, generator: torch.Generator
) -> Iterator[tuple[int, float]]:
    """The ids that follow a prefix, one by one, in constant memory. ``<pad>`` and ``<unk>`` never come.

    Each comes with its -ln p under the model, nats, whatever temperature it was drawn with. With a beam, they come as
    soon as all continuations that are still looked at have them.

    Args:
        prefix_ids: int64, (at least one,).
        generator: on the CPU; asked only where something is drawn.
    """
    model.eval()
    state: State | None = None
    with thread_count(1):  # of a single row, a second thread has too little to do to be woken for it
        for part in prefix_ids.split(512):
            logits, state = model(part[None], state)
    if config.beam is not None:
        yield from _by_beam(model, logits, state, config.length, config.beam)
        return
    for _ in range(config.length):
        scores = logits[0, -1].float().cpu()
        log_probabilities = scores.log_softmax(dim=0)
        scores[[PAD_ID, UNKNOWN_ID]] = -torch.inf
        if config.greedy:
            chosen = int(scores.argmax())
        else:
            chosen = int(torch.multinomial(allowed(scores, config), 1, generator=generator))
        yield chosen, -float(log_probabilities[chosen])
        with thread_count(1):
            logits, state = model(prefix_ids.new_tensor([[chosen]]), state)


@dataclass(frozen=True)
class _Continuation:
    """One that is looked at: what of it was not given out yet, and the -ln p of all of it."""

    pending: tuple[tuple[int, float], ...]
    nats: float


def _by_beam(
    model: LanguageModelNetwork, logits: Tensor, state: State | None, length: int, beam: int
) -> Iterator[tuple[int, float]]:
    """The likeliest continuation of this length that a beam finds.

    Args:
        logits: (1, T, V), after the prefix.

    Source: Lowerre 1976 (beam search).
    """
    kept = [_Continuation((), 0.0)]
    for step in range(length):
        log_probabilities = logits[:, -1].float().cpu().log_softmax(dim=1).double()
        log_probabilities[:, [PAD_ID, UNKNOWN_ID]] = -torch.inf
        size = log_probabilities.shape[1]
        totals = log_probabilities - torch.tensor([each.nats for each in kept], dtype=torch.float64)[:, None]
        found, places = totals.flatten().topk(min(beam, len(kept) * (size - UNKNOWN_ID - 1)))
        rows, chosen = places // size, places % size
        longer = []
        for row, token, total in zip(rows.tolist(), chosen.tolist(), found.tolist(), strict=True):
            pending = (*kept[row].pending, (token, -float(log_probabilities[row, token])))
            longer.append(_Continuation(pending, -total))
        kept, shared = _without_shared(longer)
        yield from shared
        if step + 1 < length:
            assert state is not None
            state = tuple(part[rows.to(part.device)] for part in state)
            with thread_count(1):
                logits, state = model(chosen[:, None].to(logits.device), state)
    yield from kept[0].pending


def _without_shared(kept: list[_Continuation]) -> tuple[list[_Continuation], tuple[tuple[int, float], ...]]:
    """The continuations without the beginning that all of them share, and that beginning."""
    first, count = kept[0].pending, 0
    while count < len(first) and all(each.pending[count][0] == first[count][0] for each in kept):
        count += 1
    return [_Continuation(each.pending[count:], each.nats) for each in kept], first[:count]
