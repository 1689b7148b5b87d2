"""What the vector of a whole text gives a network: the same trainings with and without a folder of Model2Vec.

    TEXTRNN_DATA=../shared/data python -m benchmarks.static_vectors --folder potion --data thucnews:2000 --seeds 0 1 2

``NAME:ROWS`` as in :mod:`benchmarks.small_data`.
"""

from __future__ import annotations

import argparse
import statistics

from benchmarks.small_data import data_of, trained

MODELS = ("LSTM", "BiLSTM_Ngram")


def main() -> None:
    """Train everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--data", nargs="+", default=["headlines", "thucnews:2000"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    options = parser.parse_args()
    for name in options.data:
        dataset = data_of(name)
        print(f"\n{name}: {len(dataset.train):,} rows, dev {len(dataset.dev):,}, test {len(dataset.test):,}")
        for model in options.models:
            for title, embedding in (("random", "random"), ("with the vector", f"model2vec:{options.folder}")):
                found = []
                for seed in options.seeds:
                    accuracy, seconds, told = trained(dataset, model, {"embedding": embedding, "seed": seed})
                    found.append(accuracy)
                    print(f"  seed {seed}: {model}, {title:20} {accuracy:.4f}  {seconds:6.1f} s  {told}", flush=True)
                print(f"{model}, {title:30} {statistics.mean(found):.4f}", flush=True)


if __name__ == "__main__":
    main()
