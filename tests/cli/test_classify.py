"""The commands end to end, in this process where that is enough, in their own where a kill or a pipe is the point."""

from __future__ import annotations

import io
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from tests.commands import SLOWED, SMALL, Result, command, error_of
from tests.factories import small_rows, write_rows
from textrnn.cli.flags import flagged
from textrnn.config import Run
from textrnn.corpus.readers import read_rows
from textrnn.errors import TrainingError
from textrnn.models.registry import all_models
from textrnn.saved.classifier import load_classifier
from textrnn.tasks.classify import train
from textrnn.training.events import Listener


def test_what_training_says_and_leaves(
    classifier_training: tuple[Path, Result], trained_classifier: Path, small_dataset: Path
) -> None:
    result, folder = classifier_training[1], trained_classifier
    assert result.status == 0, result.err
    for part in (
        "3 classes; 120 training, 30 dev, 30 test texts",
        "true \\ predicted",
        "macro mean",
        "saved in saved_dict",
    ):
        assert part in result.out
    assert {file.name for file in folder.iterdir() if not file.name.startswith(".")} == {
        *(
            "model.safetensors",
            "config.json",
            "vocab.json",
            "labels.json",
            "metrics.json",
            "history.csv",
            "errors.csv",
            "report.html",
            "inside.html",
            "run.toml",
        ),
        *(f"{stem}.{end}" for stem in ("curves", "confusion_counts", "confusion_normalised") for end in ("png", "svg")),
    }
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["task"] == "classify"
    assert (metrics["model"], metrics["dataset"], metrics["seed"]) == ("LSTM", "小数据", 0)
    assert set(metrics["train"]) == {"seconds", "epochs", "examples", "examples_per_second"}
    assert metrics["test"]["accuracy"] > 0.8
    rows = read_rows(small_dataset / "test.txt")
    classifier = load_classifier(folder)
    predicted = classifier.predict_probabilities(rows.texts).argmax(axis=1)
    truth = [classifier.class_names.index(label) for label in rows.labels]
    np.testing.assert_array_equal(
        metrics["test"]["confusion_matrix"], confusion_matrix(truth, predicted, labels=[0, 1, 2])
    )


@pytest.mark.usefixtures("trained_classifier")
def test_predict(run: Callable[..., Result], small_dataset: Path) -> None:
    texts = ["猫和狗在中国", "", "😀🎉", "猫" * 100_000]
    answer = run("--dataset", small_dataset, "--model", "LSTM", "--predict", *texts, "--top-k", "2")
    assert answer.status == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0] == "猫和狗在中国"
    assert lines[1].split()[0] == "猫狗"
    assert len(lines[1].split()) == 4
    assert lines[2] == "(empty)"
    assert "note: the text is empty; the answer is a guess" in answer.out
    assert "note: the model knows none of these tokens; the answer is a guess" in answer.out
    assert "a long text" not in answer.out  # it is read to its end


def test_two_runs_with_one_seed_agree(run: Callable[..., Result], small_dataset: Path) -> None:
    seen = []
    for folder in ("a", "b"):
        assert run("--dataset", small_dataset, *SMALL[:-1], "--epochs", "3", "--save-dir", folder).status == 0
        kept = Path(folder) / "小数据" / "LSTM"
        metrics = json.loads((kept / "metrics.json").read_text(encoding="utf-8"))
        for part, key in (("train", "seconds"), ("train", "examples_per_second"), ("baseline", "seconds")):
            metrics[part].pop(key)
        seen.append((metrics, (kept / "model.safetensors").read_bytes()))
    assert seen[0] == seen[1]


def test_predict_trains_first_where_nothing_is_saved(run: Callable[..., Result], small_dataset: Path) -> None:
    result = run("--dataset", small_dataset, "--model", "RNN", "--epochs", "1", *SMALL, "--predict", "猫狗")
    assert result.status == 0
    assert "no saved model in saved_dict/小数据/RNN: training it first" in result.err
    assert result.out.splitlines()[0] == "猫狗"
    again = run("--dataset", small_dataset, "--model", "RNN", "--hidden-size", "99", "--predict", "猫狗")
    assert "training it first" not in again.err
    assert (
        "note: of the saved model, --hidden-size was 12, now 99; that takes effect when it is trained again"
        in again.err
    )


