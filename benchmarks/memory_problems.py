"""What networks of the laboratory make of its problems, at the lengths that they learnt from and at longer ones.

    python -m benchmarks.memory_problems --problems parity recall --models LSTM SRN --lengths 40 --seeds 0 1 2
    python -m benchmarks.memory_problems --problems digit-sum-random --lengths 20 100 400 --seeds 0 1 2 3 4
    python -m benchmarks.memory_problems --problems start-signal --lengths 45 400 --seeds 0 1 2 3 4

All problems and cells of today in one heat map; where it was stopped, again with --resume:

    python run.py --task memory --experiment suite --problems all --cells all

Accuracies are means over the seeds, in brackets the share of sequences that are right as a whole; seconds are of one
training, the evaluations on dev counted.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence

from textrnn.tasks.memory.learning import Learnt, learn
from textrnn.tasks.memory.registry import Problem, all_problems, find_named
from textrnn.training.objectives.sequences import Score

MULTIPLES = (2.0, 4.0, 6.4)


def row(found: Sequence[Learnt]) -> list[str]:
    """Figures of the same training with several seeds."""
    columns = [[one.test for one in found], *([one.longer[at] for one in found] for at in found[0].longer)]
    return [_cell(scores) for scores in columns] + [f"{statistics.mean(one.history.seconds for one in found):.0f} s"]


def _cell(scores: Sequence[Score]) -> str:
    accuracies = [one.accuracy for one in scores]
    spread = f" ± {statistics.stdev(accuracies):.3f}" if len(scores) > 1 else ""
    return f"{statistics.mean(accuracies):.3f}{spread} ({statistics.mean(one.whole for one in scores):.2f})"


def trained(problem: Problem, model: str, length: int, seed: int, epochs: int | None, rate: float | None) -> Learnt:
    """One network."""
    named = {"seed": seed, "epochs": epochs, "learning_rate": rate}
    given = {name: value for name, value in named.items() if value is not None}
    return learn(problem, model, length, given, longer=[round(times * length) for times in MULTIPLES])


def main() -> None:
    """Prints a line for each problem, model and length as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", default=list(all_problems()))
    parser.add_argument("--models", nargs="+", default=["LSTM"])
    parser.add_argument("--lengths", nargs="+", type=int, default=[40])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--learning-rate", type=float)
    options = parser.parse_args()
    print("| problem | model | length | test | 2 times | 4 times | 6.4 times | seconds |", "|---" * 8 + "|", sep="\n")
    for name in options.problems:
        problem = find_named("problem", name, all_problems())
        for model in options.models:
            for length in options.lengths:
                settings = (options.epochs, options.learning_rate)
                found = [trained(problem, model, length, seed, *settings) for seed in options.seeds]
                print("|", " | ".join([name, model, str(length), *row(found)]), "|", flush=True)


if __name__ == "__main__":
    main()
