"""What tokens add to a difference of logits: against Captum, by hand, and by taking single parts away."""

from __future__ import annotations

import math
import warnings

import pytest
import torch
from torch import Tensor, nn

from tests.models.classifiers.test_contract import CLASSES, VOCABULARY, build, every_model, every_trained_model, texts
from textrnn.config import UNKNOWN_ID
from textrnn.models import attribution
from textrnn.models.attribution import Attribution, attribute, midpoints, without_jumps
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import TokenEmbedding, mean_over_time, set_precision, valid_mask
from textrnn.models.parts.ngram_bag import HashedNgrams, NgramBag, hashed
from textrnn.models.registry import ModelEntry, find_model

LABEL, AGAINST = 2, 0


def attributed(network: ClassifierNetwork, token_ids: Tensor, lengths: Tensor, **options: int) -> Attribution:
    label, against = torch.full_like(lengths, LABEL), torch.full_like(lengths, AGAINST)
    return attribute(network, token_ids, lengths, label, against, **options)


def difference(network: ClassifierNetwork, token_ids: Tensor, lengths: Tensor) -> Tensor:
    with torch.no_grad():
        logits = network.eval()(token_ids, lengths)
    return logits[:, LABEL] - logits[:, AGAINST]


def by_bags(network: ClassifierNetwork, token_ids: Tensor, lengths: Tensor) -> Tensor:
    """(B, T): of the bag of n-grams at the end of the features, which the last layer reads as they are."""
    weights = network.classifier.weight.detach()
    direction = weights[LABEL] - weights[AGAINST]
    found = torch.zeros(token_ids.shape)
    for module in network.modules():
        if isinstance(module, NgramBag | HashedNgrams):
            size = (module.table.weight if isinstance(module, NgramBag) else module.weight).shape[1]
            found = found + module.token_contributions(token_ids, lengths, direction[-size:].repeat(len(lengths), 1))
    return found


@every_trained_model
def test_captum_gives_the_same(entry: ModelEntry) -> None:
    with warnings.catch_warnings(action="ignore"):
        from captum.attr import LayerIntegratedGradients
    network = build(entry).eval()
    token_ids, lengths = texts([9])
    found = attributed(network, token_ids, lengths, steps=20, rounds=1)
    captum = LayerIntegratedGradients(
        lambda ids: (lambda logits: logits[:, LABEL] - logits[:, AGAINST])(network(ids, lengths.expand(len(ids)))),
        network.embedding,
    )
    expected = captum.attribute(
        token_ids, baselines=torch.full_like(token_ids, UNKNOWN_ID), n_steps=20, method="riemann_middle"
    )
    torch.testing.assert_close(
        found.contributions,
        expected.sum(dim=2).detach() + by_bags(network, token_ids, lengths),
        atol=2e-5,
        rtol=1e-3,
        check_dtype=False,
    )


@every_model
def test_contributions_account_for_the_difference(entry: ModelEntry) -> None:
    network = build(entry)
    token_ids, lengths = texts([5, 9, 1, 2, 9])
    token_ids[3, :2] = UNKNOWN_ID
    found = attributed(network, token_ids, lengths)
    torch.testing.assert_close(found.difference, difference(network, token_ids, lengths), atol=1e-5, rtol=1e-4)
    assert (found.gap.abs() < 0.03).all()  # relu jumps more often than there are steps
    assert (found.contributions[token_ids == 0] == 0).all()
    nothing = torch.full_like(token_ids, UNKNOWN_ID) * valid_mask(lengths, 9)
    for module in network.modules():  # the baseline has no n-gram
        if isinstance(module, NgramBag | HashedNgrams):
            table = module.table if isinstance(module, NgramBag) else module
            nn.init.zeros_(table.weight)
    torch.testing.assert_close(found.baseline, difference(network, nothing, lengths), atol=1e-5, rtol=1e-4)


@every_model
def test_texts_are_explained_as_alone(entry: ModelEntry) -> None:
    network = build(entry)
    token_ids, lengths = texts([5, 9, 1])
    together = attributed(network, token_ids, lengths, rounds=1)
    for row, count in enumerate(lengths.tolist()):
        alone = attributed(network, token_ids[row : row + 1, :count], lengths[row : row + 1], rounds=1)
        torch.testing.assert_close(together.contributions[row, :count], alone.contributions[0], atol=1e-5, rtol=1e-3)


