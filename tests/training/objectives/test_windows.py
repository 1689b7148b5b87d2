"""Training on a sample of the windows of long texts."""

from __future__ import annotations

import torch

from tests.factories import DEV, TRAIN, new_classifier, short
from textrnn.corpus.batches import WindowSample
from textrnn.training.objectives.classification import ClassificationObjective
from textrnn.training.train_eval import fit

SAMPLE = WindowSample(2, 2)


def objective(seed: int = 0, sample: WindowSample | None = SAMPLE) -> ClassificationObjective:
    return ClassificationObjective(TRAIN, DEV, short(seed=seed), 3, sample=sample)


def test_a_step_reads_some_windows_of_each_text() -> None:
    batches = objective().batches(1)
    assert max(batch.token_ids.shape[1] for batch in batches) == SAMPLE.tokens < int(TRAIN.lengths.max())
    assert sum(len(batch) for batch in batches) == len(TRAIN)
    assert sorted(torch.cat([batch.labels for batch in batches]).tolist()) == sorted(TRAIN.labels.tolist())


def test_the_seed_and_the_epoch_decide_which() -> None:
    one, again, other, next_epoch = (
        [batch.token_ids.tolist() for batch in objective(seed).batches(epoch)]
        for seed, epoch in ((0, 1), (0, 1), (1, 1), (0, 2))
    )
    assert one == again
    assert one != other
    assert one != next_epoch
    # A run that goes on asks for the later batches alone.
    assert objective().batches(1)[5].token_ids.tolist() == one[5]


def test_where_no_text_is_long_nothing_changes() -> None:
    whole = objective(sample=None).batches(1)
    for batch, same in zip(whole, objective(sample=WindowSample(50, 2)).batches(1), strict=True):
        assert torch.equal(batch.token_ids, same.token_ids)


def test_it_learns_by_some_and_answers_by_all() -> None:
    network = new_classifier(window=2, max_windows=2, normalise_windows=True)
    config = short(epochs=15, evaluate_every=40)
    history = fit(network, ClassificationObjective(TRAIN, DEV, config, 3, sample=SAMPLE), config)
    assert history.best["dev_accuracy"] > 0.7
