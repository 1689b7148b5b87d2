"""The examples that stand beside an exported model: what they need is onnxruntime and NumPy, and jieba where words are
read."""

from __future__ import annotations

_READING = """\
here = pathlib.Path(__file__).parent
read = lambda name: json.loads((here / name).read_text("utf-8"))
config, vocabulary{others} = map(read, [{files}])
id_of = {{token: index for index, token in enumerate(vocabulary["tokens"]) if index > 1}}
session = onnxruntime.InferenceSession(here / "model.onnx")


def {name}(text):
    for pattern, by in config["substitutions"]:
        text = re.sub(pattern, by, text)
{cutting}
"""
_BY_PATTERN = """    text = text{strip}.lower() if config["lowercase"] else text{strip}
    tokens = re.findall(config["token_pattern"], text)
"""
_INTO_WORDS = """    text = text.strip().lower() if config["lowercase"] else text.strip()
    tokens = [word for word in jieba.cut(text) if not word.isspace()]
"""
_WORDS_BESIDE = """    words = [jieba.cut("".join(tokens).replace(" ", "\\u3000"), HMM=False) for tokens in texts]
    spelt = [" ".join(["", *each, ""]) for each in words]
    inputs["characters"] = padded([[ord(c) or 0xFFFD for c in text] for text in spelt])
"""
_SPELLING = """    spelt = [" ".join(["", *tokens, ""]) or " " for tokens in texts]
    inputs["characters"] = padded([[ord(c) or 0xFFFD for c in text] for text in spelt])
"""
_CLASSIFY = '''\
"""Classifies texts: python example.py TEXT [TEXT ...]   (pip install {packages})"""
import json, pathlib, re, sys
import {jieba}numpy as np, onnxruntime

{reading}    return list(tokens[: config["pad_size"]])


def padded(rows):
    longest = max(map(len, rows))
    return np.array([row + [0] * (longest - len(row)) for row in rows], np.int64)


def probabilities(texts):
    texts = [tokens_of(text) for text in texts]
    rows = [[id_of.get(token, 1) for token in tokens] or [1] for tokens in texts]
    inputs = {{"token_ids": padded(rows), "lengths": np.array([len(row) for row in rows], np.int64)}}
{spelling}    return session.run(["probabilities"], inputs)[0]


if __name__ == "__main__":
    texts = sys.argv[1:] or sys.exit(__doc__)
    for text, shares in zip(texts, probabilities(texts)):
{answering}'''
_THE_LIKELIEST = """        print(text, labels["labels"][shares.argmax()], f"{shares.max():.4f}", sep="\\t")
"""
_THOSE_ABOVE = """        given = [at for at in (-shares).argsort() if shares[at] >= config["thresholds"][at]]
        print(text, *(f"{labels['labels'][at]} {shares[at]:.4f}" for at in given), sep="\\t")
"""
_CONTINUE = '''\
"""Continues a text: python example.py BEGINNING [CHARACTERS [TEMPERATURE]]   (pip install {packages})"""
import json, pathlib, re, sys
import numpy as np, onnxruntime

{reading}    return [id_of.get(token, 1) for token in tokens]


def step(ids, state):
    logits, *after = session.run(None, {{"token_ids": np.array([ids], np.int64), **state}})
    return logits[0, -1].astype(float), {{port["follows"]: part for port, part in zip(config["outputs"][1:], after)}}


def continued(beginning, length=50, temperature=0.0, seed=0):
    draw, text = np.random.default_rng(seed), ""
    state = {{p["name"]: np.full([1, *p["shape"][1:]], p["initial"], p["type"]) for p in config["inputs"][1:]}}
    logits, state = step([config["start_id"], *token_ids(beginning)], state)
    while len(text) < length:
        logits[:2] = -np.inf  # <pad> and <unk> never come
        raised = np.exp((logits - logits.max()) / (temperature or 1.0))
        chosen = int(draw.choice(len(raised), p=raised / raised.sum()) if temperature else logits.argmax())
        text += vocabulary["tokens"][chosen]
        logits, state = step([chosen], state)
    return text


if __name__ == "__main__":
    given = sys.argv[1:]
    beginning, length, temperature = given + ["", "50", "0"][len(given) :]
    print(beginning + continued(beginning, int(length), float(temperature)))
'''


def classifying_example(
    *, words: bool, spelling: bool = False, words_beside: bool = False, several: bool = False
) -> str:
    """The source of a program that classifies the texts of its command line.

    Args:
        words: whether jieba cuts texts into them.
        spelling: whether the model reads the characters of the tokens, too.
        words_beside: whether it reads words beside characters.
        several: whether a text may have several labels.
    """
    cutting = _INTO_WORDS if words else _BY_PATTERN.format(strip=".strip()")
    reading = _READING.format(
        name="tokens_of",
        others=", labels",
        files='"config.json", "vocabulary.json", "labels.json"',
        cutting=cutting.rstrip("\n"),
    )
    return _CLASSIFY.format(
        packages=" ".join(example_packages(words=words or words_beside)),
        jieba="jieba, " if words or words_beside else "",
        reading=reading,
        spelling=_WORDS_BESIDE if words_beside else _SPELLING if spelling else "",
        answering=_THOSE_ABOVE if several else _THE_LIKELIEST,
    )


def continuing_example() -> str:
    """The source of a program that continues the text of its command line."""
    files = '"config.json", "vocabulary.json"'
    reading = _READING.format(
        name="token_ids", others="", files=files, cutting=_BY_PATTERN.format(strip="").rstrip("\n")
    )
    return _CONTINUE.format(packages=" ".join(example_packages(words=False)), reading=reading)


def example_packages(*, words: bool) -> list[str]:
    """What an example needs."""
    return ["onnxruntime", "numpy", *(["jieba"] if words else [])]
