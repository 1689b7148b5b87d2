"""Continuing a text character by character.

Shapes: V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from textrnn.config import PAD_ID, UNKNOWN_ID, GenerationConfig
from textrnn.models.language.base import LanguageModelNetwork, State
from textrnn.training.threads import thread_count


def allowed(logits: Tensor, config: GenerationConfig) -> Tensor:
    """(V,) logits -> (V,) probabilities to draw from, after temperature, top-k and top-p, in this order.

    Source: Fan et al. 2018 (top-k); Holtzman et al. 2020 (top-p, the smallest set of that probability).
    """
    logits = (logits.double() - logits.max()) / (config.temperature or 1.0)  # no temperature is too low for that
    if config.top_k is not None and config.top_k < len(logits):
        kept = logits.topk(config.top_k).indices
        logits = torch.full_like(logits, -torch.inf).index_copy(0, kept, logits[kept])
    probabilities = logits.softmax(dim=0)
    if config.top_p is not None and config.top_p < 1.0:
        ordered, order = probabilities.sort(descending=True, stable=True)
        before = ordered.cumsum(0) - ordered  # what is more probable than each
        probabilities = torch.zeros_like(probabilities).index_copy(0, order, ordered * (before < config.top_p))
        probabilities /= probabilities.sum()
    return probabilities


@torch.inference_mode()
def continued(
    model: LanguageModelNetwork, prefix_ids: Tensor, config: GenerationConfig, generator: torch.Generator
) -> Iterator[tuple[int, float]]:
    """The ids that follow a prefix, one by one, in constant memory. ``<pad>`` and ``<unk>`` never come.

    Each comes with its -ln p under the model, nats, whatever temperature it was drawn with.

    Args:
        prefix_ids: int64, (at least one,).
        generator: on the CPU; asked only where something is drawn.
    """
    model.eval()
    state: State | None = None
    with thread_count(1):  # of a single row, a second thread has too little to do to be woken for it
        for part in prefix_ids.split(512):
            logits, state = model(part[None], state)
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
