"""Dynamic evaluation: a text is scored while the network goes on learning from what it has just read of it.

Each segment is scored first, by weights that have not seen it, and learnt from afterwards. That adapts to names and
habits of the text, and is therefore another question than how well the network does as it is saved: its answer is
reported apart. The weights that adapt are a copy's.

Shapes: N characters, V vocabulary.

Source: Krause et al. 2018, Dynamic evaluation of neural sequence models, section 5 (RMS-normalised updates, and a decay
back to the weights that were trained).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from textrnn.models.language.base import RecurrentLanguageModel, State
from textrnn.models.language.mixture import NgramNetwork, mixed
from textrnn.training.mixing import Mixture
from textrnn.training.threads import thread_count
from textrnn.training.train_eval import flushing_denormals

SEGMENT = 20  # characters read between two updates
SIZED_SEGMENTS = 200  # of the training text, by which the usual sizes of gradients are found
RATE, DECAY = 7e-4, 2e-3  # of an update of the usual size; of the way back to the trained weights, a segment
LEAST_SIZE = 0.5  # times the mean size of gradients: what smaller ones, as of rare characters, are divided by


class AdaptingNetwork:
    """A copy of a network that learns from every segment it reads.

    Attributes:
        network: the copy; without dropout, in fp32
    """

    def __init__(self, network: RecurrentLanguageModel, token_ids: Tensor):
        """Find the usual sizes of the gradients.

        Args:
            token_ids: int64, (N,): the end of the text that the network was trained on is read.
        """
        self.network = copy.deepcopy(network).train()  # the kernels have no gradients otherwise
        self.network.dropout = self.network.embedding_dropout = 0.0
        self.network.precision = torch.float32
        self.state: State | None = None
        self.parameters = [p for p in self.network.parameters() if p.requires_grad]
        squares = [torch.zeros_like(p) for p in self.parameters]
        read = token_ids[-(SIZED_SEGMENTS * SEGMENT + 1) :]
        count = 0
        for _, gradients in self._segments(read[:-1], read[1:]):
            count += 1
            for square, gradient in zip(squares, gradients, strict=True):
                square.addcmul_(gradient, gradient)
        sizes = [(square / max(1, count)).sqrt_() for square in squares]
        usual = sum(float(size.sum()) for size in sizes) / sum(size.numel() for size in sizes)
        self._steps = [RATE / (size + LEAST_SIZE * usual) for size in sizes]
        self._ways_back = [(DECAY * size / usual).clamp_(max=1.0) for size in sizes]
        self._trained = [p.detach().clone() for p in self.parameters]
        self.state = None

    def _segments(self, inputs: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, tuple[Tensor, ...]]]:
        """Log-probabilities (T, V) of each segment of a text (N,), and the gradients of its mean loss."""
        for part, wanted in zip(inputs.split(SEGMENT), targets.split(SEGMENT), strict=True):
            logits, state = self.network(part[None], self.state)
            self.state = tuple(each.detach() for each in state)
            log_probabilities = logits[0].log_softmax(dim=1)
            yield (
                log_probabilities.detach(),
                torch.autograd.grad(functional.nll_loss(log_probabilities, wanted), self.parameters),
            )

    def read(self, inputs: Tensor, targets: Tensor) -> Iterator[Tensor]:
        """(N,) what is read and (N,) what follows -> (T, V) log-probabilities, segment by segment."""
        for log_probabilities, gradients in self._segments(inputs, targets):
            yield log_probabilities
            with torch.no_grad():
                for each in zip(self.parameters, gradients, self._steps, self._ways_back, self._trained, strict=True):
                    parameter, gradient, step, way_back, trained = each
                    parameter.add_((trained - parameter).mul_(way_back).sub_(gradient * step))


def dynamic_scores(mixture: Mixture, token_ids: Tensor, held_out: Tensor) -> tuple[float, float]:
    """Nats per character of a text: of the model, and of its network alone.

    Args:
        token_ids: int64, (N,): the text that the network was trained on.
        held_out: int64, (N,), N at least 1: read in one go, some thousand characters a second.
    """
    inputs = torch.cat([held_out.new_tensor([mixture.start_id]), held_out[:-1]])
    ngram = None if mixture.ngram is None else NgramNetwork(mixture.ngram)
    ngram_state: State | None = None
    sums = torch.zeros(2, dtype=torch.float64)
    with thread_count(1), flushing_denormals():
        adapting = AdaptingNetwork(mixture.network, token_ids)
        segments = zip(inputs.split(SEGMENT), held_out.split(SEGMENT), adapting.read(inputs, held_out), strict=True)
        for part, wanted, by_network in segments:
            both = by_network
            if ngram is not None:
                by_ngram, ngram_state = ngram(part[None], ngram_state)
                both = mixed(by_network, by_ngram[0], mixture.weights)
            seen = [answer.gather(1, wanted[:, None]).sum() for answer in (both, by_network)]
            sums -= torch.stack(seen).cpu().double()
    whole, network = (sums / len(held_out)).tolist()
    return whole, network
