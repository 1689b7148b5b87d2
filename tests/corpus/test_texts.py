from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.config import CorpusConfig
from textrnn.corpus import texts
from textrnn.corpus.texts import PublishedText, TextReader, corpus_name, find_text, load_corpus, prepare_text
from textrnn.errors import DataError
from textrnn.report.notes import words

STORY = Path(__file__).resolve().parents[2] / "data" / "story.txt"
PIECES = st.lists(st.text(alphabet="aZ é.\r\n\t中'", max_size=6), max_size=8)


@given(PIECES, st.booleans(), st.sampled_from(["space", "none"]))
def test_however_a_text_is_cut_it_reads_the_same(pieces: list[str], letters: bool, line_join: str) -> None:
    whole, cut = (TextReader(letters=letters, line_join=line_join) for _ in range(2))
    assert whole.read("".join(pieces)) == "".join(map(cut.read, pieces))


@given(PIECES)
def test_letters_by_the_definition(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert prepare_text(text, letters=True) == re.sub("[^A-Za-z]+", " ", text).strip().lower()


@given(PIECES)
def test_letters_as_in_the_book(pieces: list[str]) -> None:
    """Line by line, then joined without anything between, as load_corpus_time_machine does."""
    text = "".join(pieces)
    lines = re.split("\r\n|\r|\n", text)
    expected = "".join(re.sub("[^A-Za-z]+", " ", line).strip().lower() for line in lines)
    assert prepare_text(text, letters=True, line_join="none") == expected


@given(PIECES)
def test_all_characters(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert prepare_text(text, letters=False) == text.replace("\r\n", "\n").replace("\r", "\n")


def test_the_story_is_what_it_should_be() -> None:
    text = STORY.read_text(encoding="ascii")
    assert len(text) >= 60_000
    for word in ("time", "traveller", "machine"):
        assert len(re.findall(rf"\b{word}\b", text.lower())) >= 20
    corpus = load_corpus(find_text("story"), CorpusConfig(corpus="story"))
    assert corpus.letters
    assert set(corpus.train) == set("abcdefghijklmnopqrstuvwxyz ")


def test_the_tail_is_held_out(tmp_path: Path) -> None:
    path = tmp_path / "数.txt"
    path.write_text("".join(chr(0x4E00 + i) for i in range(1000)), encoding="utf-8")
    corpus = load_corpus(find_text(str(path)), CorpusConfig(corpus=str(path), held_out=0.2))
    assert (corpus.name, corpus.letters) == ("数", False)
    assert (len(corpus.train), len(corpus.held_out), len(corpus.context)) == (800, 200, 800)
    assert not set(corpus.train) & set(corpus.held_out)
    assert corpus.train + corpus.held_out == path.read_text(encoding="utf-8")
    short = load_corpus(find_text(str(path)), CorpusConfig(corpus=str(path), held_out=0.2, max_chars=30))
    assert (short.train, short.held_out) == (corpus.train[:30], corpus.held_out)


@pytest.mark.parametrize(
    ("content", "letters", "message"),
    [
        (b"", None, "no text in it; expected one to learn from"),
        (b" \n\n", None, "no text in it; expected one to learn from"),
        (
            "汉字".encode(),
            True,
            "no letter from a to z in it; expected some with `letters`: use `letters=False` to read every character",
        ),
    ],
)
def test_texts_that_cannot_be_learnt(tmp_path: Path, content: bytes, letters: bool | None, message: str) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_corpus(find_text(str(path)), CorpusConfig(corpus=str(path), letters=letters))
    assert str(caught.value) == f"{path}: {message}"


def test_undecodable_bytes(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(b"one line\n" * 20 + b"and \xff\xfe\x80 another\n")
    corpus = load_corpus(find_text(str(path)), CorpusConfig(corpus=str(path)))
    assert [words(note) for note in corpus.notes] == [
        f"{path}: UTF-8; 196 characters; bytes that cannot be decoded were replaced on t.txt:21"
    ]


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert corpus_name("TimeMachine") == "timemachine"
    assert corpus_name("a/My Text.txt") == "My Text"
    with pytest.raises(
        DataError, match=r"^`corpus` stori: no such text; expected one of .*story.*; did you mean story\?$"
    ):
        find_text("stori")
    with pytest.raises(DataError, match=r"^no\.txt: no such file; expected `corpus` to be a name or a text file$"):
        find_text("no.txt")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=r"^folder: no text in it; expected text files to learn from$"):
        load_corpus(find_text("folder"), CorpusConfig())
    with pytest.raises(DataError, match=r"^https://a\.org/b\.txt: an address on the web; "):
        find_text("https://a.org/b.txt")


def test_found_in_the_folders_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere" / "timemachine.txt"
    path.write_text("x" * 50)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEXTRNN_DATA", str(path.parent))
    assert find_text("timemachine").path.resolve() == path


def test_no_network_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEXTRNN_DATA", raising=False)
    known = {"elsewhere": PublishedText("http://127.0.0.1:9/elsewhere.txt", "sha1:" + "0" * 40)}
    monkeypatch.setattr(texts, "PUBLISHED_TEXTS", known)
    with pytest.raises(
        DataError, match=r"^http://127\.0\.0\.1:9/elsewhere\.txt: cannot be downloaded .*put the file at"
    ):
        find_text("elsewhere")


def test_names_of_several_and_of_packed_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "novels").mkdir()
    assert corpus_name("novels") == corpus_name("./novels/") == corpus_name(["novels"]) == "novels"
    assert corpus_name(["novels/a.txt", "novels/b.txt"]) == "novels"
    assert corpus_name(["a.txt", "b.txt", "c.txt"]) == "a+2"
    assert corpus_name(["a.txt", "novels/b.txt"]) == corpus_name(["a.txt", "story"]) == "a+1"
    assert corpus_name("-") == "stdin"
    assert [corpus_name(name) for name in ("n.txt.gz", "n.zip", "n.tar.gz", "n.xz")] == ["n"] * 4


def test_a_setting_of_an_older_version_still_names_the_text() -> None:
    assert CorpusConfig.from_kept({"corpus": "texts/evening.txt"}).corpus == ("texts/evening.txt",)
    assert CorpusConfig.from_kept({"corpus": ["a.txt", "b.txt"]}).corpus == ("a.txt", "b.txt")


def test_line_ends_make_no_difference(tmp_path: Path) -> None:
    lines = [f"line {i} of a novel" * (i % 4) for i in range(300)]
    ends = {"lf": "\n", "cr": "\r", "crlf": "\r\n"}
    contents = {name: end.join(lines) + end for name, end in ends.items()}
    contents["mixed"] = "".join(
        line + list(ends.values())[i % 3] for i, line in enumerate(line or "-" for line in lines)
    )
    contents["lf mixed"] = "".join(f"{line or '-'}\n" for line in lines)
    found = {}
    for name, content in contents.items():
        path = tmp_path / f"{name}.txt"
        path.write_bytes(content.encode("utf-8"))
        corpus = load_corpus(find_text(str(path)), CorpusConfig())
        found[name] = corpus.train, corpus.held_out, corpus.context
    assert found["lf"] == found["cr"] == found["crlf"]
    assert found["mixed"] == found["lf mixed"]


def test_packed_or_not_a_text_is_the_same(tmp_path: Path) -> None:
    import gzip
    import zipfile

    content = "".join(f"row {i}, 行\n" for i in range(500)).encode("utf-8")
    (tmp_path / "a.txt").write_bytes(content)
    (tmp_path / "a.gz").write_bytes(gzip.compress(content))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("texts/a.txt", content)
    corpora = [load_corpus(find_text(str(tmp_path / f"a.{end}")), CorpusConfig()) for end in ("txt", "gz", "zip")]
    assert len({(c.name, c.train, c.held_out, c.digest) for c in corpora}) == 1
