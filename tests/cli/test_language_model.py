"""`python run.py --task lm`, end to end."""

from __future__ import annotations

import io
import json
import math
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import SLOWED, TINY, Result, command, error_of
from textrnn import LanguageModel
from textrnn.cli import build_parser
from textrnn.cli.flags import parse
from textrnn.cli.language_model import to_run
from textrnn.errors import ConfigError
from textrnn.tasks.language_model import train
from textrnn.training.events import Listener


def test_what_training_says_and_leaves(
    language_model_training: tuple[Path, Result], trained_language_model: Path, small_corpus: Path
) -> None:
    trained, folder = language_model_training[1], trained_language_model
    assert trained.status == 0, trained.err
    assert {path.name for path in folder.iterdir()} >= {
        "model.safetensors", "config.json", "vocab.json", "metrics.json", "history.csv", "report.html", "run.toml",
        "perplexity.png", "perplexity.svg",
    }  # fmt: skip
    assert not (folder / "checkpoint.safetensors").exists()
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["task"], metrics["model"], metrics["corpus"], metrics["seed"]) == ("lm", "LSTM", "我的", 0)
    assert metrics["train"].keys() >= {"seconds", "epochs", "tokens_per_second", "perplexity_by_epoch"}
    assert [row["epoch"] for row in metrics["train"]["perplexity_by_epoch"]] == [1, 2, 3]
    valid = metrics["valid"]
    assert valid["perplexity"] == pytest.approx(math.exp(valid["nats_per_char"]))
    assert valid["bits_per_char"] == pytest.approx(valid["nats_per_char"] / math.log(2))
    assert f"{valid['perplexity']:.3f}" in trained.out
    # The figure can be had again from the folder alone: the held-out tail, scored.
    whole = small_corpus.read_text(encoding="utf-8")
    tail = whole[int(len(whole) * 0.9) :]
    assert LanguageModel.load(folder).score(tail).nats_per_char == pytest.approx(valid["nats_per_char"], abs=1e-4)
    assert (folder / "history.csv").read_text().count("\n") == metrics_steps(metrics, folder)


def test_a_trained_model_writes_and_scores(
    run: Callable[..., Result], small_corpus: Path, trained_language_model: Path
) -> None:
    said = run("--task", "lm", "--corpus", small_corpus, "--predict", "the ti", "", "--length", "12")
    assert said.status == 0, said.err
    model, whole = LanguageModel.load(trained_language_model), small_corpus.read_text(encoding="utf-8")
    pairs = [
        f"likeliest: {model.generate(prefix, 12)}\n"
        f"drawn (temperature 0.7, seed 0): {model.generate(prefix, 12, temperature=0.7)}\n"
        for prefix in ("the ti", "")
    ]
    assert said.out == "\n".join(pairs)
    assert said.err == ""
    other_seed = run("--task", "lm", "--corpus", small_corpus, "--predict", "the", "--seed", "5")
    assert other_seed.out.endswith(
        f"\ndrawn (temperature 0.7, seed 5): {model.generate('the', 50, temperature=0.7, seed=5)}\n"
    )
    for way in (
        {"temperature": 0.5},
        {"top_k": 1},
        {"top_p": 0.9},
        {"typical_p": 0.9},
        {"beam": 3},
    ):  # said how to draw, nothing stands beside it
        ((name, value),) = way.items()
        flag = "--" + name.replace("_", "-")
        alone = run("--task", "lm", "--corpus", small_corpus, "--predict", "the", "time", flag, value, "--length", "9")
        assert alone.out == "".join(model.generate(prefix, 9, **way) + "\n" for prefix in ("the", "time"))
    assert model.generate("the", 30, top_k=1) == model.generate("the", 30)
    drawn = [
        run("--task", "lm", "--corpus", small_corpus, "--predict", "the", "--temperature", "1", "--seed", seed).out
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    odd = run("--task", "lm", "--corpus", small_corpus, "--predict", "time Ω")
    assert odd.err == "note: the model never saw 'Ω'; read as an unknown character\n"
    with pytest.warns(UserWarning, match=r"^the model never saw 'Ω'; read as an unknown character$"):
        assert odd.out.startswith(f"likeliest: {model.generate('time Ω', 50)}\ndrawn ")

    scored = run("--task", "lm", "--corpus", small_corpus, "--score", small_corpus)
    score = model.score(whole)
    assert scored.out.startswith(
        f"{small_corpus}: {len(whole):,} characters; {score.nats_per_char:.4f} nats and {score.bits_per_char:.4f} bits a "
        f"character, perplexity {score.perplexity:.3f}\nmost surprising passages"
    )
    assert scored.out.count("\n") == 7
    moved = run("--task", "lm", "--save-dir", trained_language_model, "--predict", "the", "--length", "3")
    assert moved.out.startswith(f"likeliest: {model.generate('the', 3)}\n")


@pytest.mark.usefixtures("trained_language_model")
def test_a_text_from_stdin_is_scored(
    run: Callable[..., Result], small_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_file = run("--task", "lm", "--corpus", small_corpus, "--score", small_corpus)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(small_corpus.read_bytes())))
    from_stdin = run("--task", "lm", "--corpus", small_corpus, "--score", "-")
    assert from_stdin.out == from_file.out.replace(f"{small_corpus}:", "-:")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    nothing = run("--task", "lm", "--corpus", small_corpus, "--score", "-")
    assert error_of(nothing) == "stdin: no character to score in it; expected a text"


