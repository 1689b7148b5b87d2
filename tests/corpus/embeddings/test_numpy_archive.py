from __future__ import annotations

import json
import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from textrnn.corpus.embeddings import load_embedding
from textrnn.errors import DataError

TOKENS = ["<pad>", "<unk>", "股", "市", "a b", "\u3000", "无", " "]


def test_missing_rows_are_seeded_and_scaled_like_the_found(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    tokens = ["<pad>", "<unk>", *(chr(0x4E00 + i) for i in range(2000))]
    table = generator.normal(0.3, 0.05, (1000, 16))
    np.savez(tmp_path / "e.npz", embeddings=table)
    (tmp_path / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens[2:1002])}))
    loaded = load_embedding(tmp_path / "e.npz", tokens, seed=1)
    np.testing.assert_allclose(loaded.vectors[2:1002], table, rtol=1e-6)
    assert loaded.vectors[1002:].std() == pytest.approx(0.05, rel=0.05)
    assert loaded.vectors[1002:].mean() == pytest.approx(0.3, rel=0.05)
    np.testing.assert_array_equal(loaded.vectors, load_embedding(tmp_path / "e.npz", tokens, seed=1).vectors)
    assert not np.array_equal(loaded.vectors, load_embedding(tmp_path / "e.npz", tokens, seed=2).vectors)


@pytest.mark.parametrize("kind", ["pkl", "json", "txt"])
def test_row_names(tmp_path: Path, kind: str) -> None:
    np.savez(tmp_path / "e.npz", embeddings=np.array([[1.0, 2.0], [3.0, 4.0]]))
    names = {"股": 1, "市": 0}
    if kind == "pkl":
        (tmp_path / "vocab.pkl").write_bytes(pickle.dumps(names))
    elif kind == "json":
        (tmp_path / "vocab.json").write_text(json.dumps(names))
    else:
        (tmp_path / "vocab.txt").write_text("市\n股\n", encoding="utf-8")
    loaded = load_embedding(tmp_path / "e.npz", ["<pad>", "<unk>", "股", "市"], seed=0)
    assert loaded.vectors[2:].tolist() == [[3, 4], [1, 2]]


class _RunsCode:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch was_here",)


def npz(folder: Path, table: object, names: object = None) -> Path:
    np.savez(folder / "e.npz", embeddings=np.array(table, dtype=np.float64))
    if names is not None:
        (folder / "vocab.pkl").write_bytes(names if isinstance(names, bytes) else pickle.dumps(names))
    return folder / "e.npz"


