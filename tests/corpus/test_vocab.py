from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.commands import ROOT
from textrnn.config import UNKNOWN_ID, DataConfig
from textrnn.corpus import tokenizers
from textrnn.corpus.tokenizers import (
    Tokenizer,
    WordsBesideCharacters,
    are_chinese,
    words_are_spaced,
    words_beside_characters,
)
from textrnn.corpus.vocab import EncodedTexts, Vocabulary
from textrnn.errors import ArtifactError, ConfigError

CHARACTERS = Tokenizer("char")


def test_tokenizers() -> None:
    assert list(Tokenizer("char")("a 股")) == ["a", " ", "股"]
    assert Tokenizer("space")(" a\u3000股市  b\n") == ["a", "股市", "b"]
    assert Tokenizer("word")("央行 下调存款准备金率") == ["央行", "下调", "存款", "准备金率"]
    assert Tokenizer("space", lowercase=True)("Big NEWS") == ["big", "news"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't stop, it's 3.5%!", ["Don't", "stop", ",", "it's", "3", ".", "5", "%", "!"]),
        ("它是GPU，值3块 ok", ["它", "是", "GPU", "，", "值", "3", "块", "ok"]),
        ("caffè naïve_x Привет", ["caffè", "naïve", "_", "x", "Привет"]),
        ("안녕 세계", ["안녕", "세계"]),
        ("हिन्दी में समाचार।", ["हिन्दी", "में", "समाचार", "।"]),
        ("cafe\u0301 l'été 中", ["cafe\u0301", "l'été", "中"]),
        ("كَتَبَ قال", ["كَتَبَ", "قال"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("カナ漢字𠀀", ["カ", "ナ", "漢", "字", "𠀀"]),
        (" \t\n", []),
    ],
)
def test_mixed_tokens(text: str, tokens: list[str]) -> None:
    assert Tokenizer("mixed")(text) == tokens


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_texts_are_cut_as_all_others(text: str) -> None:
    assert tokenizers._ASCII_TOKEN.findall(text) == tokenizers._token_pattern().findall(text)


@given(st.text())
def test_mixed_tokens_leave_out_only_what_is_no_sign(text: str) -> None:
    """Nothing but white space is lost."""
    assert "".join(Tokenizer("mixed")(text)) == "".join(text.split())


@pytest.mark.parametrize(
    ("texts", "spaced"),
    [
        (["a fine film", "bad"], True),
        (["央行下调存款准备金率", "GDP 增长"], False),
        (["安卓手机 Android iPhone reviews and more words of another script"], True),
        (["ราคาหุ้น", "ひらがな"], False),
        (["안녕 세계"], True),
        (["123 456"], False),  # no letters at all: characters
        ([""], False),
    ],
)
def test_which_texts_have_spaces_between_words(texts: list[str], spaced: bool) -> None:
    assert words_are_spaced(texts) == spaced


def fitted(text: str, **settings: object) -> Vocabulary:
    config = DataConfig.from_dict(settings).fitted_to(words_are_spaced=words_are_spaced([text]), pad_size=512)
    return Vocabulary.from_settings([text], config)


def test_settings_that_were_open() -> None:
    chinese = fitted("央行下调 GDP")
    assert (chinese.tokenizer.name, chinese.tokenizer.lowercase) == ("char", False)
    assert fitted("The GDP fell").tokens[2:] == ["fell", "gdp", "the"]
    assert fitted("The GDP", lowercase=False).tokens[2:] == ["GDP", "The"]
    assert fitted("Ab", tokenizer="char").tokens[2:] == ["A", "b"]
    assert DataConfig().fitted_to(words_are_spaced=True, pad_size=512).max_vocab == 30_000
    assert DataConfig(max_vocab=7).fitted_to(words_are_spaced=False, pad_size=512) == DataConfig(
        tokenizer="char", lowercase=False, max_vocab=7, pad_size=512, multi_label=False, spelling=False, words=False
    )


@pytest.mark.parametrize(
    ("texts", "chinese"),
    [
        (["央行下调GDP增速", "ab"], True),
        (["the 中文 name of it"], False),
        (["東京で新しい店が開く"], False),
        (["ภาษาไทย"], False),
        (["123 !?"], False),
        ([], False),
    ],
)
def test_texts_that_are_chinese(texts: list[str], chinese: bool) -> None:
    assert are_chinese(texts) == chinese


@settings(deadline=None)  # the first reads the dictionary
@given(st.text(st.sampled_from("我来到北京清华大学aB3.%+ \u3000\t。，\x00é😀ひ")))
def test_every_character_is_in_a_word(text: str) -> None:
    """So that a word can be divided among tokens that are characters."""
    vocabulary = Vocabulary.build([text], Tokenizer("char"))
    words = words_beside_characters(text)
    assert "".join(words) == text.replace(" ", "\u3000")
    encoded = vocabulary.encode([text], spelling=True)
    assert encoded.spelling is not None
    spelt = "".join(map(chr, encoded.spelling.characters))
    assert spelt == " " + "".join(f"{word} " for word in words).replace("\0", "\ufffd")


def test_words_beside_characters() -> None:
    vocabulary = Vocabulary.build(["来"], Tokenizer("char", lowercase=True))
    encoded = vocabulary.encode(["我来到北京清华大学", "", "GDP 增长"], max_tokens=7, spelling=True)
    assert encoded.lengths.tolist() == [7, 1, 6]
    assert encoded.spelling is not None
    characters, offsets = encoded.spelling.characters, encoded.spelling.offsets
    spelt = ["".join(map(chr, characters[start:end])) for start, end in pairwise(offsets)]
    assert spelt == [" 我 来到 北京 清华 ", " ", " gdp \u3000 增长 "]


def test_a_text_is_cut_into_words_once(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, cut = ["GDP增长 5%", "北京大学", "", "北京大学"], list[str]()

    def noted(text: str) -> list[str]:
        cut.append(text)
        return words_beside_characters(text)

    monkeypatch.setattr(tokenizers, "words_beside_characters", noted)
    of_texts = WordsBesideCharacters()
    encoded = Vocabulary.build(texts, Tokenizer("char")).encode(texts, spelling=True, cut=of_texts.cut)
    plain = Vocabulary.build(texts, Tokenizer("char")).encode(texts, spelling=True)
    assert encoded.spelling is not None
    assert plain.spelling is not None
    assert encoded.spelling.characters.tolist() == plain.spelling.characters.tolist()
    assert [of_texts(text) for text in texts] == [
        [word.lower() for word in words_beside_characters(text)] for text in texts
    ]
    assert cut == ["GDP增长 5%", "北京大学", ""]
    of_texts.cut("gdp")
    assert of_texts("GDP") == ["gdp"]  # known in lower case already
    assert len(cut) == 4


def test_words_are_read_beside_characters_of_chinese_alone() -> None:
    chinese = {"words_are_spaced": False, "pad_size": 0, "is_chinese": True}
    assert DataConfig().fitted_to(**chinese, reads_spelling=True).words is True
    assert DataConfig(words=False).fitted_to(**chinese, reads_spelling=True).is_spelt is False
    assert DataConfig().fitted_to(**chinese).words is False
    assert DataConfig(tokenizer="word").fitted_to(**chinese, reads_spelling=True).words is False
    assert DataConfig().fitted_to(words_are_spaced=False, pad_size=0, reads_spelling=True).words is False


@pytest.mark.parametrize(
    ("named", "reads", "message"),
    [
        ({"tokenizer": "word"}, True, "words are tokens already"),
        ({"tokenizer": "char"}, False, "the model does not read them"),
    ],
)
def test_words_where_they_cannot_be(named: dict[str, Any], reads: bool, message: str) -> None:
    data = DataConfig(words=True, **named)
    expected = (
        f"`words`: {message}; expected a model that does, such as `model=BiLSTM_Ngram`, and `tokenizer=char`: leave it "
        "out"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(expected)}$"):
        data.fitted_to(words_are_spaced=False, pad_size=0, is_chinese=True, reads_spelling=reads)


WORDS_IN_A_NEW_PROCESS = """
from textrnn.corpus.tokenizers import Tokenizer
print("/".join(Tokenizer("word")("我来到北京清华大学")))
"""


@pytest.mark.parametrize("temporary", ["empty", "missing", "foreign"])
def test_words_leave_no_file_and_say_nothing(tmp_path: Path, temporary: str) -> None:
    folder = tmp_path / "tmp"
    if temporary != "missing":
        folder.mkdir()
    if temporary == "foreign":  # a cache of another user
        (folder / "jieba.cache").write_bytes(b"no dictionary")
    before = sorted(folder.glob("*"))
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    environment = {**os.environ, **places, "PYTHONWARNINGS": "default", "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", WORDS_IN_A_NEW_PROCESS]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (done.stdout, done.stderr) == ("我/来到/北京/清华大学\n", "")
    assert sorted(folder.glob("*")) == before


def test_unknown_tokenizer() -> None:
    with pytest.raises(
        ConfigError, match=r"`tokenizer` words: expected one of char, word, space, mixed; did you mean word\?"
    ):
        Tokenizer("words")


def test_order_is_by_count_then_by_token_whatever_the_order_of_the_texts() -> None:
    texts = ["bba", "cca", "d"]
    expected = ["<pad>", "<unk>", "a", "b", "c", "d"]
    for seed in range(5):
        random.Random(seed).shuffle(texts)
        assert Vocabulary.build(texts, CHARACTERS).tokens == expected


def test_limits() -> None:
    texts = ["aaabbc"]
    assert Vocabulary.build(texts, CHARACTERS, min_freq=2).tokens[2:] == ["a", "b"]
    assert Vocabulary.build(texts, CHARACTERS, max_vocab=3).tokens == ["<pad>", "<unk>", "a"]


def test_a_token_spelt_like_a_special_one_is_unknown() -> None:
    vocabulary = Vocabulary.build(["<pad> x <unk>"], Tokenizer("space"))
    assert vocabulary.tokens == ["<pad>", "<unk>", "x"]
    assert vocabulary.encode(["<pad> x <unk>"]).token_ids.tolist() == [1, 2, 1]


def test_encoding() -> None:
    vocabulary = Vocabulary.build(["abc"], CHARACTERS)
    encoded = vocabulary.encode(["cab", "", "zzz"], max_tokens=2)
    assert encoded.offsets.tolist() == [0, 2, 3, 5]
    assert encoded.token_ids.tolist() == [4, 2, UNKNOWN_ID, UNKNOWN_ID, UNKNOWN_ID]
    assert (encoded.truncated, encoded.unread) == (2, 2)
    assert vocabulary.coverage(encoded) == pytest.approx(2 / 5)


@given(
    st.lists(st.text(max_size=12), max_size=8), st.integers(1, 12), st.booleans(), st.sampled_from(["char", "mixed"])
)
@example(["\ud800a", "", "hello", "HELLO İİİ"], 4, True, "char")
def test_encoding_agrees_with_looking_up_each_token(texts: list[str], longest: int, lowercase: bool, name: str) -> None:
    vocabulary = Vocabulary.build(["hello world 你好"], Tokenizer(name, lowercase))
    ids = {token: index for index, token in enumerate(vocabulary.tokens) if index > 1}
    encoded = vocabulary.encode(texts, max_tokens=longest)
    cut, unread = [], 0
    for index, text in enumerate(texts):
        head = text[: longest + 1] if name == "char" else text  # what is beyond is only counted
        tokens = [ids.get(token, 1) for token in vocabulary.tokenizer(head)] or [1]
        expected, beyond = tokens[:longest], len(tokens) - longest + len(text) - len(head)
        cut += [index] if len(tokens) > longest else []
        unread += beyond if len(tokens) > longest else 0
        assert encoded.token_ids[encoded.offsets[index] : encoded.offsets[index + 1]].tolist() == expected
    assert np.all(encoded.lengths >= 1)
    assert (encoded.cut.tolist(), encoded.truncated, encoded.unread) == (cut, len(cut), unread)


def test_saved_with_its_tokenizer(tmp_path: Path) -> None:
    vocabulary = Vocabulary.build(["Big 新闻\u2028"], Tokenizer("space", lowercase=True))
    (tmp_path / "vocab.json").write_text(vocabulary.to_json(), encoding="utf-8")
    loaded = Vocabulary.load(tmp_path / "vocab.json")
    assert loaded.tokens == vocabulary.tokens
    assert loaded.tokenizer == Tokenizer("space", lowercase=True)


def test_newer_and_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "vocab.json"
    document = json.loads(Vocabulary.build(["ab"], CHARACTERS).to_json())
    path.write_text(json.dumps(document | {"format_version": 2}))
    with pytest.raises(ArtifactError) as caught:
        Vocabulary.load(path)
    assert str(caught.value) == (
        f"{path}: format version 2; expected 1 or older: a newer textrnn wrote it, upgrade this one"
    )
    for content in (
        "{",
        "[]",
        "{}",
        json.dumps(document | {"tokens": 5}),
        json.dumps(document | {"tokens": ["a"]}),
        "[" * 100_000,
    ):
        path.write_text(content)
        with pytest.raises(ArtifactError, match="not a vocabulary"):
            Vocabulary.load(path)


def test_what_a_model_asks_for_holds_where_the_user_said_nothing() -> None:
    assert DataConfig().fitted_to(words_are_spaced=False, pad_size=4096).pad_size == 4096
    assert DataConfig(pad_size=30).fitted_to(words_are_spaced=False, pad_size=4096).pad_size == 30


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8), st.integers(1, 9))
def test_pieces_of_texts(lengths: list[int], size: int) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    whole = EncodedTexts(np.arange(offsets[-1], dtype=np.int32), offsets)
    pieces = whole.in_pieces(size)
    found = [pieces.token_ids[a:b].tolist() for a, b in zip(pieces.offsets[:-1], pieces.offsets[1:], strict=True)]
    texts = [list(range(a, b)) for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
    assert found == [text[at : at + size] for text in texts for at in range(0, len(text), size)]
