"""Tables and plots of the memory experiments: the right numbers, whatever the sizes."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from xml.etree import ElementTree

import pytest

from textrnn.evaluation.records import CURVE_COLUMNS, Training
from textrnn.report import memory


def training(length: int, seed: int, test: float, *, looks: int = 4, highest: float = 2.9) -> Training:
    curve = [
        {"step": 10.0 * k, "epoch": k, "seconds": k / 2, "train_loss": highest / k, "dev_loss": highest / k + 0.1,
         "dev_accuracy": 0.1 * k}
        for k in range(1, looks + 1)
    ]  # fmt: skip
    return Training("LSTM", length, seed, 0.02, test + 0.01, test, 2.0, 10 * looks, 10 * looks, curve)


def texts_of(svg: bytes) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_table_by_hand() -> None:
    found = {"A": [training(10, 0, 0.9), training(10, 1, 0.7), training(20, 0, 0.5)], "B": [training(20, 0, 1.0)]}
    assert memory.accuracy_table(found) == [
        ["test accuracy", "length 10", "length 20", "seconds each"],
        ["A", "0.800 ± 0.141", "0.500", "2.0"],
        ["B", "", "1.000", "2.0"],
    ]


def test_longer_table_by_hand() -> None:
    runs = [
        dataclasses.replace(
            training(10, seed, test), test_whole=0.5, longer={"20": test / 2}, longer_whole={"20": whole}
        )
        for seed, test, whole in ((0, 0.9, 0.2), (1, 0.7, 0.4))
    ]
    assert memory.longer_table({"A": runs}, (2.0,), whole=True) == [
        ["on longer sequences", "as learnt", "2 times"],
        ["A, length 10", "0.800 ± 0.141 (0.500)", "0.400 ± 0.071 (0.300)"],
    ]
    alone = memory.longer_table({"A": runs[:1]}, (2.0,), whole=False)
    assert alone[1] == ["A, length 10", "0.900", "0.450"]
    files = memory.plot_longer({"A": runs}, chance=0.1, title="x", tokens="digits in a sequence")
    assert {"A", "chance", "20", "digits in a sequence"} <= set(texts_of(files["longer.svg"]))
    older = [runs[0], training(10, 1, 0.7)]  # as one that was stopped before there were longer sequences left it
    assert memory.longer_table({"A": older}, (2.0,), whole=False)[1] == ["A, length 10", "0.800 ± 0.141"]


def test_history_has_every_look() -> None:
    rows = list(csv.DictReader(io.StringIO(memory.curves_csv([training(10, 0, 0.9), training(20, 3, 0.8, looks=2)]))))
    assert [(row["length"], row["seed"], row["step"]) for row in rows] == [
        ("10", "0", "10"), ("10", "0", "20"), ("10", "0", "30"), ("10", "0", "40"), ("20", "3", "10"), ("20", "3", "20")
    ]  # fmt: skip
    assert set(CURVE_COLUMNS) < set(rows[0])


def test_plots_are_the_same_each_time() -> None:
    found = {"SRN": [training(10, 0, 0.4), training(100, 0, 0.1)], "LSTM": [training(10, 0, 1.0)]}
    first, second = (memory.plot_accuracy(found, constant=("always 9", {10: 0.1}), title="DigitSum") for _ in range(2))
    assert first == second
    assert first["accuracy.png"].startswith(b"\x89PNG")
    shown = texts_of(first["accuracy.svg"])
    assert {"SRN, test", "LSTM, dev", "always 9", "digits in a sequence"} <= set(shown)
    assert {"10", "100"} <= set(shown)
    by_length = memory.plot_accuracy(found, constant=("always 9", {10: 0.1, 100: 0.3}), title="DigitSum")
    assert by_length["accuracy.svg"] != first["accuracy.svg"]


def test_loss_panels_show_the_highest_loss_and_mean_accuracies() -> None:
    panels = {
        "length 10": [training(10, 0, 0.9), training(10, 1, 0.7)],
        "length 20": [training(20, 0, 0.5, highest=9.0)],
    }
    shown = texts_of(memory.plot_losses(panels, title="losses")["losses.svg"])
    assert {"length 10: test 0.80 ± 0.14", "length 20: test 0.50"} <= set(shown)
    assert "8" in shown  # the axis reaches the highest dev loss


def test_losses_of_a_run_that_diverged_at_once() -> None:
    empty = Training("SRN", 10, 0, 0.1, 0.01, 0.01, 0.0, 3, 0, [])
    assert "rate 0.1: test 0.01" in texts_of(memory.plot_losses({"rate 0.1": [empty]}, title="x")["losses.svg"])


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [5.0], [math.nan, 1e30, 1e-9], [math.nan]])
def test_gradients_have_plain_tick_labels(values: list[float]) -> None:
    runs = {"without clipping": {"W": values, "U": values}}
    files = memory.plot_gradients(runs, {"without clipping": "0.05"}, {"without clipping": 20.0}, title="x")
    assert not [text for text in texts_of(files["gradients.svg"]) if "mathdefault" in text]


def test_one_evaluation_is_a_point_that_can_be_seen() -> None:
    once, often = training(10, 0, 0.9, looks=1), training(10, 0, 0.9, looks=9)
    for panels, marked in (({"length 10": [once]}, True), ({"length 10": [often]}, False)):
        assert marks_in(memory.plot_losses(panels, title="x")["losses.svg"]) == (2 if marked else 0)
    curves = {"with": [{"step": 1.0, "train_loss": 2.0, "dev_loss": 2.1}]}
    assert marks_in(memory.plot_dev_losses(curves, title="x")["layer_norm.svg"]) == 2


def marks_in(svg: bytes) -> int:
    """Single points inside the axes: a <use> that is no tick, as matplotlib writes ticks within their axis."""
    space = "{http://www.w3.org/2000/svg}"
    found = 0
    for group in ElementTree.fromstring(svg).iter(f"{space}g"):
        if group.get("clip-path"):
            found += len(group.findall(f"{space}use"))
    return found


def test_the_line_of_the_clipping_is_in_the_legend() -> None:
    runs = {"without clipping": {"W": [1.0, 2.0]}, "clipped at 1": {"W": [1.0, 2.0]}}
    found = {"without clipping": "0.05", "clipped at 1": "0.38"}
    shown = texts_of(memory.plot_gradients(runs, found, {"clipped at 1": 1.0}, title="x")["gradients.svg"])
    assert shown.count("clipping threshold") == 1
    assert "clipping threshold" not in texts_of(memory.plot_gradients(runs, found, {}, title="x")["gradients.svg"])


def test_times_and_paddings() -> None:
    rows = [("LSTM (8, 20, 32, 32)\nforward", {"written out": 1e-3, "PyTorch": 5e-4})]
    assert {"written out", "PyTorch"} <= set(texts_of(memory.plot_times(rows, title="x")["speed.svg"]))
    accuracies = {"last token": {"RNN": {24: 0.5, 48: 0.4}}}
    assert "RNN" in texts_of(memory.plot_padding(accuracies, chance=0.1, title="新闻")["padding.svg"])
    curve = [{"step": 1.0, "train_loss": 2.0, "dev_loss": 2.1}, {"step": 2.0, "train_loss": 1.0, "dev_loss": 1.5}]
    assert "with" in texts_of(memory.plot_dev_losses({"with": curve}, title="x")["layer_norm.svg"])
