"""inside.html of a trained model in a headless Chromium: bytes, milliseconds a step, and how far it is from Python.

    python -m benchmarks.inside saved_dict/tinyshakespeare/lm_LSTM saved_dict/headlines/LSTM --text held_out.txt

A step is one token through all layers and the output. Of a language model, Python computes with the weights as they
stand on the page, and the nats per character of a text are given with those as learnt, too; of a classifier, Python
computes with those as learnt.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import tempfile
from pathlib import Path

import numpy as np
import torch
from playwright.sync_api import Page

from tests.browsers import started_browser
from textrnn.report.inside.classifier import classifier_page
from textrnn.report.inside.language_model import language_model_page
from textrnn.report.inside.packing import rounded
from textrnn.saved.character_model import CharacterModel
from textrnn.saved.classifier import load_classifier

TEXTS, CHARACTERS, ROUNDS = 100, 12, 5

TIMED = {
    "lm": """() => { const first = found.states[0]; for (let at = 0; at < 50; at++)
             logitsAfter(model, read(model, model.fromToken(2 + at % 20), first)); }""",
    "classify": """() => { const ids = Array.from({ length: 50 }, (_, at) => 2 + at % 20); logitsOf(ids); }""",
}
TIME = "() => { const began = performance.now(); (%s)(); return (performance.now() - began) / 50; }"
CHANCES = """(texts) => JSON.stringify(texts.map((text) => {
  const read = statesAfter(model, encode(Array.from(asRead(text))), data.start);
  return Array.from(softmax(logitsAfter(model, read.states.at(-1))));
}))"""


def with_rounded_weights(saved: CharacterModel, bits: int) -> CharacterModel:
    """The same model as a page has it, where its whole vocabulary is there."""
    network = copy.deepcopy(saved.network)
    for name, parameter in network.named_parameters():
        if "bias" not in name:
            parameter.data = rounded(parameter, bits)
    other = copy.copy(saved)
    other.network, other.ngram = network, None
    return other


def language_model(folder: Path, page: Page, place: Path, text: str) -> str:
    saved = CharacterModel.load(folder)
    text = text or saved.generate("", 2000, temperature=0.7, seed=1)
    (content,) = language_model_page(saved, text, title=folder.name).values()
    place.write_bytes(content)
    page.goto(place.as_uri())
    bits, left_out = page.evaluate("data.bits"), page.evaluate("data.left_out")
    said = f"{len(content):,} bytes, {bits} bits, {left_out:,} characters left out, {step(page, 'lm'):.2f} ms a step"
    if left_out:
        return said
    shown = with_rounded_weights(saved, bits)
    texts = [text[at * 20 : at * 20 + CHARACTERS] for at in range(TEXTS)]
    found = json.loads(page.evaluate(CHANCES, texts))
    furthest = 0.0
    with torch.inference_mode():
        for one, chances in zip(texts, found, strict=True):
            ids = torch.cat([torch.tensor([shown.start_id]), shown.encode(shown.read_prefix(one)[0])])
            expected = shown.network(ids[None])[0][0, -1].softmax(dim=0)
            furthest = max(furthest, float((torch.tensor(chances) - expected).abs().max()))
    alone = with_rounded_weights(saved, 32)
    nats = [model.score(text).nats_per_char for model in (alone, shown)]
    return f"{said}, {furthest:.1e} from Python at most, {nats[0]:.4f} nats/char as learnt, {nats[1]:.4f} rounded"


def classifier(folder: Path, page: Page, place: Path, text: str) -> str:
    saved = load_classifier(folder)
    characters = "".join(token for token in saved.vocabulary.tokens[2:300] if len(token) == 1)
    generator = np.random.default_rng(0)
    texts = ["".join(generator.choice(list(characters), CHARACTERS)) for _ in range(TEXTS)]
    pages = classifier_page(saved, texts[:3], title=folder.name)
    if not pages:
        return "no page"
    (content,) = pages.values()
    place.write_bytes(content)
    page.goto(place.as_uri())
    found = page.evaluate(
        "(texts) => texts.map((text) => Array.from(probabilitiesOf(logitsOf(encode(tokensOf(text).tokens)))))", texts
    )
    expected = saved.predict_probabilities(texts)
    same = float(np.mean(np.argmax(found, axis=1) == expected.argmax(axis=1)))
    furthest = float(np.abs(np.array(found) - expected).max())
    bits, left_out = page.evaluate("data.bits"), page.evaluate("data.left_out")
    said = f"{len(content):,} bytes, {bits} bits, {left_out} tokens and pairs left out"
    said = f"{said}, {step(page, 'classify'):.2f} ms a step"
    return f"{said}, {same:.0%} the same answers as in Python, probabilities {furthest:.3f} apart at most"


def step(page: Page, kind: str) -> float:
    """Milliseconds, the median of some rounds."""
    script = TIME % TIMED[kind]
    page.evaluate(script)
    return statistics.median(page.evaluate(script) for _ in range(ROUNDS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--text", type=Path, help="that language models are to score; its last 20,000 characters")
    asked = parser.parse_args()
    text = asked.text.read_text(encoding="utf-8")[-20_000:] if asked.text else ""
    with tempfile.TemporaryDirectory() as place, started_browser() as browser:
        page = browser.new_page()
        for folder in asked.folders:
            task = json.loads((folder / "config.json").read_text(encoding="utf-8"))["task"]
            measured = language_model if task == "lm" else classifier
            print(f"{folder.parent.name}/{folder.name}: {measured(folder, page, Path(place) / 'inside.html', text)}")


if __name__ == "__main__":
    main()
