"""Do explanations name the characters that an answer rests on? ``python -m benchmarks.explanations [--split dev]``.

Deletes the five characters of a title that speak most for the answer, and sees by how much the probability of that
answer drops; beside it, the same with five characters at random. The titles are of thucnews (see $TEXTRNN_DATA); an
LSTM and a BiLSTM_Ngram are trained briefly first, or taken from where a run before kept them (--folder).

Columns:
    drop           of the probability of the answer, mean of all titles, and its standard error
    changed        share of the titles that are then answered otherwise
    left open      of what the contributions should account for, before it is divided among them: median and largest
                   share, among titles with a difference of half a logit at least, and the share of all titles where it
                   is at most 1 %, or 0.001 logits
    ms, one/many   for a single title and for one of many; both as multiples of the time to classify one, too

Variants (--variants all), to choose from on dev titles:
    zeros          the way begins at vectors of zeros instead of that of <unk>
    16 steps       no more, whatever is left open
    gradient       times the way, of the title itself: one step
    leave one out  what the logit difference loses when the token becomes <unk>: one forward pass a token
"""

from __future__ import annotations

import argparse
import functools
import random
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from textrnn.cli import main as textrnn
from textrnn.config import UNKNOWN_ID, DataConfig
from textrnn.corpus.dataset import load_dataset
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.models import attribution
from textrnn.saved import explanation
from textrnn.saved.classifier import Classifier, load_classifier
from textrnn.saved.explanation import Explanation, explain

MODELS = ("LSTM", "BiLSTM_Ngram")
DELETED = 5
Explainer = Callable[[Classifier, list[str]], list[Explanation]]


def trained(folder: Path, model: str, budget: int) -> Classifier:
    place = folder / "thucnews" / model
    if not (place / "config.json").is_file():
        print(f"training {model} for {budget} s")
        flags = ["--dataset", "thucnews", "--model", model, "--embedding", "random", "--budget", str(budget)]
        textrnn([*flags, "--no-baseline", "--quiet", "--save-dir", str(folder)])
    return load_classifier(place)


def titles(split: str, count: int, seed: int) -> list[str]:
    dataset = load_dataset(find_dataset("thucnews"), DataConfig(dataset="thucnews"))
    texts = [text for text in getattr(dataset, split).texts if len(text) > 2 * DELETED]
    return random.Random(seed).sample(texts, count)


def with_baseline_of_zeros(classifier: Classifier, texts: list[str]) -> list[Explanation]:
    zeros = torch.zeros(classifier.network.embedding.table.embedding_dim)
    with mock.patch.object(explanation, "attribute", functools.partial(attribution.attribute, baseline=zeros)):
        return explain(classifier, texts)


def with_few_steps(classifier: Classifier, texts: list[str]) -> list[Explanation]:
    return explain(classifier, texts, rounds=1)


def by_gradient(classifier: Classifier, texts: list[str]) -> list[Explanation]:
    once = functools.partial(attribution.attribute, steps=1)
    with (
        mock.patch.object(explanation, "attribute", once),
        mock.patch.object(attribution, "midpoints", return_value=[1.0]),
    ):
        return explain(classifier, texts, rounds=1)


def by_leaving_out(classifier: Classifier, texts: list[str]) -> list[Explanation]:
    """Contributions in the place of those of integrated gradients; nothing is made to have a sum."""
    found = []
    for told in explain(classifier, texts):
        ids = torch.from_numpy(classifier.encode([told.text]).token_ids).long().repeat(len(told.tokens) + 1, 1)
        ids[1:].fill_diagonal_(UNKNOWN_ID)
        label, against = (classifier.class_names.index(name) for name in (told.label, told.against))
        with torch.inference_mode():
            logits = classifier.network(ids, torch.full((len(ids),), ids.shape[1]))
        lost = (logits[0] - logits[1:])[:, label] - (logits[0] - logits[1:])[:, against]
        tokens = [
            explanation.TokenContribution(each.token, each.start, each.end, value)
            for each, value in zip(told.tokens, lost.tolist(), strict=True)
        ]
        found.append(Explanation(**{**vars(told), "tokens": tokens}))
    return found


