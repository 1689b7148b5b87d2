"""The memory experiments of the textbook (Qiu, cases and practice) with its settings, with ours, and with one changed.

    python -m benchmarks.textbook_memory second-edition --lengths 10 20 --seeds 0 1 2
    python -m benchmarks.textbook_memory first-edition --lengths 10 20 35 --seeds 0 1 2

Test accuracies are means over the seeds; seconds are the processor's own, with one thread, of one training and its
scores. examples/textbook.ipynb shows the same with one seed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Mapping
from typing import Any

from textrnn.tasks.memory.learning import learn
from textrnn.tasks.memory.registry import all_problems

FIRST: Mapping[str, Any] = {"recipe": "textbook", "initialisation": "glorot"}
SECOND: Mapping[str, Any] = {
    "embedding_size": 32, "hidden_size": 64, "embedding_dropout": 0.0, "learned_start": False,
    "initialisation": "uniform", "epochs": 20, "batch_size": 128, "learning_rate": 0.003, "optimizer": "adam",
    "adam_beta2": 0.999, "weight_decay": 0.0, "schedule": "constant", "clip_norm": 1.0, "evaluate_every": 24,
}  # fmt: skip
TO_THE_BOOK: Mapping[str, Mapping[str, Any]] = {
    "the book": {},
    "batches of 32": {"batch_size": 32},
    "one cycle up to 0.02": {"schedule": "one-cycle", "learning_rate": 0.02},
    "no clipping": {"clip_norm": 0.0},
    "100 epochs": {"epochs": 100},
    "a learned start": {"learned_start": True},
    "forget bias 1": {"initialisation": "orthogonal"},
    "chrono": {"initialisation": "chrono"},
}
FROM_OURS: Mapping[str, Mapping[str, Any]] = {
    "ours": {},
    "no learned start": {"learned_start": False},
    "forget bias 1": {"initialisation": "orthogonal"},
    "as PyTorch draws them": {"initialisation": "uniform"},
    "no clipping": {"clip_norm": 0.0},
    "constant rate": {"schedule": "constant"},
    "batches of 8": {"batch_size": 8},
}
EDITIONS = {
    "first-edition": ("digit-sum", {"the book": FIRST, **FROM_OURS}),
    "second-edition": (
        "digit-sum-random",
        {**{name: {**SECOND, **change} for name, change in TO_THE_BOOK.items()}, **FROM_OURS},
    ),
}


def main() -> None:
    """Prints a line for each length and each settings as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edition", choices=list(EDITIONS))
    parser.add_argument("--model", default="LSTM")
    parser.add_argument("--lengths", nargs="+", type=int, default=[20])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    options = parser.parse_args()
    name, settings = EDITIONS[options.edition]
    problem = all_problems()[name]
    print("| settings | length | test | seconds |", "|---" * 4 + "|", sep="\n")
    for length in options.lengths:
        for what, named in settings.items():
            begun, tests = time.process_time(), []
            for seed in options.seeds:
                given = {**named, "seed": seed, "threads": 1}
                tests.append(learn(problem, options.model, length, given, longer=()).test.accuracy)
            seconds = (time.process_time() - begun) / len(tests)
            spread = f" ± {statistics.stdev(tests):.3f}" if len(tests) > 1 else ""
            print(f"| {what} | {length} | {statistics.mean(tests):.3f}{spread} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
