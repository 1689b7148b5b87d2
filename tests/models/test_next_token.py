"""The encoder of a classifier as a language model: what it is asked, and what an answer costs."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from tests.factories import VOCABULARY, new_classifier
from textrnn.models.next_token import NextTokenNetwork
from textrnn.models.parts.layers import TokenEmbedding

COUNTS = torch.arange(len(VOCABULARY))
IDS = torch.randint(2, len(VOCABULARY), (3, 7), generator=torch.Generator().manual_seed(2))
LENGTHS = torch.tensor([7, 4, 1])


@pytest.fixture
def learner() -> NextTokenNetwork:
    torch.manual_seed(3)
    return NextTokenNetwork(new_classifier(name="BiLSTM_Att", num_layers=2), COUNTS).eval()


@torch.no_grad()
def test_each_direction_tells_what_it_reads_next_from_what_it_has_read(learner: NextTokenNetwork) -> None:
    expected, targets = learner(IDS, LENGTHS)
    rows = [ids[:length].tolist() for ids, length in zip(IDS, LENGTHS.tolist(), strict=True)]
    backward = [row[::-1] for row in rows]
    assert targets.tolist() == [token for row in (*rows, *backward) for token in row[1:]]
    found = iter(expected)
    for direction, turned in enumerate((rows, backward)):
        for row in turned:
            for end in range(1, len(row)):  # what is read so far, alone
                vectors = TokenEmbedding.forward(learner.embedding, torch.tensor([row[:end]]))
                state = learner.encoder.one_direction(vectors, direction)[0, -1]
                torch.testing.assert_close(next(found), learner.projections[direction](state), atol=1e-5, rtol=1e-5)
    assert next(found, None) is None


@torch.no_grad()
def test_losses_are_the_cross_entropy_of_what_comes(learner: NextTokenNetwork) -> None:
    expected, targets = learner(IDS, LENGTHS)
    logits = expected @ learner.embedding.table.weight.T + learner.bias
    wanted = -logits.softmax(dim=1)[torch.arange(len(targets)), targets].log()
    torch.testing.assert_close(learner.losses(expected, targets), wanted)
    frequent = torch.zeros_like(expected[:1])  # where nothing is known, what is frequent is expected
    shares = (COUNTS + 1.0) / (COUNTS + 1.0).sum()
    torch.testing.assert_close(learner.losses(frequent, torch.tensor([9])), -shares[[9]].log())


@torch.no_grad()
def test_among_candidates_each_counts_by_how_often_it_is_drawn(learner: NextTokenNetwork) -> None:
    expected, targets = learner(IDS, LENGTHS)
    learner.shares.fill_(1 / len(learner.shares))
    every = torch.arange(len(VOCABULARY))  # each once, and the target not twice: nothing is estimated
    torch.testing.assert_close(learner.losses_among(expected, targets, every), learner.losses(expected, targets))
    learner.shares.copy_((COUNTS + 1.0) / (COUNTS + 1.0).sum())
    some = torch.tensor([3, 5, 5, 8])
    found = learner.losses_among(expected, targets, some)
    for row, target in enumerate(targets.tolist()):
        others = [token for token in some.tolist() if token != target]
        logits = learner.embedding.table.weight[[target, *others]] @ expected[row] + learner.bias[[target, *others]]
        weighed = logits - learner.shares[[target, *others]].log()
        torch.testing.assert_close(found[row], functional.cross_entropy(weighed, torch.tensor(0)))


def test_candidates_are_drawn_by_how_often_they_are_in_the_texts(learner: NextTokenNetwork) -> None:
    torch.manual_seed(0)
    drawn = torch.bincount(learner.draw_candidates(200_000), minlength=len(VOCABULARY)) / 200_000
    torch.testing.assert_close(drawn, learner.shares, atol=0.003, rtol=0)