def test_several_files_are_one_text_and_an_archive_is_scored(run: Callable[..., Result], small_corpus: Path) -> None:
    import gzip

    content = small_corpus.read_bytes()
    Path("one.txt").write_bytes(content[:1000])
    Path("two.txt.gz").write_bytes(gzip.compress(content[1000:]))
    trained = run(*TINY, "--corpus", "one.txt", "two.txt.gz", "--epochs", "1")
    assert trained.status == 0, trained.err
    assert ".: 2 files (one.txt, two.txt.gz); UTF-8; " in trained.out
    assert '--corpus one.txt two.txt.gz --predict "..."' in trained.out
    folder = Path("saved_dict/one+1/lm_LSTM")
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["corpus"], metrics["read"]["files"]) == ("one+1", ["one.txt", "two.txt.gz"])
    named = ["--task", "lm", "--corpus", "one.txt", "two.txt.gz"]
    said = run(*named, "--predict", "the ", "--length", "5")
    assert (said.status, said.err) == (0, "")
    plain = run(*named, "--score", small_corpus)
    Path("all.zip").write_bytes(gzip.compress(content))
    assert run(*named, "--score", "all.zip").out == plain.out.replace(f"{small_corpus}:", "all.zip:")
    Path("one.txt").write_bytes(content[:900])
    changed = run(*named, "--predict", "the ")
    assert changed.err == (
        "note: one.txt two.txt.gz has changed since the saved model learnt it, which answers as it is; without --predict, "
        "it is trained again\n"
    )


def test_a_file_that_is_no_text_is_named(run: Callable[..., Result]) -> None:
    Path("page.txt").write_text("<!doctype html>\n<html><head>", encoding="utf-8")
    refusal = (
        "page.txt: an HTML page; expected text: open it in a browser and save what it shows as text, or download the data "
        "file itself"
    )
    assert error_of(run(*TINY, "--corpus", "page.txt")) == refusal
    address = "https://example.org/a.txt: an address on the web; expected a file on this machine: download it first and name the file"
    assert error_of(run(*TINY, "--corpus", "https://example.org/a.txt")) == address