@every_model
def test_the_network_stays_as_it_is(entry: ModelEntry) -> None:
    network = build(entry).train()
    set_precision(network, torch.bfloat16)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    modules = [(module, set(vars(module)), module.training) for module in network.modules()]
    learn = [weight.requires_grad for weight in network.parameters()]
    with torch.inference_mode():
        attributed(network, *texts([4, 6]), rounds=1)
    assert [(module, set(vars(module)), module.training) for module in network.modules()] == modules
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(weight.grad is None for weight in network.parameters())
    assert [weight.requires_grad for weight in network.parameters()] == learn
    precisions = {module.precision for module in network.modules() if hasattr(module, "precision")}
    assert precisions <= {torch.bfloat16}


def test_what_is_linear_is_exact_and_takes_no_steps() -> None:
    network = build(find_model("FastText"))
    token_ids, lengths = texts([6])
    found = attributed(network, token_ids, lengths)
    assert found.steps.tolist() == [0]
    assert found.exact_bags.tolist() == [True]
    torch.testing.assert_close(found.gap, torch.zeros(1), atol=1e-5, rtol=0)
    assert isinstance(network.ngrams, HashedNgrams)
    weights = network.classifier.weight.detach()[LABEL] - network.classifier.weight.detach()[AGAINST]
    vectors, table = network.embedding.table.weight.detach(), network.ngrams.weight.detach()
    ids = token_ids[0].tolist()
    expected = [float((vectors[i] - vectors[UNKNOWN_ID]) @ weights[:12]) * math.sqrt(6) / 6 for i in ids]
    grams = [(start, order) for order in (2, 3) for start in range(6 - order + 1)]
    for start, order in grams:
        number = 0
        for index in ids[start : start + order]:
            number = number * (VOCABULARY + 1) + index + 1
        row = table[int(hashed(torch.tensor(number), len(table)))]
        for place in range(start, start + order):
            expected[place] += float(row @ weights[12:]) / math.sqrt(len(grams)) / order
    torch.testing.assert_close(found.contributions[0], torch.tensor(expected), atol=1e-5, rtol=1e-4)


def test_a_bag_is_divided_as_taking_out_each_of_its_ngrams_shows() -> None:
    """An n-gram whose vector becomes zero takes away what it adds, and nothing else."""
    network = build(find_model("BiLSTM_Ngram"))
    assert isinstance(network.ngrams, NgramBag)
    ids = [5, 6, 7, 5, 6, 9]
    token_ids, lengths = torch.tensor([ids]), torch.tensor([6])
    bag = network.ngrams
    bag.learn_statistics(torch.tensor([*ids, 8, 5, 6]), torch.tensor([0, 6, 9]))
    nn.init.normal_(bag.table.weight)
    whole, expected = float(difference(network, token_ids, lengths)), [0.0] * 6
    grams = {tuple(ids[start : start + order]) for order in (1, 2, 3) for start in range(6 - order + 1)}
    for gram in grams:
        number = 0
        for index in gram:
            number = number * (VOCABULARY + 1) + index + 1
        row = bag.known.tolist().index(number)
        kept = bag.table.weight.detach()[row].clone()
        with torch.no_grad():
            bag.table.weight[row] = 0
        added = whole - float(difference(network, token_ids, lengths))
        with torch.no_grad():
            bag.table.weight[row] = kept
        starts = [start for start in range(6) if tuple(ids[start : start + len(gram)]) == gram]
        for start in starts:
            for place in range(start, start + len(gram)):
                expected[place] += added / len(starts) / len(gram)
    torch.testing.assert_close(by_bags(network, token_ids, lengths)[0], torch.tensor(expected), atol=1e-4, rtol=1e-3)


def test_more_steps_use_what_fewer_have_found() -> None:
    few, new, many = midpoints(5), midpoints(15, thirds=True), midpoints(15)
    assert sorted([*few, *new]) == pytest.approx(many)
    network = build(find_model("LSTM"), hidden_size=64)
    token_ids, lengths = texts([12])
    once = attributed(network, token_ids, lengths, steps=45, rounds=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribution, "SMALLEST_GAP", -1.0)  # goes on however little is left open
        patch.setattr(attribution, "SHARE_OF_GAP", -1.0)
        patch.setattr(attribution, "CHUNK_TOKENS", 40)  # a few rows at a time
        thrice = attributed(network, token_ids, lengths, steps=5, rounds=3)
    assert thrice.steps.tolist() == once.steps.tolist() == [45]
    torch.testing.assert_close(thrice.contributions, once.contributions, atol=1e-5, rtol=1e-4)


