"""``--task memory`` end to end: what is printed, what is left behind, what is refused."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.commands import (
    MEMORY,
    MEMORY_ROOT,
    SMALL_MEMORY,
    Result,
    error_of,
    metrics_of,
    undrawn_gates,
    without_seconds,
)
from textrnn.errors import TrainingError
from textrnn.tasks.memory import speed
from textrnn.tasks.memory.experiments import run as run_experiment
from textrnn.tasks.memory.registry import all_problems
from textrnn.tasks.memory.request import MemoryRequest
from textrnn.tasks.memory.training import Bench
from textrnn.training.events import Listener

Run = Callable[..., Result]
ROOT = MEMORY_ROOT
SMALL = SMALL_MEMORY
CHANCE = all_problems()["digit-sum"].chance


def test_lengths_of_one_model(run: Run) -> None:
    result = run(*MEMORY, "--model", "lstm", "--lengths", 3, 6, *SMALL)
    assert result.status == 0, result.err
    folder = ROOT / "lengths_LSTM"
    assert {path.name for path in folder.iterdir()} == {
        "run.toml", "metrics.json", "history.csv", "section.html", "accuracy.png", "accuracy.svg", "losses.png", "losses.svg",
        ".lock",
    }  # fmt: skip
    metrics = metrics_of("lengths_LSTM")
    assert {name: metrics[name] for name in ("task", "experiment", "model", "recipe", "seeds")} == {
        "task": "memory", "experiment": "lengths", "model": "LSTM", "recipe": "default", "seeds": [0]
    }  # fmt: skip
    assert list(metrics["lengths"]) == ["3", "6"]
    for figures in metrics["lengths"].values():
        assert {"dev", "test", "seconds"} <= set(figures)
        assert 0 <= figures["test"] <= 1
    assert "test accuracy  length 3  length 6  seconds each" in result.out
    assert "saved in saved_dict/memory/lengths_LSTM; all experiments are shown in saved_dict/memory/report.html" in (
        result.out
    )
    assert sorted(path.name for path in Path("data/digit_sum/6").iterdir()) == ["dev.txt", "test.txt", "train.txt"]
    with open(folder / "history.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows if row["length"] == "6"] == [5, 10, 15, 20]
    assert not (folder / "unfinished.json").exists()


def test_several_models_and_seeds(run: Run) -> None:
    result = run(*MEMORY, "--model", "SRN", "ResidualSRN", "LSTM", "--lengths", 4, "--seeds", 3, *SMALL)
    assert result.status == 0, result.err
    together = metrics_of("lengths_SRN+ResidualSRN+LSTM")
    assert list(together["models"]) == ["SRN", "ResidualSRN", "LSTM"]
    for model in together["models"]:
        figures = metrics_of(f"lengths_{model}")["lengths"]["4"]
        assert figures == together["models"][model]["lengths"]["4"]
        tests = [one["test"] for one in figures["runs"]]
        assert [one["seed"] for one in figures["runs"]] == [0, 1, 2]
        assert figures["test"] == pytest.approx(statistics.mean(tests))
        assert figures["test_spread"] == pytest.approx(statistics.stdev(tests))
        assert not (ROOT / f"lengths_{model}" / "section.html").exists()
    assert " ± " in result.out
    page = (ROOT / "report.html").read_text(encoding="utf-8")
    assert "<h2>lengths: SRN, ResidualSRN, LSTM</h2>" in page
    assert page.count('<img alt="') == 4  # accuracies of all, losses of each
    assert {path.name for path in Path("data/digit_sum/4").iterdir() if path.is_dir()} == {"seed_1", "seed_2"}


def test_the_same_seed_gives_the_same_figures(run: Run) -> None:
    found = []
    for _ in range(2):
        assert run(*MEMORY, "--lengths", 5, "--seed", 4, *SMALL).status == 0
        found.append(without_seconds(metrics_of("lengths_LSTM")))
    assert found[0] == found[1]
    assert found[0]["lengths"]["5"]["runs"][0]["seed"] == 4


def test_an_lstm_remembers_what_it_should(run: Run) -> None:
    """A short training of the default recipe is far above chance."""
    assert run(*MEMORY, "--lengths", 6, "--epochs", 60).status == 0
    assert metrics_of("lengths_LSTM")["lengths"]["6"]["test"] > 0.6


def test_learning_rates(run: Run) -> None:
    result = run(*MEMORY, "--experiment", "learning-rates", "--model", "SRN", "--lengths", 3, 5, *SMALL)
    assert result.status == 0, result.err
    metrics = metrics_of("learning-rates_SRN")
    assert list(metrics["learning_rates"]) == ["0.1", "0.01", "0.001", "0.0001"]
    for length, best in metrics["lengths"].items():
        devs = {rate: found["lengths"][length]["dev"] for rate, found in metrics["learning_rates"].items()}
        assert best["dev"] == max(devs.values()) == devs[f"{best['learning_rate']:g}"]


def test_explosion(run: Run) -> None:
    result = run(*MEMORY, "--experiment", "explosion")
    assert result.status == 0, result.err
    metrics = metrics_of("explosion_SRN")
    assert metrics["clip_norm"] == 20
    assert list(metrics["runs"]) == ["unclipped", "clipped", "clipped_tightly"]
    assert metrics["settings"]["training"]["learning_rate"] == 0.2
    assert metrics["settings"]["training"]["summed_loss"]
    unclipped, clipped, tightly = metrics["runs"].values()
    for found in metrics["runs"].values():
        assert found["steps"] == 250
        assert {name: len(values) for name, values in found["gradient_norm"].items()} == {"W": 250, "U": 250, "b": 250}
    # Without clipping, the gradient rises to thousands and is next to nothing for most of the time.
    assert unclipped["largest_gradient_norm"] > 500
    assert unclipped["median_gradient_norm"] < 1
    assert unclipped["test_accuracy"] < 1.5 * CHANCE
    assert clipped["median_gradient_norm"] > unclipped["median_gradient_norm"]
    assert clipped["train_loss"] < unclipped["train_loss"]
    # Clipped tightly, the network learns.
    assert tightly["test_accuracy"] > 1.5 * CHANCE
    assert tightly["train_loss"] < 2.5


def test_several_models_explode_apart(run: Run) -> None:
    settings = ["--epochs", 1, "--hidden-size", 4, "--lengths", 5]
    result = run(*MEMORY, "--experiment", "explosion", "--model", "SRN", "LSTM", *settings)
    assert "saved in saved_dict/memory/explosion_SRN, saved_dict/memory/explosion_LSTM; all" in result.out
    assert sorted(path.name for path in ROOT.iterdir() if path.is_dir()) == ["explosion_LSTM", "explosion_SRN"]


def test_gradient_norms_against_autograd() -> None:
    from textrnn.models.registry import find_model
    from textrnn.tasks.memory.explosion import GradientNorms

    entry = find_model("LSTM", "memory")
    torch.manual_seed(0)
    network = entry.build(entry.config_class(hidden_size=4), vocabulary_size=10, class_count=19, sequence_length=5)
    norms = GradientNorms()
    norms.watch(network)
    expected: list[float] = []
    for _ in range(2):
        network.zero_grad()
        network(torch.randint(0, 10, (6, 5))).square().sum().backward()
        of_u = [p.grad.flatten() for name, p in network.cell.named_parameters() if name.startswith("U")]
        expected.append(float(torch.cat(of_u).norm()))
    assert norms.norms("U") == pytest.approx(expected, rel=1e-5)


def test_a_loss_that_is_no_number_ends_the_run(run: Run) -> None:
    result = run(*MEMORY, "--experiment", "explosion", "--lengths", 5, "--learning-rate", "1e30", "--epochs", 4)
    assert result.status == 0, result.err
    found = metrics_of("explosion_SRN")["runs"]["unclipped"]
    assert "the loss is" in found["diverged"] or "the dev loss is" in found["diverged"]
    assert found["test_accuracy_of_best_dev"] is None
    assert found["train_loss"] is None  # nothing is made up where nothing was seen
    assert "diverged" in result.out
    assert "NaN" not in (ROOT / "explosion_SRN" / "metrics.json").read_text(encoding="utf-8")


def test_lack_of_memory_is_no_explosion(in_folder: Callable[[], Path]) -> None:
    class Exhausted(Listener):
        def on_step(self, step: int, loss: float) -> None:
            raise RuntimeError("CUDA out of memory. Tried to allocate")

    in_folder()
    with pytest.raises(TrainingError, match=r"^training: out of memory"):
        run_experiment(MemoryRequest("explosion"), Exhausted())


def test_a_learning_rate_that_diverges_is_a_result(run: Run) -> None:
    settings = ["--optimizer", "sgd", "--clip-norm", 0, "--summed-loss", "--epochs", 20, "--hidden-size", 16]
    result = run(*MEMORY, "--experiment", "learning-rates", "--model", "ResidualSRN", "--lengths", 30, *settings)
    assert result.status == 0, result.err
    assert "ResidualSRN, length 30, seed 0, learning rate 0.1: diverged (" in result.out
    alone = run(*MEMORY, "--model", "ResidualSRN", "--lengths", 30, *settings, "--learning-rate", 0.1)
    assert error_of(alone).startswith("ResidualSRN, length 30, seed 0, learning rate 0.1: training: the ")


def test_speed(in_folder: Callable[[], Path]) -> None:
    in_folder()
    request = MemoryRequest("speed", models=("SRN", "ResidualSRN", "LSTM"))
    with Bench(request, Listener()) as bench:
        speed.run(request, bench, shapes=((2, 3, 4, 5),), seconds=0.001)
    measured = metrics_of("speed_SRN+ResidualSRN+LSTM")["measured"]
    assert [(row["model"], row["way"]) for row in measured] == [
        (model, way) for model in ("SRN", "ResidualSRN", "LSTM") for way in ("forward", "forward_backward")
    ]
    for row in measured:
        assert ("PyTorch" in row["seconds"]) == (row["model"] != "ResidualSRN")  # PyTorch has no such layer
        for other, ratio in row["ratio"].items():
            assert ratio == pytest.approx(row["seconds"]["written out"] / row["seconds"][other])


def test_normalisation(run: Run, small_dataset: Path) -> None:
    training = ["--epochs", 12, "--batch-size", 16]
    result = run(*MEMORY, "--experiment", "normalisation", "--dataset", small_dataset, "--lengths", 12, 120, *training)
    assert result.status == 0, result.err
    metrics = metrics_of("normalisation_BiLSTM_LN+LSTM+RNN")
    assert metrics["dataset"] == "小数据"
    assert set(metrics["layer_normalisation"]) == {"with", "without"}
    padding = metrics["padding"]
    assert {reading: list(found) for reading, found in padding.items()} == {
        "padded": ["RNN", "LSTM"], "proper": ["RNN", "LSTM"]
    }  # fmt: skip
    # Read after 110 steps of padding, a simple recurrent network has forgotten the text; read properly, it has not.
    assert padding["proper"]["RNN"]["120"]["test"] > padding["padded"]["RNN"]["120"]["test"] + 0.2
    assert "小数据" in (ROOT / "report.html").read_text(encoding="utf-8")


def test_padded_texts() -> None:
    from textrnn.corpus.batches import LabelledTexts
    from textrnn.corpus.vocab import EncodedTexts
    from textrnn.tasks.memory.normalisation import PaddedTexts

    plain = LabelledTexts.from_encoded(
        EncodedTexts(np.array([2, 3, 4, 5, 6], dtype=np.int32), np.array([0, 2, 5]), 0, 0), [0, 1]
    )
    for reads_padding, lengths in ((True, [6, 6]), (False, [3, 2])):
        texts = PaddedTexts(
            plain.token_ids, plain.starts, plain.lengths, plain.labels, width=6, reads_padding=reads_padding
        )
        batch = texts.batch(torch.tensor([1, 0]))
        assert batch.token_ids.tolist() == [[4, 5, 6, 0, 0, 0], [2, 3, 0, 0, 0, 0]]
        assert batch.lengths.tolist() == lengths
        assert batch.labels.tolist() == [1, 0]


@undrawn_gates()
def test_one_page_for_all_experiments(run: Run) -> None:
    assert run(*MEMORY, "--lengths", 3, *SMALL).status == 0
    assert run(*MEMORY, "--experiment", "gates", *SMALL).status == 0
    page = (ROOT / "report.html").read_text(encoding="utf-8")
    assert page.index("<h2>lengths: LSTM</h2>") < page.index("<h2>gates: LSTM</h2>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lengths", 2], "--lengths 2: expected at least 3, the two digits to add and one more"),
        (["--lengths", 5, 5], "--lengths: 5 named twice; expected each once"),
        (["--variants", 0], "--variants 0: must be at least 1"),
        (["--seeds", 0], "--seeds 0: must be at least 1 and at most 1000"),
        (["--model", "XYZ"], "--model XYZ: no such model; expected one of GatedDeltaNet, GatedDeltaNetSigned, GRU, IndRNN, LSTM, "
         "minGRU, minLSTM, mLSTM, QRNN, ResidualSRN, RGLRU, sLSTM, SRN"),
        (["--model", "SRN", "srn"], "--model: SRN named twice; expected each once"),
        (["--recipe", "book"], "--recipe book: no such recipe; expected one of default, textbook; did you mean textbook?"),
        (["--experiment", "gate"], "--experiment gate: no such experiment; expected one of lengths, learning-rates, "
         "explosion, gates, speed, normalisation, suite; did you mean gates?"),
        (["--experiment", "gates", "--model", "SRN"], "--model SRN: its cell has no gates to draw; expected --model LSTM"),
        (["--experiment", "gates", "--digits", 6, 70, -1], "--digits: 70, -1; expected digits from 0 to 9, separated by "
         "spaces"),
        (["--experiment", "gates", "--digits", 6, 7], "--digits: 2 of them; expected at least 3, the two digits to add and "
         "one more"),
        (["--problem", "digit-some"], "--problem digit-some: no such problem; expected one of "
         f"{', '.join(all_problems())}; did you mean digit-sum?"),
        (["--problem", "party"], f"--problem party: no such problem; expected one of {', '.join(all_problems())}; did you "
         "mean parity?"),
        (["--problem", "copy", "--lengths", 1], "--lengths 1: expected at least 2, a symbol and the question for it"),
        (["--experiment", "speed", "--problem", "digit-sum"], "--problem: of no use to the speed experiment; expected with "
         "lengths, learning-rates, gates"),
        (["--digits", 6, 7, 0], "--digits: of no use to the lengths experiment; expected with gates"),
        (["--experiment", "speed", "--lengths", 10], "--lengths: of no use to the speed experiment; expected with "
         "lengths, learning-rates, explosion, gates, normalisation, suite"),
        (["--experiment", "normalisation", "--model", "LSTM"], "--model: of no use to the normalisation experiment; "
         "expected with lengths, learning-rates, explosion, gates, speed"),
        (["--experiment", "normalisation", "--lengths", 4], "--lengths 4: expected at least 8, tokens of a padded text"),
        (["--experiment", "explosion", "--lengths", 10, 20], "--lengths 10 20: the explosion experiment takes one "
         "length"),
        (["--experiment", "explosion", "--clip-norm", 0], "--clip-norm 0: the explosion experiment compares with "
         "clipping; expected a norm above 0"),
        (["--lengths", 10**20], f"--lengths {10**20}: must be at most 1000000"),
        (["--lengths", 3.5], "'3.5': expected whole numbers, separated by spaces"),
        (["--experiment", "gates", "--digits", "6,7,0"], "'6,7,0': expected whole numbers, separated by spaces"),
        (["--variants", 10**7], f"--variants {10**7}: must be at most 100000"),
        (["--seed", 2**63 - 1, "--seeds", 2], f"--seed {2**63}: must be at most {2**63 - 1}"),
        (["--experiment", "speed", "--hidden-size", 9], "--hidden-size: of no use to the speed experiment; leave it out"),
        (["--experiment", "normalisation", "--shuffle"], "--shuffle: of no use to the normalisation experiment; leave it "
         "out"),
        (["--experiment", "learning-rates", "--learning-rate", 0.5], "--learning-rate: of no use to the learning-rates "
         "experiment; leave it out"),
        (["--experiment", "gates", "--resume"], "--resume: of no use to the gates experiment, which starts over; expected "
         "with lengths, learning-rates, suite"),
        (["--predict", "x"], "--predict: no such flag; did you mean --recipe?; see --help"),
        (["--task", "memry"], "--task memry: expected one of classify, lm, memory; did you mean memory?"),
        (["--num-filters", 2], "--num-filters: no such flag; did you mean --num-layers?; see --help"),
    ],
)  # fmt: skip
def test_bad_usage(run: Run, arguments: list[object], message: str) -> None:
    assert error_of(run(*MEMORY, *arguments)) == message
    assert not ROOT.exists()
