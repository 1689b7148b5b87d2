"""Names what is given for vectors and holds none, with what to do."""

from __future__ import annotations

from collections.abc import Sequence

from textrnn.corpus.sources.kinds import kind_of, kind_of_names
from textrnn.errors import listed, one_line

EXPECTED = "expected word2vec, GloVe or fastText vectors, or an .npz archive"
# Kinds in which vectors may be: how to get at those is the remedy.
GOT_AT = (
    "7z", "bzip2", "cab", "compress", "git-lfs", "gzip", "html", "lz4", "lzip", "rar", "tar", "xz", "zip", "zstandard",
)  # fmt: skip
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
    (b"PK\x03\x04", f"a zip inside other packing; {EXPECTED}: unpack it"),
    (b"\xff\xfe", f"UTF-16 or UTF-32 text; {EXPECTED} in UTF-8: save it as UTF-8"),
    (b"\xfe\xff", f"UTF-16 text; {EXPECTED} in UTF-8: save it as UTF-8"),
)


def shown(line: bytes) -> str:
    """The beginning of a line for a message, without anything a terminal would act on."""
    text = line[:200].decode("utf-8", "replace")
    return one_line("".join(c if c.isprintable() else " " for c in text), widest=40)


def named_by_first_bytes(head: bytes) -> str | None:
    """What a file that begins like this is, and what to do, where that is no vectors for certain."""
    if head[8:10] == b'{"' and head[3:8] == b"\0\0\0\0\0":
        return f"a safetensors file, which does not name the tokens of its rows; {EXPECTED}"
    own = next((reason for first, reason in _FIRST_BYTES if head.startswith(first)), None)
    if own is not None or (kind := kind_of(head)) is None:
        return own
    return f"{kind.words}; {EXPECTED}" + (f": {kind.remedy}" if kind.name in GOT_AT else "")


def named_zip(names: Sequence[str]) -> str | None:
    """What a zip with these files is, where that is neither a NumPy archive nor one packed file."""
    kind = kind_of_names(names)
    if kind is not None:
        return f"{kind.words}; {EXPECTED}"
    if len(names) != 1:
        return f"a zip of {listed(names) or 'no file'}; expected one file of vectors in it: unpack it"
    return None


def named_by_text(head: bytes) -> str | None:
    """What a text that is no vectors is, as far as its first characters tell."""
    first = head.lstrip()[:100].lower()
    if first.startswith((b"<!doctype html", b"<html", b"<head")):  # one too short for `kind_of` to be sure of
        return f"a web page, as a download of the wrong address gives; {EXPECTED}: download the file itself"
    if first.startswith((b"<?xml", b"<")):
        return f"XML ({shown(head.lstrip())}); {EXPECTED}"
    if first.startswith((b'{"', b"[{", b"{\n", b"[[", b"[\n")):
        return f"JSON ({shown(head.lstrip())}); {EXPECTED}"
    return None