def error_of(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_embedding(path, TOKENS, seed=0)
    return str(caught.value)


def test_malicious_pickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = npz(tmp_path, [[1, 2]], pickle.dumps({"股": _RunsCode()}))
    assert error_of(path) == (
        f"{tmp_path / 'vocab.pkl'}: refused, it could run code (it asks for posix.system); expected a plain dict of str "
        "to int: save it as vocab.json instead"
    )
    assert not (tmp_path / "was_here").exists()
    (tmp_path / "vocab.json").write_text('{"股": 0}')  # the advice is followed
    assert load_embedding(path, TOKENS, seed=0).vectors[2].tolist() == [1, 2]


@pytest.mark.parametrize("names", [{"股": "0"}, {1: 0}, {"股": True}, "股", 7, None, {"股": 1.0}])
def test_pickle_of_something_else(tmp_path: Path, names: object) -> None:
    path = npz(tmp_path, [[1, 2]], pickle.dumps(names))
    assert error_of(path) == (
        f"{tmp_path / 'vocab.pkl'}: not a dictionary of tokens and their rows; expected a plain dict of str to int: "
        "save it as vocab.json instead"
    )


@pytest.mark.parametrize("content", [b"", b"junk", b"\x80\x04", pickle.dumps({"a": 1})[:-3], b"(lp0\n0."])
def test_damaged_pickle(tmp_path: Path, content: bytes) -> None:
    assert "expected a plain dict of str to int" in error_of(npz(tmp_path, [[1, 2]], content))


@pytest.mark.parametrize(
    "content",
    [b"\x80\x02]r\xff\xff\xff\x7f.", b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b".", b"Pabc\n.", b"Fabc\n."],
)
def test_pickles_that_ask_for_too_much(tmp_path: Path, content: bytes) -> None:
    message = error_of(npz(tmp_path, [[1, 2]], content))
    assert "expected a plain dict of str to int" in message
    assert "\n" not in message


def test_archives_that_hold_something_else(tmp_path: Path) -> None:
    path = tmp_path / "e.npz"
    for member in (
        b"no array at all",
        b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"9" * 13 + b", 9), }",
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("embeddings.npy", member)
        message = error_of(path)
        assert message.startswith(f"{path}: ")
        assert "expected numpy.savez(file, embeddings=...)" in message
        assert "\n" not in message


def test_row_names_with_windows_line_ends(tmp_path: Path) -> None:
    np.savez(tmp_path / "e.npz", embeddings=np.array([[1.0, 2.0], [3.0, 4.0]]))
    (tmp_path / "vocab.txt").write_bytes("市\r\n股\r\n".encode())
    assert load_embedding(tmp_path / "e.npz", ["<pad>", "<unk>", "股", "市"], seed=0).found.tolist() == [
        False,
        False,
        True,
        True,
    ]


def test_corrupt_npz(tmp_path: Path) -> None:
    path = npz(tmp_path, [[1.0, 2.0]] * 500, {"股": 0})
    content = path.read_bytes()
    for damaged in (content[:-200], content[:100], b"PK\x03\x04junk", b"", content[:300] + b"x" * 50 + content[350:]):
        path.write_bytes(damaged)
        assert error_of(path).startswith(f"{path}: not a whole .npz archive (")
        assert error_of(path).endswith("expected numpy.savez(file, embeddings=...): copy or download it once more")


def test_npz_of_the_wrong_shape_or_key(tmp_path: Path) -> None:
    assert error_of(npz(tmp_path, [1, 2], {"股": 0})) == (
        f"{tmp_path / 'e.npz'}: embeddings is float64 of shape (2,); expected numbers of shape (tokens, size)"
    )
    np.savez(tmp_path / "e.npz", table=np.zeros((2, 2)))
    assert error_of(tmp_path / "e.npz") == (
        f"{tmp_path / 'e.npz'}: keys table; expected the key embeddings with one row a token"
    )


def test_npz_and_row_names_that_do_not_belong_together(tmp_path: Path) -> None:
    assert error_of(npz(tmp_path, [[1, 2]], {"股": 5})) == (
        f"{tmp_path / 'vocab.pkl'}: names row 5 but e.npz has 1 rows; expected the two to belong together"
    )


def test_npz_without_row_names(tmp_path: Path) -> None:
    assert error_of(npz(tmp_path, [[1, 2]])) == (
        f"{tmp_path / 'e.npz'}: no vocab.json, vocab.txt, vocab.pkl beside it; expected one that names the 1 rows"
    )


def test_real_characters(real_data: Path) -> None:
    tokens = ["<pad>", "<unk>", " ", "的", "股"]
    loaded = load_embedding(real_data / "thucnews" / "embedding_Tencent.npz", tokens, seed=0)
    assert loaded.vectors.shape == (5, 200)
    assert loaded.found.tolist() == [False, False, True, True, True]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["f2", "f4", ">f8", "i1"])
def test_tables_of_any_numbers(tmp_path: Path, kind: str, order: str) -> None:
    table = np.arange(40).reshape(20, 2).astype(kind)
    np.savez_compressed(tmp_path / "e.npz", embeddings=np.asarray(table, order=order))  # type: ignore[arg-type]
    (tmp_path / "vocab.json").write_text(json.dumps({chr(97 + i): i for i in range(20)}), encoding="utf-8")
    loaded = load_embedding(tmp_path / "e.npz", ["<pad>", "<unk>", "t", "a", "C"], seed=0)
    assert loaded.vectors[2:].tolist() == [[38, 39], [0, 1], [4, 5]]
    assert (loaded.form, loaded.by_case) == ("NumPy archive", 1)


def test_only_the_vocabulary_of_a_large_table_is_held(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "e", embeddings=np.ones((40_000, 100), np.float32))  # 16 MB
    (tmp_path / "vocab.json").write_text('{"a": 39999}', encoding="utf-8")
    os.replace(tmp_path / "e.npz", tmp_path / "e")
    tracemalloc.start()
    assert load_embedding(tmp_path / "e", ["<pad>", "<unk>", "a"], seed=0).vectors[2].tolist() == [1] * 100
    assert tracemalloc.get_traced_memory()[1] < 6_000_000
    tracemalloc.stop()


def test_rows_that_are_not_finite_and_names_that_are_repeated(tmp_path: Path) -> None:
    np.savez(tmp_path / "e.npz", embeddings=np.array([[1.0, 2], [np.nan, 1], [3, 4], [1e7, 0]]))
    (tmp_path / "vocab.txt").write_text("a\nb\na\nc\n", encoding="utf-8")
    loaded = load_embedding(tmp_path / "e.npz", ["<pad>", "<unk>", "a", "b", "c"], seed=0)
    assert loaded.vectors[2].tolist() == [1, 2]
    assert (loaded.found.tolist(), loaded.not_finite) == ([False, False, True, False, False], 2)
