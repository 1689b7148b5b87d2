"""Which file is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.embeddings.writers import Dialect, written
from textrnn.corpus.embeddings import find_embedding
from textrnn.errors import DataError

ROWS = [("股", [0.5, 1.5]), ("市", [2.5, -1.5])]


def error_of(embedding: str, folder: Path | None) -> str:
    with pytest.raises(DataError) as caught:
        find_embedding(embedding, folder)
    return str(caught.value)


def test_random_and_texts_in_memory(tmp_path: Path) -> None:
    assert find_embedding("random", tmp_path) is None
    assert error_of("pretrained", None) == (
        "`embedding=pretrained`: texts in memory have no file beside them; expected `embedding=PATH`"
    )


def test_none_beside_the_data(tmp_path: Path) -> None:
    rest = (
        "expected word2vec, GloVe or fastText vectors or an .npz beside the data: put a file there, name one with "
        "`embedding=PATH`, or use `embedding=random`"
    )
    assert error_of("pretrained", tmp_path) == (
        f"`embedding=pretrained`: no vectors among the files in {tmp_path} (there are none); {rest}"
    )
    (tmp_path / "train.txt").write_text("文本\t0\n", encoding="utf-8")
    (tmp_path / "digits.txt").write_text("1 2 3 4 5\n3 4 5 6 7\n", encoding="utf-8")
    (tmp_path / "ppmi.weibo").write_text("字 9:0.02 17:0.31\n", encoding="utf-8")
    (tmp_path / "cc.zh.bin").write_bytes((793712314).to_bytes(4, "little") + bytes(60))
    (tmp_path / ".hidden").write_bytes(written(ROWS, Dialect()))
    (tmp_path / "folder.vec").mkdir()
    assert error_of("pretrained", tmp_path) == (
        f"`embedding=pretrained`: no vectors among the files in {tmp_path} (cc.zh.bin (fastText model), digits.txt, "
        f"ppmi.weibo (sparse vectors), train.txt); {rest}"
    )


@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz", "zip"])
@pytest.mark.parametrize("dialect", [{}, {"header": False}, {"binary": True}])
def test_vectors_by_their_content(tmp_path: Path, dialect: dict[str, bool], packing: str) -> None:
    (tmp_path / "train.txt").write_text("文本\t0\n", encoding="utf-8")
    (tmp_path / "sgns.weibo.bigram-char").write_bytes(written(ROWS, Dialect(packing=packing, **dialect)))
    assert find_embedding("pretrained", tmp_path) == tmp_path / "sgns.weibo.bigram-char"


def test_several_beside_the_data(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"damaged, and meant for vectors all the same")
    assert find_embedding("pretrained", tmp_path) == tmp_path / "a.npz"
    (tmp_path / "sgns.weibo").write_bytes(written(ROWS, Dialect()))
    assert error_of("pretrained", tmp_path) == (
        f"`embedding=pretrained`: a.npz, sgns.weibo are all in {tmp_path}; expected one: choose it with `embedding=PATH`"
    )
    assert find_embedding(str(tmp_path / "sgns.weibo"), tmp_path) == tmp_path / "sgns.weibo"


def test_a_path_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    expected = "no such file; expected random, pretrained, or the path of a file of vectors"
    assert error_of("rnadom", tmp_path) == f"`embedding` rnadom: {expected}; did you mean random?"
    assert error_of("zzz.q", tmp_path) == f"`embedding` zzz.q: {expected}"
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "sgns.weibo").write_bytes(written(ROWS, Dialect()))
    (tmp_path / "sub" / "notes.txt").write_text("nothing\n", encoding="utf-8")
    typed, there = Path("sub", "sgns.wiebo"), Path("sub", "sgns.weibo")
    assert error_of(str(typed), None) == (
        f"`embedding` {typed}: {expected} (vectors in sub: sgns.weibo); did you mean {there}?"
    )
    assert error_of(str(Path("no", "v")), None) == (
        f"`embedding` {Path('no', 'v')}: no folder no; expected the path of a file of vectors"
    )
    assert error_of("sub", None) == f"`embedding` sub: a folder; expected a file of vectors ({there})"
    (tmp_path / "empty").mkdir()
    assert error_of("empty", None) == (
        "`embedding` empty: a folder; expected a file of vectors (none of its files holds vectors)"
    )
