"""Pretrained token vectors, filtered to a vocabulary: what a file is, its content says, never its name.

One module a format; :mod:`~textrnn.corpus.embeddings.formats` decides which. A file is read once, from its beginning
to its end, and only the rows of the vocabulary are kept: one of several gigabytes needs memory for the vocabulary only.
"""

from textrnn.corpus.embeddings.find import find_embedding
from textrnn.corpus.embeddings.load import PretrainedEmbedding, load_embedding
from textrnn.corpus.embeddings.static_vectors import (
    TOKENIZER_FILE,
    VECTORS_FILE,
    StaticVectors,
    read_static_vectors,
)

__all__ = [
    "TOKENIZER_FILE",
    "VECTORS_FILE",
    "PretrainedEmbedding",
    "StaticVectors",
    "find_embedding",
    "load_embedding",
    "read_static_vectors",
]
