"""Tiny Model2Vec folders, made by the package itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.factories import FILLER, WORDS

CHARACTERS = sorted(set("".join(WORDS.values()) + FILLER + "abc"))
SIZE = 16


def tokenizer_of(kind: str = "wordpiece") -> Any:
    """Characters, some pairs of them, and a token for what is unknown."""
    tokenizers = pytest.importorskip("tokenizers")
    tokens = ["[PAD]", "[UNK]", *CHARACTERS, *("##" + each for each in CHARACTERS), "猫狗", "##水河", "ab"]
    ids = {token: index for index, token in enumerate(tokens)}
    if kind == "unigram":
        found = tokenizers.Tokenizer(tokenizers.models.Unigram([(token, -1.0) for token in tokens], unk_id=1))
    elif kind == "words":
        found = tokenizers.Tokenizer(tokenizers.models.WordLevel(ids, unk_token="[UNK]"))
        found.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    else:
        found = tokenizers.Tokenizer(tokenizers.models.WordPiece(ids, unk_token="[UNK]"))
        found.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
        found.normalizer = tokenizers.normalizers.Lowercase()
        found.enable_padding(pad_id=0, pad_token="[PAD]")
    return found


def static_model(kind: str = "wordpiece", **how: Any) -> Any:
    """A ``model2vec.StaticModel`` with drawn vectors."""
    model2vec = pytest.importorskip("model2vec")
    tokenizer = tokenizer_of(kind)
    vectors = np.random.default_rng(0).normal(size=(tokenizer.get_vocab_size(), SIZE))
    return model2vec.StaticModel(vectors.astype(how.pop("dtype", np.float32)), tokenizer, **how)


def write_static_model(folder: Path, kind: str = "wordpiece", **how: Any) -> Path:
    """Its folder."""
    static_model(kind, **how).save_pretrained(folder)
    return folder
