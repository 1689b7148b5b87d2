"""Names what is given for vectors and holds none, with what to do."""

from __future__ import annotations

from collections.abc import Sequence

from textrnn.errors import listed, one_line

EXPECTED = "expected word2vec, GloVe or fastText vectors, or an .npz archive"
_FASTTEXT_MAGIC = (793712314).to_bytes(4, "little")
_GENSIM = (
    "in gensim, KeyedVectors.load(path).save_word2vec_format(new_path) writes them, and so does "
    "wv.save_word2vec_format of a whole model"
)
_PICKLE = f"a pickle, as gensim's save() writes, which could run code and is not read; {EXPECTED}: {_GENSIM}"
_FIRST_BYTES: tuple[tuple[bytes, str], ...] = (
    (
        _FASTTEXT_MAGIC,
        "a model in fastText's own binary format, which has no row for each token; expected vectors: the .vec file "
        "that belongs to it, or what fasttext print-word-vectors MODEL < WORDS writes",
    ),
    (
        b"\x93NUMPY",
        "a single NumPy array, which does not say whose its rows are; expected numpy.savez(file, embeddings=array) and "
        "a vocab.json beside it that names the rows",
    ),
    (b"\x80\x02", _PICKLE),
    (b"\x80\x03", _PICKLE),
    (b"\x80\x04", _PICKLE),
    (b"\x80\x05", _PICKLE),
    (b"%PDF-", f"a PDF document; {EXPECTED}"),
    (b"\x89PNG", f"a picture (PNG); {EXPECTED}"),
    (b"\xff\xd8\xff", f"a picture (JPEG); {EXPECTED}"),
    (b"GIF8", f"a picture (GIF); {EXPECTED}"),
    (b"\xd0\xcf\x11\xe0", f"an old Office document; {EXPECTED}"),
    (b"\x89HDF\r\n", f"an HDF5 file; {EXPECTED}"),
    (b"SQLite format 3\0", f"an SQLite database; {EXPECTED}"),
    (b"PAR1", f"a Parquet table; {EXPECTED}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive, which is not read; {EXPECTED}: unpack it"),
    (b"Rar!\x1a\x07", f"a RAR archive, which is not read; {EXPECTED}: unpack it"),
    (b"\x28\xb5\x2f\xfd", f"packed by zstd, which is not read; {EXPECTED}: unpack it"),
    (b"PK\x03\x04", f"a zip inside other packing; {EXPECTED}: unpack it"),
    (b"\xff\xfe", f"UTF-16 or UTF-32 text; {EXPECTED} in UTF-8: save it as UTF-8"),
    (b"\xfe\xff", f"UTF-16 text; {EXPECTED} in UTF-8: save it as UTF-8"),
    (
        b"version https://git-lfs",
        f"a pointer of Git LFS, not the file itself; {EXPECTED}: git lfs pull fetches it",
    ),
)


def shown(line: bytes) -> str:
    """The beginning of a line for a message, without anything a terminal would act on."""
    text = line[:200].decode("utf-8", "replace")
    return one_line("".join(c if c.isprintable() else " " for c in text), widest=40)


def named_by_first_bytes(head: bytes) -> str | None:
    """What a file that begins like this is, and what to do, where that is no vectors for certain."""
    if head[257:262] == b"ustar":
        return f"a tar archive, which is not read; {EXPECTED}: unpack it"
    if head[8:10] == b'{"' and head[3:8] == b"\0\0\0\0\0":
        return f"a safetensors file, which does not name the tokens of its rows; {EXPECTED}"
    return next((reason for first, reason in _FIRST_BYTES if head.startswith(first)), None)


def named_zip(names: Sequence[str]) -> str | None:
    """What a zip with these files is, where that is neither a NumPy archive nor one packed file."""
    if "[Content_Types].xml" in names:
        kind = "an Excel workbook" if any(name.startswith("xl/") for name in names) else "an Office document"
        return f"{kind}; {EXPECTED}"
    if any(name.endswith("data.pkl") for name in names):
        return f"tensors saved by PyTorch, a pickle, which could run code and is not read; {EXPECTED}"
    if len(names) != 1:
        return f"a zip of {listed(names) or 'no file'}; expected one file of vectors in it: unpack it"
    return None


def named_by_text(head: bytes) -> str | None:
    """What a text that is no vectors is, as far as its first characters tell."""
    first = head.lstrip()[:100].lower()
    if first.startswith((b"<!doctype html", b"<html", b"<head")):
        return f"a web page, as a download of the wrong address gives; {EXPECTED}: download the file itself"
    if first.startswith((b"<?xml", b"<")):
        return f"XML ({shown(head.lstrip())}); {EXPECTED}"
    if first.startswith((b'{"', b"[{", b"{\n", b"[[", b"[\n")):
        return f"JSON ({shown(head.lstrip())}); {EXPECTED}"
    return None