@pytest.mark.usefixtures("trained_classifier")
def test_predict_from_stdin(run: Callable[..., Result], small_dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in ("山水\r\n一二\n".encode(), "山水\n一二".encode("gb18030"), "\ufeff山水\n一二".encode()):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))
        result = run("--dataset", small_dataset, "--predict", "-")
        assert result.out.splitlines()[::2] == ["山水", "一二"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ok\n" * 20 + b"\xff\n")))
    result = run("--dataset", small_dataset, "--predict", "-")
    assert len(result.out.splitlines()) >= 42
    assert "note: stdin: read as UTF-8; bytes that cannot be decoded on line 21 are replaced\n" in result.err
    monkeypatch.setattr(sys, "stdin", None)
    assert error_of(run("--dataset", small_dataset, "--predict", "-")) == (
        "--predict -: no line on stdin; expected one text a line"
    )


@pytest.mark.usefixtures("trained_classifier")
def test_texts_that_look_like_flags(run: Callable[..., Result], small_dataset: Path) -> None:
    result = run("--predict", "-山", "山", "--dataset", small_dataset, "--predict=-水", "--predict", "--", "--epochs")
    assert result.out.splitlines()[::2][:3] == ["-山", "山", "-水"]
    assert "--epochs" in result.out
    assert error_of(run("--predict")).startswith("--predict: no text after it; expected --predict TEXT")
    assert error_of(run("--predict", "a", "--hiden-size", "3")) == (
        "--hiden-size: no such flag; did you mean --hidden-size?; see --help"
    )


def test_a_moved_model_folder_predicts(run: Callable[..., Result], trained_classifier: Path, tmp_path: Path) -> None:
    shutil.move(trained_classifier, tmp_path / "elsewhere")
    result = run("--save-dir", tmp_path / "elsewhere", "--predict", "猫狗")
    assert result.status == 0
    assert "training it first" not in result.err
    assert not Path("saved_dict/headlines").exists()


def test_out_of_memory(small_dataset: Path) -> None:
    class Exhausted(Listener):
        def on_step(self, step: int, loss: float) -> None:
            raise RuntimeError(
                "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
            )

    with pytest.raises(TrainingError) as caught:
        train(Run("classify", named={"dataset": str(small_dataset)}), Exhausted())
    assert flagged(str(caught.value)) == (
        "training: out of memory ([enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 "
        "bytes); expected room for a batch: try a smaller --batch-size, --pad-size or --hidden-size"
    )


def test_what_a_reader_should_not_overlook(run: Callable[..., Result], small_dataset: Path) -> None:
    result = run("--dataset", small_dataset, *SMALL[:-1], "--learning-rate", "1e-9", "--epochs", "1", "--pad-size", "4")
    assert "of 120 training texts are longer than 4 tokens; the rest of them" in result.out
    assert "As far as these texts show, it has learnt nothing" in " ".join(result.out.split())
    assert "--pad-size" in result.out.partition("\nNext: ")[2]


def test_a_model_that_will_be_replaced_is_named_before_training(
    run: Callable[..., Result], trained_classifier: Path, small_dataset: Path
) -> None:
    folder = trained_classifier.relative_to(small_dataset.parent)
    accuracy = json.loads((trained_classifier / "metrics.json").read_text(encoding="utf-8"))["test"]["accuracy"]
    made = datetime.fromtimestamp((trained_classifier / "config.json").stat().st_mtime)
    told = run("--dataset", small_dataset, "--epochs", "1", *SMALL).out
    expected = (
        f"note: {folder} holds a model of ./{small_dataset.name} (accuracy {accuracy:.4f}, made {made:%Y-%m-%d %H:%M}); it "
        "will be replaced (another --save-dir keeps both)\n"
    )
    assert expected in told
    assert told.index(expected) < told.index("LSTM: ")
    (trained_classifier / "config.json").write_text("{}", encoding="utf-8")
    again = run("--dataset", small_dataset, "--epochs", "1", *SMALL).out
    assert f"note: {folder} holds a model that cannot be read; it will be replaced" in again


WILD = ["--learning-rate", "50", "--epochs", "4", *SMALL[:4], "--no-baseline"]


def test_a_diverged_run_leaves_no_model(
    run: Callable[..., Result], trained_classifier: Path, small_dataset: Path
) -> None:
    before = {file: file.read_bytes() for file in trained_classifier.iterdir() if file.suffix != ".lock"}
    result = run("--dataset", small_dataset, *WILD, "--quiet")
    message = error_of(result)
    assert re.fullmatch(
        r"training: diverged, the loss rose from 1\.\d\d to \S+, and the best weights have dev loss \S+, where guessing has "
        r"1\.10; expected less than that: try a lower --learning-rate \(nothing was saved\)",
        message,
    )
    assert {file: file.read_bytes() for file in before} == before
    assert not (trained_classifier / "checkpoint.safetensors").exists()
    assert "diverged" in error_of(run("--dataset", small_dataset, *WILD, "--save-dir", "new", "--quiet"))
    assert not list(Path("new").rglob("*.safetensors"))


def test_labels_that_teach_nothing_are_no_divergence(run: Callable[..., Result], tmp_path: Path) -> None:
    generator = random.Random(0)
    rows = [(text, generator.choice("ab")) for text, _ in small_rows(200)]
    path = write_rows(tmp_path / "noise.txt", rows)
    assert run("--dataset", path, "--epochs", "20", *SMALL, "--quiet").status == 0


def test_another_data_set_of_the_same_name_beside_a_model_of_an_earlier_version(
    run: Callable[..., Result], trained_classifier: Path, small_dataset: Path, tmp_path: Path
) -> None:
    kept = json.loads((trained_classifier / "config.json").read_text(encoding="utf-8"))
    del kept["data_identity"]  # it does not know whether that is its data
    (trained_classifier / "config.json").write_text(json.dumps(kept), encoding="utf-8")
    write_rows(tmp_path / "other" / "小数据" / "train.txt", small_rows(30))
    result = run("--dataset", tmp_path / "other" / "小数据", "--predict", "猫")
    assert f"note: the saved model was trained on ./{small_dataset.name}, which is not" in result.err


def test_a_mistyped_command_leaves_nothing_behind(run: Callable[..., Result]) -> None:
    error_of(run("--dataset", "headlins"))
    assert not Path("saved_dict").exists()


def test_too_large_a_model(run: Callable[..., Result], small_dataset: Path) -> None:
    message = error_of(run("--dataset", small_dataset, "--hidden-size", "9" * 12, "--quiet"))
    assert message.startswith("LSTM: cannot be built (")
    assert message.endswith("expected sizes that fit the memory: see --hidden-size, --embedding-size and --num-layers")


def test_a_reader_that_goes_away_does_not_stop_the_work(tmp_path: Path, small_dataset: Path) -> None:
    arguments = ["--dataset", small_dataset, "--epochs", "1", *SMALL, "--quiet", "--save-dir", tmp_path / "s"]
    piped = " ".join(map(shlex.quote, command(*arguments)))
    subprocess.run(f"{piped} | head -1", shell=True, check=True, env=SLOWED, stdout=subprocess.DEVNULL)
    assert (tmp_path / "s" / "小数据" / "LSTM" / "config.json").is_file()


@pytest.mark.parametrize("tokenizer", ["char", "word", "space"])
def test_tokenizers_end_to_end(run: Callable[..., Result], small_dataset: Path, tokenizer: str) -> None:
    result = run("--dataset", small_dataset, "--epochs", "1", "--tokenizer", tokenizer, *SMALL)
    assert result.status == 0
    assert f"entries ({tokenizer})" in result.out


def test_pretrained_vectors_end_to_end(run: Callable[..., Result], small_dataset: Path) -> None:
    characters = sorted({c for text, _ in small_rows(120, 1) for c in text})[:-2]
    lines = [f"{character} {index / 10} 0.5 -0.5" for index, character in enumerate(characters)]
    (small_dataset / "v.vec").write_text("\n".join(lines) + "\n", encoding="utf-8")
    common = [
        "--dataset",
        small_dataset,
        "--epochs",
        "1",
        "--no-baseline",
        "--embedding",
        "pretrained",
        "--freeze-embedding",
    ]
    result = run(*common)
    assert result.status == 0, result.err
    total = len(characters) + 2
    assert (
        f"v.vec (text without a header), size 3; has {len(characters)} of {total} tokens ({len(characters) / total:.2%})"
        in result.out
    )
    classifier = load_classifier(Path("saved_dict/小数据/LSTM"))
    row = classifier.vocabulary.tokens.index(characters[7])
    np.testing.assert_allclose(classifier.network.embedding.table.weight[row].detach(), [0.7, 0.5, -0.5])
    message = error_of(run(*common, "--embedding-size", "50"))
    assert message == (
        f"--embedding-size 50: the vectors in {small_dataset / 'v.vec'} have 3 numbers; "
        "expected --embedding-size 3, or none"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "LTSM"],
         f"--model LTSM: no such model; expected one of {', '.join(all_models())}; did you mean LSTM?"),
        (["--hiden-size", "5"], "--hiden-size: no such flag; did you mean --hidden-size?; see --help"),
        (["--model", "BiLSTM_LN", "--bidirectional"], "--bidirectional: not a setting of BiLSTM_LN; expected one of "
         "--embedding-size, --dropout, --embedding-dropout, --token-dropout, --window, --window-pooling, "
         "--normalise-windows, --max-windows, --max-pairs, --hidden-size, --num-layers, --pooling"),
        (["--epochs", "many"], "argument --epochs: invalid int value: 'many'; see --help"),
        (["--epochs", "0", "--seed", "-1"], "--epochs 0: must be at least 1; --seed -1: must be at least 0"),
        (["--dropout", "1"], "--dropout 1.0: must be below 1.0"),
        (["--tokenizer", "chars"], "--tokenizer chars: expected one of auto, char, word, space, mixed; did you mean char?"),
        (["--top-k", "0"], "--top-k 0: must be at least 1"),
        (["--dataset", "headlins"], "--dataset headlins: no such data set; expected one of headlines, thucnews, or the "
         "path of a folder or file; did you mean headlines?"),
        (["--freeze-embedding"], "--freeze-embedding: random vectors that are never trained teach nothing; expected "
         "--embedding pretrained or PATH with it"),
        (["stray"], "stray: no such flag; put a text that has spaces in quotation marks; see --help"),
        (["--task", "dance"], "--task dance: expected one of classify, lm, memory"),
    ],
)  # fmt: skip
def test_mistakes(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.delenv("TEXTRNN_DATA", raising=False)
    assert error_of(run(*arguments)) == message


def test_batch_larger_than_the_data(run: Callable[..., Result], small_dataset: Path) -> None:
    assert error_of(run("--dataset", small_dataset, "--batch-size", "500")) == (
        "--batch-size 500: the training split has 120 rows, fewer than one batch; expected --batch-size 120 or less, "
        "or more data"
    )


def test_bad_line_is_named(run: Callable[..., Result], small_dataset: Path) -> None:
    with open(small_dataset / "train.txt", "a", encoding="utf-8") as file:
        file.write("没有制表符\n")
    assert error_of(run("--dataset", small_dataset)) == (
        f"{small_dataset / 'train.txt'}:121: no tab in the line: '没有制表符'; expected text and label in each row: put the "
        "separator between the text and its class, or leave such rows out with --on-bad-row skip"
    )


def test_an_own_csv_file(run: Callable[..., Result], tmp_path: Path) -> None:
    rows = "".join(f'{label},"{text}"\n' for text, label in small_rows(90))
    (tmp_path / "我的 评论.csv").write_text("类别,内容\n" + rows, encoding="gb18030")
    result = run("--dataset", tmp_path / "我的 评论.csv", "--epochs", "1", *SMALL)
    assert result.status == 0, result.err
    assert "我的 评论.csv: GB18030, comma, header; text = 内容, label = 类别; 90 rows\n" in result.out
    assert "no dev and no test split there; split at random" in result.out
    assert (Path("saved_dict") / "我的 评论" / "LSTM" / "config.json").is_file()


def test_full_disk_ends_with_one_line(
    run: Callable[..., Result], small_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    message = error_of(run("--dataset", small_dataset, "--epochs", "1", "--quiet", *SMALL))
    assert message.startswith("saved_dict/小数据/LSTM/checkpoint.safetensors: no space left on the disk for ")
    assert message.endswith("choose another disk with --save-dir (what was saved before is untouched)")


@pytest.mark.usefixtures("trained_classifier")
def test_newer_model_folder(run: Callable[..., Result], small_dataset: Path) -> None:
    path = Path("saved_dict/小数据/LSTM/config.json")
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"format_version": 99}), encoding="utf-8")
    assert error_of(run("--dataset", small_dataset, "--predict", "猫")) == (
        f"{path}: format version 99; expected 2 or older: a newer textrnn (0.1.0) wrote it, upgrade this one (0.1.0)"
    )


def test_output_in_a_terminal_without_chinese(tmp_path: Path, small_dataset: Path) -> None:
    environment = {**SLOWED, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    arguments = ["--dataset", small_dataset, "--epochs", "1", *SMALL, "--quiet", "--save-dir", tmp_path / "s"]
    result = subprocess.run(command(*arguments), env=environment, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    assert b"??" in result.stdout


def test_version_and_help(run: Callable[..., Result]) -> None:
    assert run("--version").out == "textrnn 0.1.0\n"
    text = " ".join(run("--help").out.split())
    for part in ("--hidden-size N", "LSTM 192", "BiLSTM_LN", "examples:", "--predict TEXT [TEXT ...]"):
        assert part in text
