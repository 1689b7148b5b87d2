"""``--export``: what it says, what it writes, and what it refuses."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import TINY, Result, error_of, run_in
from textrnn.export import packages

FILES = {"model.onnx", "vocabulary.json", "config.json", "example.py"}


def test_a_classifier_is_exported(trained_classifier: Path, capfd: pytest.CaptureFixture[str]) -> None:
    place = trained_classifier.parents[2]
    done = run_in(place, "--dataset", "./小数据", "--export", "onnx", "--int8")
    assert (done.status, done.err) == (0, "")
    assert capfd.readouterr() == ("", "")  # nothing past Python either
    written, in_8_bits, saved, *_ = done.out.splitlines()
    assert re.fullmatch(
        r"model\.onnx: 0\.0\d MB; checked with onnxruntime: its logits differ from the network's by \de-0[5-9] at most",
        re.sub(r"\d\.(?=\de-)", "", written),
    )
    assert re.fullmatch(
        r"model\.int8\.onnx: 0\.0\d MB, \d+% of fp32(, which is larger)?; accuracy [01]\.\d{4} \(fp32 [01]\.\d{4}\) on 30 "
        r"test texts; [\d,]+ texts/s, \d+\.\d\d times fp32(, which is slower)?",
        in_8_bits,
    )
    folder = Path("saved_dict/小数据/LSTM/onnx")
    assert saved == f"saved in {folder}. Try it (it needs onnxruntime and numpy, no textrnn and no PyTorch):"
    there = {path.name for path in (place / folder).iterdir()}
    assert there == FILES | {"labels.json", "model.int8.onnx"}

    again = run_in(place, "--dataset", "./小数据", "--export", "onnx")
    assert (again.status, again.err) == (0, "")
    assert {path.name for path in (place / folder).iterdir()} == FILES | {"labels.json"}  # nothing of before is left


def test_a_language_model_is_exported(trained_language_model: Path) -> None:
    place = trained_language_model.parents[2]
    done = run_in(place, "--task", "lm", "--corpus", "我的.txt", "--export", "onnx", "--output", "there", "--int8")
    assert (done.status, done.err) == (0, "")
    assert re.search(r"; nats a character \d\.\d{4} \(fp32 \d\.\d{4}\) on [\d,]+ held-out characters; ", done.out)
    assert "saved in there. Try it" in done.out
    assert {path.name for path in (place / "there").iterdir()} == FILES | {"model.int8.onnx"}
    answered = run_in(place, *TINY[:2], "--corpus", "我的.txt", "--predict", "the")  # its own folder is as it was
    assert answered.status == 0


def test_data_that_is_gone(trained_classifier: Path) -> None:
    place = trained_classifier.parents[2]
    for path in (place / "小数据").iterdir():
        path.unlink()
    done = run_in(place, "--save-dir", trained_classifier, "--export", "onnx", "--int8")
    assert done.status == 0
    assert "its accuracy was not measured" in done.out
    assert re.fullmatch(r"note: what 8 bits cost was not measured: .*小数据: .*; expected .*\n", done.err)
    assert (trained_classifier / "onnx" / "model.int8.onnx").is_file()


def test_data_that_was_edited(trained_classifier: Path) -> None:
    place = trained_classifier.parents[2]
    with open(place / "小数据" / "train.txt", "a", encoding="utf-8") as file:
        file.write("山山\t山水\n")
    done = run_in(place, "--save-dir", trained_classifier, "--export", "onnx", "--int8")
    assert done.status == 0
    assert done.err == "note: what 8 bits cost was not measured: the data is not here any more\n"  # nor where it was


def test_a_graph_that_cannot_be_rounded(trained_classifier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(content: bytes) -> bytes:
        raise RuntimeError("no such\noperator")

    monkeypatch.setattr("textrnn.tasks.export.quantised", fail)
    done = run_in(trained_classifier.parents[2], "--save-dir", trained_classifier, "--export", "onnx", "--int8")
    assert error_of(done) == (
        "--int8: onnxruntime makes no graph of 8 bits of this model (no such operator); expected one that it can: leave out "
        "--int8 to export it in fp32"
    )
    assert not (trained_classifier / "onnx").exists()


@pytest.mark.parametrize("task", [[], ["--task", "lm"]], ids=["classify", "lm"])
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--export", "other"], "--export other: no such format; expected onnx"),
        (["--export", "onxn"], "--export onxn: no such format; expected onnx; did you mean onnx?"),
        (["--int8"], "--int8: belongs to --export; expected --export onnx beside it"),
        (["--export", "onnx", "--output", "a_file"],
         "--output a_file: a file; expected a folder, which need not be there yet"),
        (["--export", "onnx", "--output", "a_model"],
         "--output a_model: a model stands there, whose config.json would be lost; expected another folder, such as "
         f"{Path('a_model/onnx')}"),
    ],
)  # fmt: skip
def test_what_is_refused(
    run: Callable[..., Result], tmp_path: Path, task: list[str], flags: list[str], message: str
) -> None:
    (tmp_path / "a_file").write_text("", encoding="utf-8")
    (tmp_path / "a_model").mkdir()
    (tmp_path / "a_model" / "model.safetensors").write_bytes(b"")
    assert error_of(run(*task, *flags)) == message
    assert not (tmp_path / "saved_dict").exists()  # nothing was trained for it


def test_what_does_not_stand_beside_it(run: Callable[..., Result]) -> None:
    beside = ["--export", "onnx", "--predict", "a"]
    assert error_of(run(*beside)) == "--predict: cannot stand beside --export; expected one of them"
    assert error_of(run("--task", "lm", *beside)) == "--predict: cannot stand beside --export; expected one of them"
    assert (
        error_of(run("--task", "lm", "--output", "x"))
        == "--output: belongs to --export; expected --export onnx beside it"
    )


@pytest.mark.parametrize("missing", packages.PACKAGES)
def test_a_package_that_is_not_here(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    assert error_of(run("--export", "onnx")) == (
        f"--export: takes the package {missing}; expected it installed: `pip install onnx onnxruntime`"
    )
