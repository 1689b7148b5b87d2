"""What each token of a text adds to a difference of two logits: integrated gradients of any classifier.

The token vectors of a text go in a straight line from those of a baseline, a text of unknown tokens, to its own; what a
token adds is the mean gradient on the way times the way. Where the way leads along the vector of a pair of adjacent
tokens, what that adds is divided evenly between the two. A bag of n-grams does not pass through token vectors: its sum
goes from zero to what it is, and the bag's own `token_contributions` says which tokens that comes from. All is taken
from the network as it is: a model has to declare nothing.

Shapes: B texts, T time (tokens), E embedding, G numbers of a bag, R rows of a chunk (a text at one step), C classes.

Source: Sundararajan et al. 2017, equations 1 and 3.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from textrnn.config import UNKNOWN_ID
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import set_precision, valid_mask

STEPS, ROUNDS = 16, 3  # three times as many in each round, until what was added is complete
SHARE_OF_GAP, SMALLEST_GAP = 0.01, 1e-3  # of what is explained; logits: what may be left open
CHUNK_TOKENS = 1 << 12  # of all rows that are computed at once, roughly
TOO_OPEN, MOST_OF_MEDIAN = 0.05, 3.0  # of all contributions, left open at last; of the slopes of the steps
SAME = 1e-4  # gradients that differ by a smaller share of the largest number are the same


@dataclass(frozen=True)
class Attribution:
    """What each token adds, on the CPU.

    Attributes:
        contributions: (B, T), logits; zero at padding
        difference: (B,) of the logits of the two classes, or the logit of one
        baseline: (B,) the same of the baseline
        steps: (B,) on the way from there; 0 where the gradient is the same all the way, so that one is enough
        exact_bags: (B,) whether that holds of the bags of n-grams; False without one
        clipped: (B,) whether steps that are far too steep were made less so, see :func:`without_jumps`
    """

    contributions: Tensor
    difference: Tensor
    baseline: Tensor
    steps: Tensor
    exact_bags: Tensor
    clipped: Tensor

    @property
    def gap(self) -> Tensor:
        """(B,): what the contributions leave open of what is to be explained."""
        return self.difference - self.baseline - self.contributions.sum(dim=1)

    @property
    def is_complete(self) -> Tensor:
        """(B,): whether that is little."""
        bound = (SHARE_OF_GAP * (self.difference - self.baseline).abs()).clamp(min=SMALLEST_GAP)
        return self.gap.abs() <= bound


def attribute(
    network: ClassifierNetwork,
    token_ids: Tensor,
    lengths: Tensor,
    classes: Tensor,
    against: Tensor,
    *,
    baseline: Tensor | None = None,
    steps: int = STEPS,
    rounds: int = ROUNDS,
    characters: Tensor | None = None,
) -> Attribution:
    """What the tokens of texts add to the logit of one class less that of another, in fp32.

    The network is left as it is; others may use it meanwhile.

    Args:
        token_ids: (B, T); the tokens of all texts together should not be many more than CHUNK_TOKENS; of a network that
            reads in windows, texts of one window (see :mod:`textrnn.models.window_shares`).
        lengths: (B,).
        classes: (B,) indices of the classes that are explained.
        against: (B,) indices of those that they are compared with; below 0: with none, so that the logit itself is.
        baseline: (E,) where each token vector starts from; that of ``<unk>`` by default, which token dropout taught the
            network to read as a token that says nothing.
        steps: in the first round.
        rounds: at most; each has three times the steps of the one before.
        characters: (B, S) code points of the spellings, where the network reads them.
    """
    with torch.inference_mode(False), torch.enable_grad():
        chosen = (classes.clone(), against.clone())
        spelt = () if characters is None else (characters.clone(),)
        way = _Way(network, (token_ids.clone(), lengths.clone(), *spelt), chosen, baseline)
        everything = torch.arange(len(lengths), device=lengths.device)
        # Where the gradient is the same at two places, it is taken to be the same everywhere; whether that is so shows.
        probes = torch.tensor([0.25, 0.75], device=lengths.device).repeat_interleave(len(lengths))
        pairs = [both.chunk(2) for both in way.gradients(everything.repeat(2), probes)]
        same = [_same(first, second) for first, second in pairs]
        vectors, *bags = ((first + second) / 2 for first, second in pairs)
        exact_bags = torch.stack(same[1:]).all(dim=0) if len(same) > 1 else torch.zeros_like(same[0])
        by_step = way.by_vectors(everything, vectors)[:, None]  # (B, S, T), here of one step
        found = Attribution(
            by_step.mean(dim=1) + way.by_bags(everything, bags),
            way.difference,
            way.baseline,
            torch.zeros_like(lengths),
            exact_bags,
            torch.zeros_like(exact_bags),
        )
        left = (~(found.is_complete & torch.stack(same).all(dim=0))).nonzero().squeeze(1)
        for place in range(rounds):
            if not len(left):
                break
            new, new_bags = way.walked(left, steps * 3**place, thirds=place > 0)
            by_step = torch.cat([by_step, new], dim=1) if place else new
            bags = [(bag + 2 * of_new) / 3 for bag, of_new in zip(bags, new_bags, strict=True)] if place else new_bags
            found.contributions[left] = by_step.mean(dim=1) + way.by_bags(left, bags)
            found.steps[left] = steps * 3**place
            rest = ~found.is_complete[left]
            left, by_step, bags = left[rest], by_step[rest], [bag[rest] for bag in bags]
        far_off = found.gap[left].abs() > TOO_OPEN * found.contributions[left].abs().sum(dim=1)
        if far_off.any():
            left, bags = left[far_off], [bag[far_off] for bag in bags]
            found.contributions[left] = without_jumps(by_step[far_off]).mean(dim=1) + way.by_bags(left, bags)
            found.clipped[left] = True
    return Attribution(**{name: value.cpu() for name, value in vars(found).items()})


def _same(some: Tensor, others: Tensor) -> Tensor:
    """(B, ...), (B, ...) -> (B,): whether gradients are the same but for rounding."""
    some, others = some.flatten(1), others.flatten(1)
    return (some - others).abs().amax(dim=1) <= SAME * torch.maximum(some.abs(), others.abs()).amax(dim=1)


def without_jumps(by_step: Tensor) -> Tensor:
    """(B, S, T) what tokens add at each step -> the same, the steepest steps scaled down.

    Gradients of a recurrent network explode on a text that is many times longer than those it has learnt from: at
    single places, they are hundreds of times larger than what the logits do on the way. As in training (Pascanu et al.
    2013, section 3.2), their direction is kept, and their size bounded: a slope is at most three times the median of
    all.
    """
    slopes = by_step.sum(dim=2).abs()  # (B, S)
    most = MOST_OF_MEDIAN * slopes.median(dim=1, keepdim=True).values
    return by_step * (most / slopes.clamp(min=1e-12)).clamp(max=1.0)[:, :, None]


def midpoints(steps: int, *, thirds: bool = False) -> list[float]:
    """Where between 0 and 1 the gradient is taken: in the middle of each of so many equal pieces.

    The pooling over time takes another state here and there on the way, so that the gradient jumps: the middles leave
    less open than Gauss and Legendre's places. Those of a third of the pieces are among them.

    Args:
        thirds: leave those out.
    """
    return [(piece + 0.5) / steps for piece in range(steps) if not thirds or piece % 3 != 1]


@dataclass(frozen=True)
class _Bag:
    """What a bag of n-grams was asked for some texts, and what it gave, (B, G)."""

    module: Any
    arguments: tuple[Tensor, ...]
    sums: Tensor


class _Way:
    """The way from the baseline to some texts, and a network that can be asked anywhere on it."""

    def __init__(
        self,
        network: ClassifierNetwork,
        inputs: tuple[Tensor, ...],
        classes: tuple[Tensor, Tensor],
        baseline: Tensor | None,
    ):
        self.network, self.inputs, self.classes = twin(network), inputs, classes
        token_ids, lengths = inputs[:2]
        self.token_ids = token_ids
        self.embed: Callable[[Tensor], Tensor] = self.network.embedding.forward
        self.bags: list[_Bag] = []
        with torch.no_grad():
            unknown = torch.tensor([[UNKNOWN_ID]], device=token_ids.device)
            start = self.embed(unknown)[0, 0] if baseline is None else baseline  # (E,)
            mask, end = valid_mask(lengths, token_ids.shape[1])[:, :, None], self.embed(token_ids)
            self.start = torch.where(mask, start, end)  # (B, T, E), where nothing changes at padding
            self.change = end - self.start
            pairs = getattr(self.network.embedding, "pairs", None)
            self.pairs = None if pairs is None else pairs(token_ids)  # (B, T, E), a part of the change
            for module in self.network.modules():
                if hasattr(module, "token_contributions"):
                    vars(module)["forward"] = self._recorder(module)
            everything = torch.arange(len(lengths), device=lengths.device)
            self.difference = self._difference(self.network(*inputs), everything)
            self.baseline = self._at(everything, torch.zeros_like(lengths, dtype=torch.float32))[0]

    def _recorder(self, module: Any) -> Callable[..., Tensor]:
        forward = module.forward

        def record(*arguments: Tensor) -> Tensor:
            sums: Tensor = forward(*arguments)
            self.bags.append(_Bag(module, arguments, sums))
            return sums

        return record

    def _difference(self, logits: Tensor, rows: Tensor) -> Tensor:
        """(R, C) -> (R,)."""
        of_class, of_other = (
            logits.gather(1, indices[rows].clamp(min=0)[:, None]).squeeze(1) for indices in self.classes
        )
        return of_class - torch.where(self.classes[1][rows] < 0, 0.0, of_other)

    def _at(self, rows: Tensor, places: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The difference of logits of texts (R,) at places (R,) between 0 and 1, and the inputs that it came from:
        (R, T, E), then (R, G) of each bag."""
        ids = self.token_ids[rows]
        vectors = (self.start[rows] + places[:, None, None] * self.change[rows]).requires_grad_()
        sums = [(places[:, None] * bag.sums[rows]).requires_grad_() for bag in self.bags]
        vars(self.network.embedding)["forward"] = lambda asked: _looked_up(asked, ids, vectors, self.embed)
        in_order = iter(sums)  # the bags are asked in the order in which they were before
        for bag in self.bags:
            vars(bag.module)["forward"] = lambda *_: next(in_order)
        return self._difference(self.network(*(part[rows] for part in self.inputs)), rows), [vectors, *sums]

    def gradients(self, rows: Tensor, places: Tensor) -> list[Tensor]:
        """(R,), (R,) -> (R, T, E), then (R, G) of each bag."""
        difference, inputs = self._at(rows, places)
        found = torch.autograd.grad(difference.sum(), inputs, allow_unused=True, materialize_grads=True)
        return list(found)

    def walked(self, rows: Tensor, steps: int, *, thirds: bool) -> tuple[Tensor, list[Tensor]]:
        """What tokens add through their vectors, (R, S, T), at each step over the whole way, and the mean gradient of
        each bag, (R, G).

        Args:
            thirds: leave out the places that are among those of a third of the steps.
        """
        places = torch.tensor(midpoints(steps, thirds=thirds), device=rows.device)
        added = self.change.new_zeros(len(rows), len(places), self.token_ids.shape[1])
        means = [torch.zeros_like(bag.sums[rows]) for bag in self.bags]
        pairs = torch.cartesian_prod(torch.arange(len(places)), torch.arange(len(rows))).to(rows.device)
        for place, row in (chunk.unbind(1) for chunk in pairs.split(max(1, CHUNK_TOKENS // self.token_ids.shape[1]))):
            vectors, *bags = self.gradients(rows[row], places[place])
            added[row, place] = self.by_vectors(rows[row], vectors)
            for mean, gradient in zip(means, bags, strict=True):
                mean.index_add_(0, row, gradient / len(places))
        return added, means

    def by_vectors(self, rows: Tensor, gradients: Tensor) -> Tensor:
        """(R,), (R, T, E) -> (R, T)."""
        added = (gradients * self.change[rows]).sum(dim=2)
        if self.pairs is not None:
            halves = (gradients * self.pairs[rows]).sum(dim=2)[:, :-1] / 2
            added[:, :-1] -= halves
            added[:, 1:] += halves
        return added

    def by_bags(self, rows: Tensor, gradients: list[Tensor]) -> Tensor:
        """(R,), (R, G) for each bag, the mean of the whole way -> (R, T)."""
        added = self.change.new_zeros(len(rows), self.token_ids.shape[1])
        for bag, gradient in zip(self.bags, gradients, strict=True):
            of_tokens = bag.module.token_contributions(*(argument[rows] for argument in bag.arguments), gradient)
            added[:, : of_tokens.shape[1]] += of_tokens
        return added


def twin(network: ClassifierNetwork) -> ClassifierNetwork:
    """A network with the same weights, in the same memory, which asks for no gradients of them and drops nothing; what
    is done to its modules is not done to those of the other."""
    shared: dict[int, Any] = {id(buffer): buffer for buffer in network.buffers()}
    shared |= {id(weight): nn.Parameter(weight.detach(), requires_grad=False) for weight in network.parameters()}
    other = copy.deepcopy(network, shared).eval()
    set_precision(other, torch.float32)
    for module in other.modules():
        if isinstance(module, nn.RNNBase):  # cuDNN has gradients of recurrent layers for training alone
            module.dropout = 0.0
            module.train()
    return other


def _looked_up(asked: Tensor, token_ids: Tensor, vectors: Tensor, embed: Callable[[Tensor], Tensor]) -> Tensor:
    """(R, N) ids that a network asks the vectors of -> (R, N, E), those on the way in place of its own.

    Usually it asks for the tokens of a text from the first on. Where it asks in another order, a token that stands in
    several places has the mean of their vectors, which are the same; its gradient is then theirs, divided evenly.
    """
    count = asked.shape[1]
    if count <= token_ids.shape[1] and torch.equal(asked, token_ids[:, :count]):
        return vectors[:, :count]
    places = (asked[:, :, None] == token_ids[:, None, :]).to(vectors.dtype)  # (R, N, T)
    elsewhere = places.sum(dim=2, keepdim=True)
    found = (places / elsewhere.clamp(min=1)) @ vectors
    return torch.where(elsewhere > 0, found, embed(asked))
