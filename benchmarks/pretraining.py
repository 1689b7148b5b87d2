"""What a language model first gives a classifier: ``python -m benchmarks.pretraining [--rows 500 2000] [--seeds 3]``.

Of thucnews, so many titles are drawn with labels (other ones for each seed); the classifier is trained on them

* from random weights,
* with ``--pretrain``: after its encoder has learnt to tell the next token of these titles,
* all titles: the same on all 44,960 titles, their labels unseen,
* with ``--init-from``: from a character language model (``--task lm``) of all titles.

Test accuracy on ``--test`` titles, mean and standard deviation over the seeds, seconds of everything but the language
models of the last line, which are trained once (or given: ``--language-models FOLDER``, where FOLDER/128 has 128
units).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from textrnn.config import Run
from textrnn.corpus.dataset import Dataset, Split, load_dataset
from textrnn.corpus.sources.catalog import find_dataset
from textrnn.report.text import table
from textrnn.tasks.classify import DatasetFacts, judge, learn
from textrnn.tasks.language_model import train as train_language_model
from textrnn.tasks.pretraining import FirstWeights, pretrain
from textrnn.tasks.settings import combine, settle

SIZES = {"LSTM": 192, "GRU": 192}  # units; others 128
PASSES = 4  # over all titles


def drawn(whole: Dataset, rows: int, test: int, seed: int) -> Dataset:
    """Some of the rows for training, a quarter as many (1,000 at most) to judge by, some for the test."""
    generator = np.random.default_rng(seed)

    def some(split: Split, count: int, generator: np.random.Generator) -> Split:
        chosen = np.sort(generator.permutation(len(split))[:count])
        return Split([split.texts[i] for i in chosen], [split.labels[i] for i in chosen])

    return Dataset(
        f"{rows} titles",
        whole.class_names,
        some(whole.train, rows, generator),
        some(whole.dev, min(1000, rows // 4), generator),
        some(whole.test, test, np.random.default_rng(0)),
    )


def language_model(titles: list[str], units: int, folder: Path) -> Path:
    """Of all titles, trained where it is not there."""
    if not (folder / "config.json").is_file():
        corpus = folder.with_suffix(".txt")
        corpus.parent.mkdir(parents=True, exist_ok=True)
        corpus.write_text("\n".join(titles), encoding="utf-8")
        sizes = {"hidden_size": units, "embedding_size": 128, "ngram_order": 0, "epochs": PASSES}
        run, _ = train_language_model(Run("lm", "LSTM", {"corpus": (str(corpus),), **sizes}, folder))
        assert run.folder == folder, "what is there is of other titles"
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[500, 2000, 10_000])
    parser.add_argument("--models", nargs="+", default=["LSTM", "BiLSTM_Ngram"])
    parser.add_argument("--ways", nargs="+", default=["random", "pretrain", "all titles", "init_from"])
    parser.add_argument("--test", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--language-models")
    parser.add_argument("--settings", nargs="*", default=[], metavar="NAME=VALUE", help="of every training")
    options = parser.parse_args()
    others = {name: eval(value) for name, value in (pair.split("=") for pair in options.settings)}
    whole = load_dataset(find_dataset("thucnews"), combine(Run("classify")).data)
    titles = whole.train.texts
    shown: list[list[str]] = [["rows", "model", "way", "accuracy", "deviation", "seconds"]]
    with tempfile.TemporaryDirectory() as place:
        models = Path(options.language_models or place)
        for rows in options.rows:
            for model in options.models:
                for way in options.ways:
                    named = dict(others)
                    if way == "init_from":
                        units = SIZES.get(model, 128)
                        named["init_from"] = str(language_model(titles, units, models / str(units)))
                    named |= {"pretrain": True} if way == "pretrain" else {}
                    found, seconds = [], 0.0
                    for seed in range(options.seeds):
                        started = time.perf_counter()
                        found.append(accuracy(drawn(whole, rows, options.test, seed), model, named, way, seed, titles))
                        seconds += (time.perf_counter() - started) / options.seeds
                        print(rows, model, way, seed, f"{found[-1]:.4f} {seconds:.1f}", flush=True)
                    spread = statistics.stdev(found) if len(found) > 1 else 0.0
                    line = [f"{rows:,}", model, way, f"{statistics.mean(found):.4f}", f"{spread:.4f}", f"{seconds:.1f}"]
                    shown.append(line)
    print(table(shown, left_columns=3))


def accuracy(dataset: Dataset, model: str, named: dict[str, Any], way: str, seed: int, titles: list[str]) -> float:
    """On the test titles."""
    facts = DatasetFacts(dataset)
    settings = settle(Run("classify", model, {**named, "seed": seed}), None, facts)
    beginning: Any = facts.beginning(settings)
    if way == "all titles":
        first = settings.replaced({"pretrain_epochs": PASSES, "batch_size": 128})
        beginning = FirstWeights(pretrain(titles, dataset.encoded(settings.data).vocabulary, first))
    learnt = learn(dataset, settings, beginning=beginning)
    return float(judge(learnt, dataset).figures.right.mean())


if __name__ == "__main__":
    main()