def test_a_step_that_is_far_too_steep_keeps_its_direction() -> None:
    by_step = torch.tensor([[[1.0, 1.0], [2.0, -1.0], [-600.0, 0.0], [3.0, 0.0], [0.0, 0.0]]])  # median slope 2
    expected = torch.tensor([[[1.0, 1.0], [2.0, -1.0], [-6.0, 0.0], [3.0, 0.0], [0.0, 0.0]]])
    torch.testing.assert_close(without_jumps(by_step), expected)


class Exploding(ClassifierNetwork):
    """Its gradient is large at a place that no step is near to by chance."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = TokenEmbedding(VOCABULARY, 1, dropout=0.0, token_dropout=0.0)
        self.classifier = nn.Linear(1, CLASSES)
        with torch.no_grad():
            self.embedding.table.weight.copy_(torch.arange(VOCABULARY)[:, None] / VOCABULARY)

    def text_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, F)."""
        total = self.embedding(token_ids).sum(dim=1)
        return total + torch.sin(5000 * total) / 100


def test_gradients_that_explode_are_clipped_and_the_gap_is_told() -> None:
    torch.manual_seed(0)
    network = Exploding()
    token_ids, lengths = torch.tensor([[20, 30, 49]]), torch.tensor([3])
    found = attributed(network, token_ids, lengths, rounds=2)
    assert found.clipped.tolist() == [True]
    difference_explained = float((found.difference - found.baseline).abs())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribution, "TOO_OPEN", math.inf)
        plain = attributed(network, token_ids, lengths, rounds=2)
    assert plain.clipped.tolist() == [False]
    assert float(found.gap.abs()) <= float(plain.gap.abs())
    assert difference_explained > 0


class Later(ClassifierNetwork):
    """A model that somebody adds: it reads the text backwards, in two pieces, each with a token before it."""

    def __init__(self, *, forwards: bool):
        super().__init__()
        self.embedding = TokenEmbedding(VOCABULARY, 6, dropout=0.5, token_dropout=0.5)
        self.rnn = nn.LSTM(6, 7, num_layers=2, dropout=0.5, batch_first=True)
        self.classifier = nn.Linear(7, CLASSES)
        self.forwards = forwards

    def text_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, F)."""
        before = torch.full((len(token_ids), 1), VOCABULARY - 1)
        if self.forwards:
            vectors = self.embedding(token_ids).flip(1)
            first, second = vectors[:, :3], vectors[:, 3:]
            extra = self.embedding.table(before)
        else:
            backwards = token_ids.flip(1)
            first, second = self.embedding(backwards[:, :3]), self.embedding(backwards[:, 3:])
            extra = self.embedding(before)
        states = self.rnn(torch.cat([extra, first, extra, second], dim=1))[0]
        return mean_over_time(torch.tanh(states), torch.ones(states.shape[:2], dtype=torch.bool))


def test_a_model_that_asks_for_vectors_in_another_order() -> None:
    """Tokens that stand in several places share what they add; all others have what they have in order."""
    torch.manual_seed(0)
    one, other = Later(forwards=True), Later(forwards=False)
    other.load_state_dict(one.state_dict())
    token_ids, lengths = torch.tensor([[4, 7, 9, 4, 11, 2]]), torch.tensor([6])
    expected = attributed(one, token_ids, lengths)
    found = attributed(other, token_ids, lengths)
    assert found.is_complete.all()
    torch.testing.assert_close(found.contributions[0, [1, 2, 4, 5]], expected.contributions[0, [1, 2, 4, 5]])
    shared = expected.contributions[0, [0, 3]].mean().repeat(2)
    torch.testing.assert_close(found.contributions[0, [0, 3]], shared)


def test_long_texts() -> None:
    network = build(find_model("TextCNN"))
    token_ids, lengths = texts([2000])
    found = attributed(network, token_ids, lengths, rounds=1)
    assert found.contributions.shape == (1, 2000)
    assert float(found.gap.abs()) < 0.05
