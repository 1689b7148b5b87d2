"""A model that is dropped in as a new file is exported by itself, or refused with the reason."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from textrnn.errors import ArtifactError
from textrnn.export.check import check_classifier
from textrnn.export.graph import Graph, classifier_graph
from textrnn.models import classifiers
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.registry import all_models, find_model

MODEL_FILE = '''"""A model that is dropped in."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textrnn.config import ModelConfig, option
from textrnn.models.classifiers.base import ClassifierNetwork
from textrnn.models.parts.layers import RecurrentEncoder, TokenEmbedding, last_step, valid_mask

NAME = "Exported{number}"


@dataclass(frozen=True)
class Config(ModelConfig):
    """Hyper-parameters."""


class Model(ClassifierNetwork):
    """Token ids (B, T), lengths (B,) -> logits (B, C)."""

    def __init__(self, *, vocabulary_size: int, class_count: int, embedding_size: int, **others: float):
        super().__init__()
        self.embedding = TokenEmbedding(vocabulary_size, 8, dropout=0.1, token_dropout=0.1)
        self.encoder = RecurrentEncoder(nn.GRU, 8, 8, num_layers=1, bidirectional=False, dropout=0.0)
        self.classifier = nn.Linear(8, class_count)

    def text_features(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, F)."""
        states = self.encoder(self.embedding(token_ids), lengths)
        mask = valid_mask(lengths, token_ids.shape[1])
{body}
'''
LAST = "        return last_step(states, mask) * torch.bincount(lengths, minlength=601)[lengths][:, None]"
SUM_OF_STEPS = """\
        total = states[:, 0] * 0
        for step in range(token_ids.shape[1]):
            total = total + states[:, step] * mask[:, step, None]
        return total"""
SCRIPTED = """\
        return masked_sum(states, mask)


@torch.jit.script
def masked_sum(states: Tensor, mask: Tensor) -> Tensor:
    total = states[:, 0] * 0
    for step in range(states.shape[1]):
        total = total + states[:, step] * mask[:, step].unsqueeze(1)
    return total"""
LENGTH = "        return last_step(states, mask) + torch.ones(len(token_ids), 1)"
FOURIER = "        return last_step(torch.fft.fft(states, dim=2).real, mask)"


@pytest.fixture
def dropped_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ClassifierNetwork]]:
    """Puts a file among the classifiers, and builds its model."""
    monkeypatch.setattr(classifiers, "__path__", [*classifiers.__path__, str(tmp_path)])
    name = f"exported_{tmp_path.name.replace('-', '_')}"

    def write(body: str) -> ClassifierNetwork:
        (tmp_path / f"{name}.py").write_text(MODEL_FILE.format(number="", body=body), encoding="utf-8")
        all_models.cache_clear()
        torch.manual_seed(0)
        entry = find_model("Exported")
        built: ClassifierNetwork = entry.build(entry.config_class(), vocabulary_size=30, class_count=4)
        return built.eval()

    yield write
    sys.modules.pop(f"textrnn.models.classifiers.{name}", None)
    all_models.cache_clear()


def exported(network: ClassifierNetwork) -> tuple[Graph, float]:
    graph = classifier_graph(network, "Exported")
    return graph, check_classifier(graph, network, "Exported")


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
@pytest.mark.parametrize("body", [LAST, SCRIPTED], ids=["operations", "a scripted loop"])
def test_a_model_that_is_dropped_in_is_exported(dropped_in: Callable[[str], ClassifierNetwork], body: str) -> None:
    assert exported(dropped_in(body))[1] < 1e-4


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (SUM_OF_STEPS, r"it fails on texts of the shape \(1, 1\) \(.*\)"),
        (LENGTH, r"it fails on texts of the shape .*"),
    ],
    ids=["a loop over time", "a batch that is counted"],
)
def test_what_a_trace_freezes_is_found_out(
    dropped_in: Callable[[str], ClassifierNetwork], body: str, reason: str
) -> None:
    with pytest.raises(ArtifactError) as caught:
        exported(dropped_in(body))
    message = str(caught.value)
    assert message.startswith("Exported: its ONNX graph does not answer as the network does: ")
    assert message.endswith("expected a model that does the same operations for every text: see docs/onnx.md")
    assert "\n" not in message


def test_an_operation_that_onnx_has_not(
    dropped_in: Callable[[str], ClassifierNetwork], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ArtifactError) as caught:
        exported(dropped_in(FOURIER))
    message = str(caught.value)
    assert message.startswith("Exported: cannot be written as an ONNX graph (")
    assert message.endswith(
        "expected a model made of operations that ONNX has, and of no loop that depends on the text: see docs/onnx.md"
    )
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")  # nothing of torch's exporter reaches the terminal


def test_a_network_that_no_file_holds(
    monkeypatch: pytest.MonkeyPatch, dropped_in: Callable[[str], ClassifierNetwork]
) -> None:
    monkeypatch.setattr("textrnn.export.graph.MOST_BYTES", 100)
    with pytest.raises(
        ArtifactError, match=r"^Exported: 0.0 GB of weights; expected 2 GB at most, which is all that an ONNX"
    ):
        exported(dropped_in(LAST))