VARIANTS: dict[str, Explainer] = {
    "as it is": lambda classifier, texts: explain(classifier, texts),
    "zeros": with_baseline_of_zeros,
    "16 steps": with_few_steps,
    "gradient": by_gradient,
    "leave one out": by_leaving_out,
}


def without(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text


def drops(classifier: Classifier, told: list[Explanation], spans: list[list[tuple[int, int]]]) -> tuple[str, str]:
    """The mean drop of the answer's probability with its standard error, and how many are answered otherwise."""
    shorter = [without(each.text, of_text) for each, of_text in zip(told, spans, strict=True)]
    after = classifier.predict_probabilities(shorter)
    labels = [classifier.class_names.index(each.label) for each in told]
    before = np.array([each.probability for each in told])
    lost = before - after[np.arange(len(told)), labels]
    error = lost.std(ddof=1) / np.sqrt(len(lost))
    return f"{lost.mean():.4f} ± {error:.4f}", f"{(after.argmax(axis=1) != labels).mean():.2f}"


def measure(classifier: Classifier, model: str, texts: list[str], variants: list[str], seed: int) -> None:
    rows = []
    for name in variants:
        told = VARIANTS[name](classifier, texts)
        strongest = [
            [(token.start, token.end) for token in sorted(each.tokens, key=lambda token: -token.contribution)[:DELETED]]
            for each in told
        ]
        rows.append((name, *drops(classifier, told, strongest)))
        if name == variants[0]:
            generator = random.Random(seed)
            at_random = [
                [(token.start, token.end) for token in generator.sample(each.tokens, DELETED)] for each in told
            ]
            rows.append(("five at random", *drops(classifier, told, at_random)))
            print(f"\n{model}: mean probability of the answer {np.mean([each.probability for each in told]):.4f}")
            left_open(told)
    print("five characters deleted by | drop | changed")
    for row in rows:
        print(" | ".join(row), flush=True)


def left_open(told: list[Explanation]) -> None:
    gaps = np.array([abs(each.gap) for each in told])
    whole = np.array([abs(each.logit_difference - each.baseline) for each in told])
    shares = (gaps / whole)[whole >= 0.5]
    within = (gaps <= np.maximum(1e-3, 0.01 * whole)).mean()
    steps, counts = np.unique([each.steps for each in told], return_counts=True)
    used = ", ".join(f"{step} steps {count}" for step, count in zip(steps, counts, strict=True))
    print(f"left open: median {np.median(shares):.3%}, largest {shares.max():.2%}; within bounds {within:.1%} ({used})")


def timed(classifier: Classifier, texts: list[str]) -> None:
    def seconds(work: Callable[[], object], times: int) -> float:
        work()
        started = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - started) / times

    one = np.median([seconds(lambda text=text: explain(classifier, [text]), 2) for text in texts[:25]])  # type: ignore[misc]
    many = seconds(lambda: explain(classifier, texts), 1) / len(texts)
    answer = np.median([seconds(lambda text=text: classifier.predict_probabilities([text]), 5) for text in texts[:25]])  # type: ignore[misc]
    print(
        f"{one * 1e3:.1f} ms for one title, {many * 1e3:.1f} ms each for {len(texts)}; {one / answer:.0f} and "
        f"{many / answer:.0f} times as long as to classify one ({answer * 1e3:.2f} ms)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("saved_dict") / "benchmarks", help="of the trained models")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--budget", type=int, default=40, help="seconds of training of each model (default 40)")
    parser.add_argument("--split", choices=("dev", "test"), default="test")
    parser.add_argument("--titles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the titles, and of the characters at random")
    parser.add_argument("--variants", nargs="*", default=["as it is"], help=f"{', '.join(VARIANTS)}, or all")
    options = parser.parse_args()
    texts = titles(options.split, options.titles, options.seed)
    variants = list(VARIANTS) if options.variants == ["all"] else options.variants
    for model in options.models:
        classifier = trained(options.folder, model, options.budget)
        measure(classifier, model, texts, variants, options.seed)
        timed(classifier, texts)


if __name__ == "__main__":
    main()