def metrics_steps(metrics: dict[str, object], folder: Path) -> int:
    """Lines of history.csv: a header and one for each step."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["training"]["epochs"] == 3
    per_epoch = [line for line in (folder / "history.csv").read_text().splitlines() if line.split(",")[1] == "1"]
    return 1 + 3 * len(per_epoch)


def test_the_same_seed_gives_the_same_model(run: Callable[..., Result], small_corpus: Path) -> None:
    for name in ("a", "b"):
        assert run(*TINY, "--corpus", small_corpus, "--epochs", "2", "--save-dir", name).status == 0
    folders = [Path(name) / "我的" / "lm_LSTM" for name in ("a", "b")]
    assert (
        folders[0].joinpath("model.safetensors").read_bytes() == folders[1].joinpath("model.safetensors").read_bytes()
    )
    metrics = [json.loads((folder / "metrics.json").read_text(encoding="utf-8")) for folder in folders]
    for one in metrics:
        del one["train"]["seconds"], one["train"]["tokens_per_second"]
    assert metrics[0] == metrics[1]


@pytest.mark.parametrize("name", ["GRU", "RNN", "lstm-scratch", "gru-scratch", "rnn-scratch"])
def test_every_model_trains(run: Callable[..., Result], small_corpus: Path, name: str) -> None:
    result = run(*TINY, "--corpus", small_corpus, "--epochs", "1", "--model", name, "--tied", "--num-layers", "2")
    assert result.status == 0, result.err
    assert Path(f"saved_dict/我的/lm_{name}/model.safetensors").is_file()


@pytest.mark.parametrize(
    "flags",
    [
        ["--sampling", "random"],
        ["--ngram-order", "0"],
        ["--letters"],
        ["--precision", "bf16"],
        ["--embedding-size", "0"],
    ],
    ids=lambda flags: " ".join(flags),
)
def test_options(run: Callable[..., Result], small_corpus: Path, flags: list[str]) -> None:
    result = run(*TINY, "--corpus", small_corpus, "--epochs", "1", *flags)
    assert result.status == 0, result.err
    assert ("n-gram" in result.out) == ("--ngram-order" not in flags)
    assert ("letters and spaces" in result.out) == (flags == ["--letters"])


def test_the_recipe_of_the_book(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("the time traveller\nfor so it will\n" * 900, encoding="utf-8")
    result = run("--task", "lm", "--recipe", "d2l", "--corpus", path, "--letters", "--epochs", "20", "--quiet")
    assert result.status == 0, result.err
    folder = Path("saved_dict/t/lm_LSTM")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["recipe"] == "d2l"
    assert (config["training"]["optimizer"], config["training"]["learning_rate"]) == ("sgd", 1.0)
    assert (config["hyper_parameters"]["hidden_size"], config["hyper_parameters"]["embedding_size"]) == (256, 0)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["train"]["characters"] == 10_000
    assert [row["epoch"] for row in metrics["train"]["perplexity_by_epoch"]] == [10, 20]
    assert "characters/s" in result.out
    assert "n-gram" not in result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--temperature", "0"], "--temperature 0.0: must be above 0.0"),
        (["--top-p", "1.2"], "--top-p 1.2: must be at most 1.0"),
        (["--top-p", "0"], "--top-p 0.0: must be above 0.0"),
        (["--recipe", "d3l"], "--recipe d3l: no such recipe; expected one of default, d2l; did you mean d2l?"),
        (["--model", "BiLSTM_LN"], "--model BiLSTM_LN: no such model; expected one of GRU, gru-scratch, LSTM, "
         "lstm-scratch, RNN, rnn-scratch; did you mean LSTM?"),
        (["--dataset", "x"], "--dataset: no such flag; did you mean --task?; see --help"),
        (["--corpus", "timemachin"], "--corpus timemachin: no such text; expected one of story, timemachine, "
         "tinyshakespeare, or the path of a text file; did you mean timemachine?"),
        (["--corpus", "no.txt"], "no.txt: no such file; expected --corpus to be a name or a text file"),
        (["--corpus", "story", "--tied", "--embedding-size", "0"],
         "--tied: one-hot input has no matrix to share; expected --embedding-size above 0 with it"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_mistakes(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.delenv("TEXTRNN_DATA", raising=False)
    assert error_of(run("--task", "lm", *arguments)) == message


def test_texts_that_do_not_do(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(b"")
    assert error_of(run(*TINY, "--corpus", path)) == f"{path}: no text in it; expected one to learn from"
    path.write_text("too short")
    assert error_of(run(*TINY, "--corpus", path)) == (
        f"{path}: 8 characters to learn from (see --held-out and --max-chars); expected at least 21, one window of "
        "--num-steps 20 and the character after it: a longer text, or a smaller --num-steps"
    )
    path.write_text("x" * 300)
    assert run(*TINY, "--corpus", path, "--epochs", "1").status == 0
    assert error_of(run("--task", "lm", "--corpus", path, "--predict", "y" * 1_000_000)).startswith(
        "--predict: a prefix of 1,000,000 characters; expected at most 100,000"
    )
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    assert error_of(run("--task", "lm", "--corpus", path, "--score", empty)) == (
        f"{empty}: no character to score in it; expected a text"
    )
    assert error_of(run("--task", "lm", "--corpus", path, "--score", tmp_path / "none.txt")) == (
        f"--score {tmp_path / 'none.txt'}: no such file; expected the path of a text file, or a name that --corpus takes"
    )


def test_a_model_of_another_text(run: Callable[..., Result], trained_language_model: Path) -> None:
    folder = trained_language_model
    assert error_of(run("--task", "lm", "--save-dir", folder, "--corpus", "story", "--predict", "a")) == (
        f"{folder}: a model of 我的.txt; expected one of story: leave out --corpus to ask this one, or name the folder of "
        "another with --save-dir"
    )
    assert error_of(run("--save-dir", folder, "--predict", "a")) == (
        f"{folder / 'config.json'}: a model for the task lm; expected one for classify: name its folder with --save-dir, "
        "or train one"
    )


def test_without_network_the_story_takes_the_place(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEXTRNN_DATA", raising=False)
    monkeypatch.setenv("TEXTRNN_MIRROR", "http://127.0.0.1:9")
    first = run(*TINY, "--epochs", "1", "--max-chars", "3000", "--predict", "time ")
    assert first.status == 0, first.err
    assert (
        "note: timemachine is not here and cannot be fetched; going on with story, the text of the project" in first.err
    )
    assert first.out.startswith("likeliest: time ")
    assert first.out.count("\n") == 2
    second = run("--task", "lm", "--predict", "time ")
    assert (second.status, second.out) == (0, first.out)
    assert second.err == "note: timemachine is not here; answering with the saved model of story\n"


def test_predict_finishes_what_was_begun(run: Callable[..., Result], small_corpus: Path) -> None:
    class Killed(BaseException): ...

    class Dying(Listener):
        def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
            raise Killed

    common = [*TINY, "--corpus", small_corpus, "--epochs", "2"]
    named = to_run(parse(build_parser("lm"), [str(argument) for argument in common]))
    with pytest.raises(Killed):
        train(named, Dying())
    assert "finishing it first" in run(*common, "--predict", "a").err
    assert error_of(run(*common, "--resume", "--hidden-size", "13")) == (
        "--resume: --hidden-size was 12, now 13; expected the settings of saved_dict/我的/lm_LSTM: leave the flags out, "
        "or leave out --resume to start over"
    )
    assert "is finished: nothing to resume" in run("--task", "lm", "--corpus", small_corpus, "--resume").out


@pytest.mark.parametrize("content", ["a", "." * 200])
def test_a_text_with_nothing_to_learn_from(run: Callable[..., Result], tmp_path: Path, content: str) -> None:
    path = tmp_path / "short.txt"
    path.write_text(content, encoding="utf-8")
    for more in ([], ["--budget", "1"]):
        message = error_of(
            run("--task", "lm", "--corpus", path, "--letters" if content == "." * 200 else "--raw", *more)
        )
        assert message.startswith(f"{path}: ")


@pytest.mark.slow
def test_killed_and_resumed_gives_the_same_model(tmp_path: Path, small_corpus: Path) -> None:
    arguments = [*TINY[:-1], "--corpus", small_corpus, "--epochs", "40", "--hidden-size", "48"]
    for name, kill in (("a", False), ("b", True)):
        process = subprocess.Popen(
            command(*arguments, "--save-dir", tmp_path / name),
            env=SLOWED, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        with process:
            assert process.stderr is not None
            for line in process.stderr:
                if kill and line.startswith("epoch 8,"):
                    process.send_signal(signal.SIGKILL)
                    break
        assert process.returncode == (-signal.SIGKILL if kill else 0)
    folders = [tmp_path / name / "我的" / "lm_LSTM" for name in "ab"]
    assert not (folders[1] / "model.safetensors").exists()
    done = subprocess.run(
        command("--task", "lm", "--corpus", small_corpus, "--save-dir", tmp_path / "b", "--resume", "--quiet"),
        env=SLOWED, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    models = [(folder / "model.safetensors").read_bytes() for folder in folders]
    assert models[0] == models[1]


def test_from_python(tmp_path: Path, small_corpus: Path) -> None:
    class Animator:
        def __init__(self) -> None:
            self.points: list[tuple[int, list[float]]] = []

        def add(self, epoch: int, values: list[float]) -> None:
            self.points.append((epoch, values))

    animator, said = Animator(), list[str]()
    model = LanguageModel.train(
        small_corpus, animator=animator, epochs=2, hidden_size=12, embedding_size=6, num_steps=20, letters=True,
        say=said.append,
    )  # fmt: skip
    assert any(line.startswith("trained ") for line in said)
    assert isinstance(model, LanguageModel)
    assert [epoch for epoch, _ in animator.points] == [1, 2]
    assert all(len(values) == 2 and min(values) > 1 for _, values in animator.points)
    assert model.generate("time ", length=7).startswith("time ")
    model.save(tmp_path / "m")
    assert LanguageModel.load(tmp_path / "m").score("the time").nats == pytest.approx(model.score("the time").nats)
    with pytest.raises(ConfigError, match=r"^`hidden_sise`: no such setting; did you mean hidden_size\?$"):
        LanguageModel.train(small_corpus, hidden_sise=3)


def test_help_of_the_task(run: Callable[..., Result]) -> None:
    result = run("--task", "lm", "--help")
    assert result.status == 0
    for word in ("--corpus", "--temperature", "--top-p", "--num-steps", "--recipe", "tinyshakespeare", "--raw"):
        assert word in result.out
    assert "--dataset" not in result.out
    assert "--task lm --help" in run("--help").out


def test_a_named_encoding_is_that_of_the_text(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "alt.txt"
    path.write_bytes(("größer und älter. " * 200).encode("cp1252"))
    result = run(*TINY, "--corpus", path.name, "--encoding", "cp1252", "--epochs", "1")
    assert result.status == 0, result.err
    assert "alt.txt: Windows-1252" in result.out
    scored = run("--task", "lm", "--corpus", path.name, "--score", path.name, "--encoding", "cp1252")
    assert scored.status == 0
    assert "--encoding" not in scored.err
    path.write_bytes(bytes(5000))
    assert error_of(run(*TINY, "--corpus", path.name, "--save-dir", "other")) == (
        "alt.txt: no text in it; expected one to learn from"
    )
