"""What holds no vectors is named for what it is, with what to do."""

from __future__ import annotations

import bz2
import gzip
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from textrnn.corpus.embeddings import load_embedding
from textrnn.errors import DataError

EXPECTED = "expected word2vec, GloVe or fastText vectors, or an .npz archive"
LINES = "expected lines of a token and its numbers, separated by blanks or tabs"
PICKLE = (
    f" a pickle, as gensim's save() writes, which could run code and is not read; {EXPECTED}: in gensim, "
    "KeyedVectors.load(path).save_word2vec_format(new_path) writes them, and so does wv.save_word2vec_format of a whole "
    "model"
)
FASTTEXT = (
    " a model in fastText's own binary format, which has no row for each token; expected vectors: the .vec file that "
    "belongs to it, or what fasttext print-word-vectors MODEL < WORDS writes"
)
SPARSE = (
    "which name the places of a few numbers among very many; expected dense ones, with the same count of numbers in every "
    "row (of Chinese-Word-Vectors, a sgns file instead of a ppmi one)"
)


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"x 0.5 1\n")
    return file.getvalue()


def array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros((2, 3)))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", f" holds nothing; {LINES}, or an .npz archive"),
        (b"\n \n", f"1: no vectors (blank lines); {LINES}"),
        (gzip.compress(b"", mtime=0), f" holds nothing; {LINES}, or an .npz archive"),
        (bz2.compress(b"x 0.5 1\n" * 9)[:20], "1: damaged, or breaks off here (Compressed file ended before the "
         "end-of-stream marker was reached); expected a whole file: copy or download it once more"),
        ((793712314).to_bytes(4, "little") + b"\x0c\0\0\0" + bytes(60), FASTTEXT),
        (gzip.compress((793712314).to_bytes(4, "little") + bytes(60), mtime=0), FASTTEXT),
        (pickle.dumps({"a": 1}), PICKLE),
        (pickle.dumps({"a": 1}, protocol=2), PICKLE),
        (array(), " a single NumPy array, which does not say whose its rows are; expected numpy.savez(file, "
         "embeddings=array) and a vocab.json beside it that names the rows"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), f" an Excel workbook; {EXPECTED}"),
        (zipped("[Content_Types].xml", "word/document.xml"), f" a Word document; {EXPECTED}"),
        (zipped("archive/data.pkl", "archive/data/0"), f" a PyTorch file; {EXPECTED}"),
        (zipped("glove.50d.txt", "glove.100d.txt"), " a zip of glove.50d.txt, glove.100d.txt; expected one file of vectors "
         "in it: unpack it"),
        (zipped(), " a zip of no file; expected one file of vectors in it: unpack it"),
        (b"x" * 257 + b"ustar\0", f" a tar archive; {EXPECTED}: unpack it and name what is in it"),
        (b"\x28\xb5\x2f\xfdxx", f" a Zstandard archive; {EXPECTED}: unpack it and name what is in it"),
        (b"\x40\0\0\0\0\0\0\0" + b'{"table":{"dtype":"F32"}}', f" a safetensors file, which does not name the tokens of its "
         f"rows; {EXPECTED}"),
        (b"%PDF-1.7\n", f" a PDF; {EXPECTED}"),
        ("a 1 2\n".encode("utf-16"), f" UTF-16 or UTF-32 text; {EXPECTED} in UTF-8: save it as UTF-8"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n", " a pointer of Git LFS, not the data itself; "
         f"{EXPECTED}: run `git lfs pull` in its repository, or download the file"),
        (b"\n<!DOCTYPE html>\n<html>\n", f" an HTML page; {EXPECTED}: open it in a browser and save what it shows as text, or "
         "download the data file itself"),
        (b'{"the": [0.1, 0.2]}', f' JSON ({{"the": [0.1, 0.2]}}); {EXPECTED}'),
        (b"word,d1,d2\nthe,0.1,0.2\nof,0.3,0.4\n", f"1: separated by commas (the,0.1,0.2); {LINES}".replace("1:", "2:", 1)),
        ("字 9:0.02 17:0.31\n市 1:0.5\n".encode(), f"1: sparse vectors (字 9:0.02 17:0.31), {SPARSE}"),
        ("2 300\n字 9:0.02 17:0.31\n市 1:0.5\n".encode(), f"2: sparse vectors (字 9:0.02 17:0.31), {SPARSE}"),
        ("文本\t标签\n文本\t标签\n".encode(), f"1: no vectors (文本 标签); {LINES}"),
        (b"the 120394\nof 90212\n", f"1: one number a line, as in a list of counts (the 120394); {LINES}, with more than one "
         "number"),
        (b"3 5\n", f"1: no vectors (3 5); {LINES}"),
        (b"\x1b[31mred\x07\0\n", f"1: no vectors ([31mred); {LINES}"),
    ],
)  # fmt: skip
def test_the_message(tmp_path: Path, content: bytes, message: str) -> None:
    for name in ("v.vec", "sgns.weibo", "v.bin"):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(DataError) as caught:
            load_embedding(path, ["<pad>", "<unk>", "x"], seed=0)
        assert str(caught.value) == f"{path}:{message}"


def test_a_zip_behind_a_password(tmp_path: Path) -> None:
    content = bytearray(zipped("v"))
    for at in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):
        content[at] |= 1
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_embedding(tmp_path / "v", ["<pad>", "<unk>", "x"], seed=0)
    assert str(caught.value) == f"{tmp_path / 'v'}: a zip behind a password; expected one without: unpack it"


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_embedding(tmp_path / "v", ["<pad>", "<unk>", "x"], seed=0)
    assert (
        str(caught.value) == f"{tmp_path / 'v'}: cannot be read (No such file or directory); expected a readable file"
    )
