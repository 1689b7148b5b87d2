"""Two data sets of the same name never overwrite each other, or answer for each other."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commands import SMALL, TINY, Result, error_of
from tests.factories import small_rows, write_rows, write_small_corpus
from textrnn.config import Run
from textrnn.corpus.sources.identity import place_of
from textrnn.errors import ConfigError
from textrnn.estimators.language_model import LanguageModel
from textrnn.saved.folder import saved_models
from textrnn.tasks.model_folders import find_saved, identify, placed
from textrnn.training.events import Listener

QUICK = [*SMALL, "--epochs", "1", "--quiet"]
ANIMALS = [(text, {"猫狗": "动物", "山水": "风景"}[name]) for text, name in small_rows(60, classes=2)]
NUMBERS = [(text, {"猫狗": "数", "山水": "字"}[name]) for text, name in small_rows(60, classes=2)]


def hex_of(path: Path) -> str:
    return place_of(path)[:6]


@pytest.fixture
def two_of_a_name(run: Callable[..., Result]) -> tuple[Path, Path]:
    """a/reviews.txt with its model, and b/reviews.txt."""
    first, second = write_rows(Path("a/reviews.txt"), ANIMALS), write_rows(Path("b/reviews.txt"), NUMBERS)
    assert run("--dataset", first, *QUICK).status == 0
    return first, second


def two_texts_of_a_name() -> tuple[Path, Path]:
    """a/text.txt and b/text.txt."""
    for folder in ("a", "b"):
        Path(folder).mkdir()
    Path("b/text.txt").write_text("abcde fghij\n" * 300, encoding="utf-8")
    return write_small_corpus(Path("a/text.txt")), Path("b/text.txt")


def identity_in(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / "config.json").read_text(encoding="utf-8"))["data_identity"]
    return found


def test_the_second_of_a_name_has_a_folder_of_its_own(
    run: Callable[..., Result], two_of_a_name: tuple[Path, Path]
) -> None:
    first, second = two_of_a_name
    usual, own = Path("saved_dict/reviews"), Path(f"saved_dict/reviews-{hex_of(second)}")
    before = {path: path.read_bytes() for path in (usual / "LSTM").iterdir()}
    trained = run("--dataset", second, *QUICK)
    note = f"note: {usual} is of other data (a/reviews.txt); this run is kept in {own}\n"
    assert trained.out.count(note) == 1
    assert trained.out.index(note) < trained.out.index("LSTM: ")
    assert f"saved in {own / 'LSTM'} (open report.html)" in trained.out
    assert {path: path.read_bytes() for path in before} == before
    # Each answers for itself, quietly.
    for data, names in ((first, {"动物", "风景"}), (second, {"数", "字"})):
        answer = run("--dataset", data, "--predict", "猫")
        assert (answer.status, answer.err) == (0, "")
        assert set(answer.out.splitlines()[1].split()[::2]) == names
    # Other models stand beside the first, and the next of the same takes its place.
    again = run("--dataset", second, "--model", "RNN", *QUICK).out
    assert f"saved in {own / 'RNN'} (open" in again
    assert f"note: {own / 'LSTM'} holds a model of b/reviews.txt" in run("--dataset", second, *QUICK).out
    assert {path: path.read_bytes() for path in before} == before
    assert len(saved_models(Path("saved_dict"), "classify")) == 3


def test_what_is_kept_of_the_data_is_no_path(two_of_a_name: tuple[Path, Path]) -> None:
    kept = identity_in(Path("saved_dict/reviews/LSTM"))
    assert kept == {"place": place_of(two_of_a_name[0]), "digest": kept["digest"], "name": None}
    assert len(kept["digest"]) == len(kept["place"]) == 64
    assert os.getcwd() not in Path("saved_dict/reviews/LSTM/config.json").read_text(encoding="utf-8")


def test_a_model_of_other_data_does_not_answer(run: Callable[..., Result], two_of_a_name: tuple[Path, Path]) -> None:
    _, second = two_of_a_name
    named = ["--dataset", second, "--save-dir", "saved_dict/reviews/LSTM", "--predict", "猫"]
    assert error_of(run(*named)) == (
        "saved_dict/reviews/LSTM: a model of a/reviews.txt; expected one of b/reviews.txt: leave out --dataset to ask "
        "this one, or name the folder of another with --save-dir"
    )
    assert run(*named[2:]).err == ""  # without a data set, the folder's own is meant
    answer = run("--dataset", second, *QUICK, "--predict", "一")
    own = Path(f"saved_dict/reviews-{hex_of(second)}/LSTM")
    assert answer.err.startswith(
        f"no saved model in {own}: training it first\nnote: saved_dict/reviews is of other data"
    )
    assert answer.err.endswith(f"saved in {own} (open report.html)\n")
    assert set(answer.out.splitlines()[1].split()[::2]) == {"数", "字"}


def test_an_edited_file_is_still_the_same(run: Callable[..., Result], two_of_a_name: tuple[Path, Path]) -> None:
    first, _ = two_of_a_name
    write_rows(first, [*ANIMALS, *ANIMALS[:2]])
    answer = run("--dataset", first, "--predict", "猫")
    assert answer.err == (
        "note: a/reviews.txt has changed since the saved model learnt it, which answers as it is; without --predict, it "
        "is trained again\n"
    )
    assert error_of(run("--dataset", first, "--resume")) == (
        "--resume: the data is not what the run was started with; expected that of saved_dict/reviews/LSTM: bring it "
        "back, or leave out --resume to start over"
    )
    again = run("--dataset", first, *QUICK).out
    assert "note: saved_dict/reviews/LSTM holds a model of a/reviews.txt (accuracy" in again
    assert "is of other data" not in again
    assert run("--dataset", first, "--predict", "猫").err == ""


def test_a_copy_elsewhere_is_the_same(run: Callable[..., Result], two_of_a_name: tuple[Path, Path]) -> None:
    first, second = two_of_a_name
    shutil.copy(first, second)
    assert run("--dataset", second, "--predict", "猫").err == ""


def test_a_model_answers_when_its_data_is_gone(run: Callable[..., Result], two_of_a_name: tuple[Path, Path]) -> None:
    first, second = two_of_a_name
    first.unlink()
    answer = run("--dataset", first, "--predict", "猫")
    assert answer.status == 0
    assert answer.err == "note: a/reviews.txt cannot be read here; the saved model that learnt it answers\n"
    second.unlink()
    assert run("--dataset", second, "--predict", "猫").err.endswith(
        f"error: {second}: no such file or folder; expected --dataset to be a name, a folder or a file\n"
    )


def test_a_file_beside_a_folder_and_a_name(run: Callable[..., Result]) -> None:
    """All are called topics: a data set of data/, a folder here, a file with an ending, and one with another."""
    write_rows(Path("data/topics/train.txt"), ANIMALS)
    assert run("--dataset", "topics", *QUICK).status == 0
    assert identity_in(Path("saved_dict/topics/LSTM"))["name"] == "topics"
    others = [Path("here/topics/train.txt"), Path("topics.txt"), Path("topics.tsv")]
    write_rows(others[0], NUMBERS)
    write_rows(others[1], [*NUMBERS, ("丁", "字")])
    others[2].write_text("text\tlabel\n" + "".join(f"{a}\t{b}\n" for a, b in small_rows(40)), encoding="utf-8")
    for data, path in (("./here/topics", others[0].parent), ("topics.txt", others[1]), ("topics.tsv", others[2])):
        trained = run("--dataset", data, *QUICK).out
        assert f"saved in saved_dict/topics-{hex_of(path)}/LSTM (open" in trained
        assert run("--dataset", data, "--predict", "一").err == ""
    assert run("--dataset", "topics", "--predict", "一").err == ""
    # The name is known where the data is not: nothing says that it is another one.
    shutil.rmtree("data")
    assert run("--dataset", "topics", "--predict", "一").err == ""


def test_the_default_data_set_beside_ones_own_of_that_name(run: Callable[..., Result]) -> None:
    path = write_rows(Path("headlines.txt"), ANIMALS)
    run("--dataset", path, *QUICK)
    told = run(*QUICK, "--pad-size", "4", "--hidden-size", "2", "--batch-size", "500", "--predict", "猫").err
    assert "training it first\nnote: saved_dict/headlines is of other data (headlines.txt)" in told


def test_an_unfinished_run_of_other_data_stays(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = write_rows(Path("a/r.txt"), ANIMALS), write_rows(Path("b/r.txt"), NUMBERS)
    from textrnn.tasks.classify import train

    class Killed(BaseException): ...

    class Dying(Listener):
        def on_evaluation(self, row: dict[str, float], is_best: bool) -> None:
            raise Killed

    named = {"dataset": str(first), "embedding_size": 8, "hidden_size": 12, "epochs": 2}
    with pytest.raises(Killed):
        train(Run("classify", "LSTM", named, Path("saved_dict/r/LSTM")), Dying())
    assert f"saved in saved_dict/r-{hex_of(second)}/LSTM (open" in run("--dataset", second, *QUICK).out
    assert "going on after step" in run("--dataset", first, "--resume", "--no-baseline").out
    assert len(saved_models(Path("saved_dict"), "classify")) == 2


def test_comparisons_stand_apart(run: Callable[..., Result], two_of_a_name: tuple[Path, Path]) -> None:
    _, second = two_of_a_name
    compared = ["--compare", "RNN", "FastText", "--embedding-size", "8", "--epochs", "1", "--quiet"]
    own = Path(f"saved_dict/reviews-{hex_of(second)}")
    result = run("--dataset", second, *compared)
    assert result.status == 0, result.err
    assert result.out.startswith(
        f"note: saved_dict/reviews is of other data (a/reviews.txt); this run is kept in {own}\n"
    )
    assert f"saved in {own / 'comparison'} (open report.html)" in result.out
    assert {path.name for path in own.iterdir()} == {"RNN", "FastText", "comparison"}
    assert {path.name for path in Path("saved_dict/reviews").iterdir()} == {"LSTM"}
    again = run("--dataset", second, *compared, "--resume").out
    assert again.count("is finished: nothing to resume") == 2


def test_the_only_model_of_the_data_answers(run: Callable[..., Result], two_of_a_name: tuple[Path, Path]) -> None:
    _, second = two_of_a_name
    own = Path(f"saved_dict/reviews-{hex_of(second)}")
    asked = ["--dataset", second, "--predict", "一"]
    run("--dataset", second, "--model", "FastText", "--embedding-size", "8", "--epochs", "1", "--quiet")
    assert run(*asked).err == (
        f"note: no LSTM of this data is saved; the FastText in {own / 'FastText'} answers (--model names another)\n"
    )
    run("--dataset", second, "--model", "RNN", *QUICK)
    assert error_of(run(*asked)) == (
        "--predict: no LSTM of b/reviews.txt is saved, but FastText, RNN; expected one of them: name it with --model "
        "(--model LSTM trains that one first)"
    )
    assert run(*asked, "--model", "rnn").err == ""
    assert "training it first" in run(*asked, *QUICK, "--model", "GRU").err


def test_language_models(run: Callable[..., Result]) -> None:
    first, second = two_texts_of_a_name()
    own = Path(f"saved_dict/text-{hex_of(second)}/lm_LSTM")
    tiny = [*TINY, "--epochs", "1"]
    run(*tiny, "--corpus", first)
    weights = Path("saved_dict/text/lm_LSTM/model.safetensors")
    before = weights.read_bytes()
    asked = run(*tiny, "--corpus", second, "--predict", "a")
    assert asked.err.startswith(
        f"no saved model in {own}: training it first\nnote: saved_dict/text is of other data (a/te"
    )
    assert f"\nsaved in {own} (open report.html)\n" in asked.err
    assert weights.read_bytes() == before
    lm = ["--task", "lm", "--predict", "a"]
    assert [run(*lm, "--corpus", path).err for path in (first, second)] == ["", ""]
    assert error_of(run(*lm, "--corpus", second, "--save-dir", weights.parent)) == (
        "saved_dict/text/lm_LSTM: a model of a/text.txt; expected one of b/text.txt: leave out --corpus to ask this one, "
        "or name the folder of another with --save-dir"
    )
    second.write_text("abcde\n" * 600, encoding="utf-8")
    assert run(*lm, "--corpus", second).err.startswith("note: b/text.txt has changed since the saved model learnt it")
    second.unlink()
    assert run(*lm, "--corpus", second).err.startswith("note: b/text.txt cannot be read here")
    assert "is finished: nothing to resume" in run(*tiny, "--corpus", first, "--resume").out
    shutil.move(own, own.with_name("lm_GRU"))  # of a kind that nobody asks for
    assert "note: no LSTM of this data is saved; the LSTM in" in run(*lm, "--corpus", second).err


def test_language_models_from_python(in_folder: Callable[[], Path]) -> None:
    in_folder()
    first, second = two_texts_of_a_name()
    for path in (first, second):
        model = LanguageModel.train(
            path, epochs=1, hidden_size=8, embedding_size=6, num_steps=20, save_dir="models", device="cpu"
        )
        assert model.data_identity is not None
        assert model.data_identity.place == place_of(path)
    assert {folder.name for folder in Path("models").iterdir()} == {"text", f"text-{hex_of(second)}"}
    model.save("copied")  # keeps what it knows of its text
    assert LanguageModel.load("copied").data_identity == model.data_identity


def test_several_texts_are_another_than_one(run: Callable[..., Result]) -> None:
    first, second = two_texts_of_a_name()
    both = identify(Run("lm", named={"corpus": (str(first), str(second))}))
    assert both.place not in (None, place_of(first), place_of(second))
    assert identify(Run("lm", named={"corpus": (str(second), str(first))})) != both
    second.unlink()
    gone = identify(Run("lm", named={"corpus": (str(first), str(second))}))
    assert (gone.place, gone.digest) == (both.place, None)


def test_an_archive_is_known_by_what_is_in_it(in_folder: Callable[[], Path]) -> None:
    in_folder()
    path = write_rows(Path("reviews.txt"), ANIMALS)
    packed = Path("b/reviews.txt.gz")
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(path.read_bytes()))
    one, other = (identify(Run("classify", named={"dataset": str(each)})) for each in (path, packed))
    assert one.digest == other.digest is not None
    assert one.place != other.place


def test_a_folder_for_each_class_is_known_by_its_files(in_folder: Callable[[], Path]) -> None:
    in_folder()
    for number in range(6):
        file = Path(f"animals/{'cats' if number % 2 else 'dogs'}/{number}.txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"text {number}", encoding="utf-8")
    run = Run("classify", named={"dataset": "animals"})
    before = identify(run)
    Path("animals/dogs/0.txt").rename("animals/cats/0.txt")
    after = identify(run)
    assert before.place == after.place
    assert None not in (before.digest, after.digest)
    assert before.digest != after.digest


@pytest.mark.parametrize("task", ["classify", "lm"])
def test_standard_input(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, task: str) -> None:
    flags = ["--dataset", "-", *QUICK] if task == "classify" else [*TINY, "--corpus", "-", "--epochs", "1"]
    told = []
    for rows in (ANIMALS, NUMBERS):
        content = "".join(f"{text}\t{label}\n" for text, label in rows)
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode("utf-8")), encoding="utf-8"))
        told.append(run(*flags).out)
    assert "note: saved_dict/stdin is of other data (-); this run is kept in saved_dict/stdin-" in told[1]
    for out in told:  # there is nothing more to be read: what is printed names the folder
        words = shlex.split(out.rpartition("Try it:\n")[2])
        assert "-" not in words
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b""), encoding="utf-8"))
        answer = run(*words[words.index("--task" if task == "lm" else "--save-dir") :])
        assert (answer.status, answer.err.count("training")) == (0, 0)


def test_places_where_case_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Reviews.csv").touch()
    names = ["Reviews.csv", "reviews.csv", "REVIEWS.CSV"]
    if not (tmp_path / "reviews.csv").exists():
        assert len({place_of(tmp_path / name) for name in names}) == 3
        # As on Windows and macOS: whatever the case, the same file is found.
        monkeypatch.setattr(Path, "exists", lambda path: path.name.casefold() == "reviews.csv")
        monkeypatch.setattr(Path, "samefile", lambda path, other: path.name.casefold() == other.name.casefold())
    assert len({place_of(tmp_path / name) for name in names}) == 1


def test_links_lead_to_their_data(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    try:
        (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    except OSError:
        pytest.skip("no links here")
    assert place_of(tmp_path / "link.csv") == place_of(tmp_path / "a.csv")


DATA = ["a/reviews.txt", "b/reviews.txt", "a/reviews.tsv", "a/reviews", "Reviews.txt", "b/reviews-%s.txt"]
ACTIONS = st.tuples(
    st.sampled_from(["write", "remove", "train", "train", "forget"]), st.sampled_from(DATA), st.integers(0, 2)
)


@settings(max_examples=100, deadline=None)
@given(st.lists(ACTIONS, max_size=25), st.sampled_from(["LSTM", "GRU"]))
def test_whatever_is_done_no_data_loses_its_model_to_other_data(
    actions: list[tuple[str, str, int]], other: str
) -> None:
    """A training is played by writing what its config.json says of the data."""
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        collision = place_of(Path("b/reviews.txt"))[:6]  # a file that is called as a folder here may be
        models: dict[Path, tuple[Path, str]] = {}  # by folder, the data that was learnt last and its content then
        for number, (action, name, content) in enumerate(actions):
            data = Path(name.replace("%s", collision))
            file = data if data.suffix else data / "train.txt"
            folder = Path("saved") / data.stem
            run = Run("classify", ("LSTM", other)[number % 2], {"dataset": f"./{data}"})
            run = Run(run.task, run.model_name, run.named, folder / run.model_name)
            if action == "write":
                write_rows(file, [(f"text {content}", "a")])
            elif action == "remove":
                file.unlink(missing_ok=True)
            elif action == "forget":
                shutil.rmtree(folder, ignore_errors=True)
                models = {path: known for path, known in models.items() if path.parent != folder}
            elif file.is_file():
                own = placed(run)
                assert own.folder is not None
                assert own.data_identity is not None
                learnt = (data, file.read_text(encoding="utf-8"))
                replaced = models.get(own.folder)
                assert replaced is None or replaced[0] == data or replaced[1] == learnt[1]
                own.folder.mkdir(parents=True, exist_ok=True)
                kept = {"task": "classify", "model": run.model_name, "data": {"dataset": str(data)}}
                kept["data_identity"] = own.data_identity.to_kept()
                (own.folder / "config.json").write_text(json.dumps(kept), encoding="utf-8")
                models[own.folder] = learnt
                assert find_saved(placed(run), Path("saved"), Listener(), model_named=True) == own.folder
            if not file.is_file():  # what is gone has its own model, or none
                found = find_saved(placed(run), Path("saved"), Listener(), model_named=True)
                assert found is None or models[found][0] == data
            elif identify(run).digest is not None:
                with contextlib.suppress(ConfigError):  # several
                    found = find_saved(placed(run), Path("saved"), Listener(), model_named=False)
                    learnt = (data, file.read_text(encoding="utf-8"))
                    assert found is None or models[found][0] == data or models[found][1] == learnt[1]
