"""What every registered classifier must hold. A new model file is picked up here by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from textrnn.config import TrainConfig
from textrnn.files import load_tensors, save_tensors
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.registry import ModelEntry, all_models
from textrnn.training.optimizers import make_optimizer, sparse_tables, tables_of_pairs

VOCABULARY, CLASSES = 50, 4
SEVERAL = [3, 7, 1], [5, 9, 1, 2, 9], [5, 9, 1], [5, 9, 3, 4], [6, 9, 3, 4, 8, 2, 7, 5], [5, 2], [6, 6]
MODELS = list(all_models().values())
TWO_WAY = [m for m in MODELS if "bidirectional" in {field.name for field in m.fields} or "both directions" in m.summary]
# A linear model is solved, not trained: it has no token vectors that would learn, and no noise while it learns.
LEARN_STEP_BY_STEP = [m for m in MODELS if m.name != "Linear"]
every_trained_model = pytest.mark.parametrize("entry", LEARN_STEP_BY_STEP, ids=lambda entry: entry.name)
every_model = pytest.mark.parametrize("entry", MODELS, ids=lambda entry: entry.name)


def build(entry: ModelEntry, *, seed: int = 0, **settings: object) -> ClassifierNetwork:
    torch.manual_seed(seed)
    small = {
        "embedding_size": 12,
        "hidden_size": 16,
        "num_filters": 16,
        "ngram_rows": 1000,
        "window": 4,
        "max_pairs": 1000,
    }
    own = {field.name for field in entry.fields}
    config = entry.config_class.from_dict({k: v for k, v in {**small, **settings}.items() if k in own})
    model: ClassifierNetwork = entry.build(config, vocabulary_size=VOCABULARY, class_count=CLASSES)
    # So that a model that counts n-grams knows those of all rows used below.
    rows = [texts(lengths) for lengths in ([8], *SEVERAL)]
    token_ids = torch.cat([ids[row, :n] for ids, lengths in rows for row, n in enumerate(lengths.tolist())])
    model.learn_statistics(token_ids, torch.cat([torch.zeros(1, dtype=torch.long), *(n for _, n in rows)]).cumsum(0))
    for table in sparse_tables(model):
        torch.nn.init.normal_(table, std=0.1)  # they start at zero, where n-grams would say nothing yet
    for table in tables_of_pairs(model):
        torch.nn.init.zeros_(table[-1])  # what is no known pair
    return model


def texts(lengths: list[int], seed: int = 1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    token_ids = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    for row, length in enumerate(lengths):
        token_ids[row, :length] = torch.randint(2, VOCABULARY, (length,), generator=generator)
    return token_ids, torch.tensor(lengths)


@every_model
def test_shape(entry: ModelEntry) -> None:
    logits = build(entry)(*texts([3, 7, 1]))
    assert logits.shape == (3, CLASSES)
    assert logits.dtype == torch.float32


@every_model
def test_batched_equals_one_by_one(entry: ModelEntry) -> None:
    model = build(entry).eval()
    token_ids, lengths = texts([5, 9, 1, 2, 9])
    together = model(token_ids, lengths)
    alone = [model(token_ids[i : i + 1, :n], lengths[i : i + 1]) for i, n in enumerate(lengths.tolist())]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-5)


@every_model
def test_padding_changes_nothing(entry: ModelEntry) -> None:
    model = build(entry).eval()
    token_ids, lengths = texts([5, 9, 1])
    padded = functional.pad(token_ids, (0, 13))
    torch.testing.assert_close(model(padded, lengths), model(token_ids, lengths), atol=1e-6, rtol=1e-5)


@every_trained_model
def test_padding_gets_no_gradient(entry: ModelEntry) -> None:
    model = build(entry)
    model(*texts([5, 9, 1])).sum().backward()
    gradient = model.embedding.table.weight.grad
    assert gradient is not None
    assert (gradient[0] == 0).all()


@every_model
def test_order_matters(entry: ModelEntry) -> None:
    model = build(entry).eval()
    token_ids, lengths = texts([8])
    assert not torch.allclose(model(token_ids, lengths), model(token_ids.flip(1), lengths), atol=1e-4)


@pytest.mark.parametrize("entry", TWO_WAY, ids=lambda entry: entry.name)
def test_both_directions_matter_where_there_are_two(entry: ModelEntry) -> None:
    """With only the last (first) token changed, what the forward (backward) direction saw before it stays the same."""
    model = build(entry, bidirectional=True, pooling="last").eval()
    token_ids, lengths = texts([8])
    changed = token_ids.clone()
    changed[0, 0] = token_ids[0, 0] % (VOCABULARY - 2) + 2
    states = model.encoder(model.embedding(token_ids), lengths) - model.encoder(model.embedding(changed), lengths)
    forward, backward = states[0].chunk(2, dim=1)
    assert forward[-1].abs().max() > 0  # it remembers the first token
    assert backward[0].abs().max() > 0
    assert backward[1:].abs().max() == 0  # it has not come to the first token yet


@every_trained_model
def test_a_gradient_reaches_every_parameter(entry: ModelEntry) -> None:
    model = build(entry, num_layers=2, bidirectional=True)
    functional.cross_entropy(model(*texts([5, 9, 3, 4])), torch.tensor([0, 1, 2, 3])).backward()
    without = [
        name for name, p in model.named_parameters() if p.numel() and (p.grad is None or not p.grad.abs().sum() > 0)
    ]
    assert not without


@every_model
def test_eight_rows_can_be_learnt_by_heart(entry: ModelEntry) -> None:
    model = build(entry, dropout=0.0, embedding_dropout=0.0, token_dropout=0.0)
    token_ids, lengths = texts([6, 9, 3, 4, 8, 2, 7, 5])
    labels = torch.tensor([0, 1, 2, 3, 3, 2, 1, 0])
    optimizer = make_optimizer(model, TrainConfig(learning_rate=0.01))
    for _ in range(150):
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(token_ids, lengths), labels)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
    assert (model.eval()(token_ids, lengths).argmax(dim=1) == labels).all()


@every_model
def test_saved_and_loaded_gives_the_same_logits(entry: ModelEntry, tmp_path: Path) -> None:
    model, other = build(entry).eval(), build(entry, seed=1).eval()
    save_tensors(tmp_path / "m.safetensors", model.state_dict())
    other.load_state_dict(load_tensors(tmp_path / "m.safetensors")[0])
    assert torch.equal(model(*texts([5, 2])), other(*texts([5, 2])))


@every_model
def test_single_tokens_and_unknowns_only(entry: ModelEntry) -> None:
    model = build(entry).eval()
    assert torch.isfinite(model(*texts([1]))).all()
    assert torch.isfinite(model(torch.ones(2, 5, dtype=torch.long), torch.tensor([5, 1]))).all()


@every_trained_model
def test_dropout_only_while_training(entry: ModelEntry) -> None:
    model = build(entry)
    inputs = texts([6, 6])
    assert not torch.equal(model(*inputs), model(*inputs))
    model.eval()
    assert torch.equal(model(*inputs), model(*inputs))
