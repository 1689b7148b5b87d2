"""What was written in any dialect is read back; gensim's and a writer of our own are the oracles."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus.embeddings.writers import Dialect, packed, written
from textrnn.corpus.embeddings import load_embedding

PACKINGS = ["", "gz", "bz2", "xz", "zip"]
NAMES = ["v.vec", "v.txt", "v.bin", "v.gz", "sgns.weibo.bigram-char", "vectors"]
CHARACTERS = st.one_of(
    st.sampled_from("aAbBßéİ股市0123.-_"),
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="\ufeff"),
)
TOKENS = st.one_of(st.text(CHARACTERS, min_size=1, max_size=6), st.just("x" * 60 + "y"))
NUMBERS = st.floats(-1000, 1000, width=32)
DIALECTS = st.builds(
    Dialect,
    binary=st.booleans(),
    header=st.booleans(),
    after_token=st.sampled_from([" ", "\t", "  "]),
    between=st.sampled_from([" ", "\t", "   "]),
    at_line_end=st.sampled_from(["", " ", "\t"]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    last_newline=st.booleans(),
    byte_order_mark=st.booleans(),
    packing=st.sampled_from(PACKINGS),
)


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[str, list[float]]]:
    size = draw(st.integers(2, 5))
    row = st.lists(NUMBERS, min_size=size, max_size=size)
    rows = draw(st.lists(st.tuples(TOKENS, row), min_size=1, max_size=8))
    # In binary, a number in whose bytes a control character stands: a table may happen to be spelt like text.
    return [(rows[0][0], [0.5, *rows[0][1][1:]]), *rows[1:]]


def read_back(rows: list[tuple[str, list[float]]], dialect: Dialect, name: str, asked: list[str]) -> None:
    there: dict[str, list[float]] = {}
    for token, numbers in rows:
        there.setdefault(token, numbers)
    expected = {
        token: next((there[s] for s in (token, token.lower(), token.upper(), token.capitalize()) if s in there), None)
        for token in asked
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(written(rows, dialect))
        loaded = load_embedding(path, ["<pad>", "<unk>", *asked], seed=0)
    assert loaded.vectors.shape == (len(asked) + 2, len(rows[0][1]))
    for index, token in enumerate(asked, 2):
        assert loaded.found[index] == (expected[token] is not None)
        if expected[token] is not None:
            assert loaded.vectors[index].tolist() == expected[token]
    assert loaded.by_case == sum(token not in there and expected[token] is not None for token in asked)
    assert (loaded.not_finite, loaded.damaged, loaded.promised) == (0, 0, None)


@given(tables(), DIALECTS, st.sampled_from(NAMES), st.lists(TOKENS, max_size=5))
@settings(deadline=None)
def test_reads_back_what_was_written(
    rows: list[tuple[str, list[float]]], dialect: Dialect, name: str, others: list[str]
) -> None:
    read_back(rows, dialect, name, list(dict.fromkeys([*(token for token, _ in rows), *others])))


@pytest.mark.slow
@pytest.mark.skipif("TEXTRNN_ROUND_TRIPS" not in os.environ, reason="set TEXTRNN_ROUND_TRIPS to have 20,000 tables")
@given(tables(), DIALECTS, st.sampled_from(NAMES), st.lists(TOKENS, max_size=5))
@settings(deadline=None, max_examples=20_000)
def test_reads_back_what_was_written_often(
    rows: list[tuple[str, list[float]]], dialect: Dialect, name: str, others: list[str]
) -> None:
    read_back(rows, dialect, name, list(dict.fromkeys([*(token for token, _ in rows), *others])))


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("binary", [False, True])
def test_more_rows_than_are_read_at_once(tmp_path: Path, binary: bool, packing: str) -> None:
    generator = np.random.default_rng(0)
    rows = [(f"词{i}", generator.normal(size=20).astype("<f4").tolist()) for i in range(15_000)]
    (tmp_path / "v").write_bytes(written(rows, Dialect(binary=binary, packing=packing)))
    loaded = load_embedding(tmp_path / "v", ["<pad>", "<unk>", *(token for token, _ in rows[::7])], seed=0)
    np.testing.assert_array_equal(loaded.vectors[2:], np.array([numbers for _, numbers in rows[::7]], "<f4"))
    assert loaded.repeated == 0


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("binary", [False, True])
def test_what_gensim_writes(tmp_path: Path, binary: bool, packing: str) -> None:
    models = pytest.importorskip("gensim.models", exc_type=ImportError)
    tokens = ["股", "市", "new_york", "1917", "é", "<s>"]
    vectors = models.KeyedVectors(vector_size=7)
    vectors.add_vectors(tokens, np.random.default_rng(3).normal(size=(len(tokens), 7)).astype(np.float32))
    vectors.save_word2vec_format(str(tmp_path / "g"), binary=binary)
    (tmp_path / "g").write_bytes(packed((tmp_path / "g").read_bytes(), packing))
    loaded = load_embedding(tmp_path / "g", ["<pad>", "<unk>", *tokens, "none"], seed=0)
    np.testing.assert_array_equal(loaded.vectors[2:-1], vectors.vectors)
    assert loaded.found.tolist() == [False, False, *[True] * len(tokens), False]
    assert loaded.form == f"word2vec {'binary' if binary else 'text'}"


def test_packed_twice(tmp_path: Path) -> None:
    content = packed(packed(written([("股", [1.0, 2.5])], Dialect()), "gz"), "zip")
    (tmp_path / "v").write_bytes(content)
    assert load_embedding(tmp_path / "v", ["<pad>", "<unk>", "股"], seed=0).vectors[2].tolist() == [1, 2.5]


def test_tokens_in_gb18030(tmp_path: Path) -> None:
    lines = "".join(f"{token} 0.5 {i}\n" for i, token in enumerate("股市股票的大盘"))
    (tmp_path / "v").write_bytes(lines.encode("gb18030"))
    loaded = load_embedding(tmp_path / "v", ["<pad>", "<unk>", "股", "盘"], seed=0)
    assert loaded.vectors[2:].tolist() == [[0.5, 0], [0.5, 6]]
    assert (loaded.form, loaded.repeated) == ("text without a header in GB18030", 1)


def test_files_put_together_with_their_headers(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("2 2\na 1 2\nb 3 4\n2 2\n2 5 6\nd 7 8\n", encoding="utf-8")
    loaded = load_embedding(tmp_path / "v", ["<pad>", "<unk>", "a", "2", "d"], seed=0)
    assert loaded.vectors[2:].tolist() == [[1, 2], [5, 6], [7, 8]]


def test_a_number_as_the_first_token_is_no_header(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("2 0.5 3\n3 1 2\nx 3 4\n", encoding="utf-8")
    loaded = load_embedding(tmp_path / "v", ["<pad>", "<unk>", "2", "3", "x"], seed=0)
    assert loaded.vectors[2:].tolist() == [[0.5, 3], [1, 2], [3, 4]]
    assert loaded.form == "text without a header"
