"""The command line of the memory experiments."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from textrnn.cli.flags import add_recipe, models_listed, named_settings, naming_flags
from textrnn.cli.output import command_line, program, say, shown
from textrnn.cli.tracking import add_flags as add_tracking_flags
from textrnn.cli.tracking import tracked
from textrnn.config import MEMORY_RECIPES, MemoryTrainConfig, SequenceConfig
from textrnn.errors import ConfigError, one_line, user_path
from textrnn.models.registry import all_models
from textrnn.tasks.memory.registry import DEFAULT_PROBLEM, all_experiments, all_problems
from textrnn.tasks.memory.request import MemoryRequest

DESCRIPTION = (
    "Experiments on the memory of recurrent networks. DigitSum: a network reads two digits, then zeros with another\n"
    "digit among them to lead it astray, and names the sum of the first two. The longer the sequence, the longer it\n"
    "has to remember. --problem names others, such as copying, parity and recall."
)
EXAMPLES = """examples:
  python run.py --task memory --model LSTM --lengths 10 15 20 25 30 35
  python run.py --task memory --model SRN ResidualSRN LSTM --lengths 10 20 35
  python run.py --task memory --experiment explosion
  python run.py --task memory --experiment gates --digits 6 7 0 0 1 0 0 0 0 0
  python run.py --task memory --problem parity --model SRN LSTM
  python run.py --task memory --experiment suite --problems parity recall --cells LSTM minGRU GatedDeltaNet
  python run.py --task memory --recipe textbook --seeds 3
"""
SAVE_DIR_HELP = "results go to DIR/memory/<experiment>_<models>, one page of all to DIR/memory"
SETTINGS = {"data": SequenceConfig, "training": MemoryTrainConfig}  # by the title in the help


def epilog() -> str:
    """What follows the flags in the help."""
    meanings = {
        "experiments": {name: experiment.meaning for name, experiment in all_experiments().items()},
        "problems": {name: problem.meaning for name, problem in all_problems().items()},
        "recipes": {name: recipe.meaning for name, recipe in MEMORY_RECIPES.items()},
    }
    experiments, problems, recipes = (
        f"{title}:\n" + "".join(f"  {name:<{_width(listed)}}{meaning}\n" for name, meaning in listed.items())
        for title, listed in meanings.items()
    )
    models = f"models:\n{models_listed(all_models('memory'))}\n"
    return "\n".join([experiments, _defaults(), problems, models, recipes, EXAMPLES])


def _width(names: Iterable[str]) -> int:
    """Of the column of names: 16, or more where one is longer."""
    return max(16, *(len(name) + 2 for name in names))


def _defaults() -> str:
    """Which experiments have other defaults than the flags tell, and which."""
    usual = [name for name, known in all_experiments().items() if known.trains == "sequences" and not known.defaults]
    others = [f"  {name}: {known.defaults}\n" for name, known in all_experiments().items() if known.defaults]
    return f"the defaults above are those of {', '.join(usual[:-1])} and {usual[-1]};\n{''.join(others)}"


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags that only this task has."""
    models, experiments, problems = all_models("memory"), all_experiments(), all_problems()
    first, digits = experiments["lengths"], problems[DEFAULT_PROBLEM].examples[0]
    others = [known for known in experiments.values() if "model" in known.accepts and known.models != first.models]
    of_others = ", ".join(f"of {known.name} {' '.join(known.models)}" for known in others)
    main_group.add_argument(
        "--experiment", default="lengths", metavar="NAME", help=f"{', '.join(experiments)} (default: lengths)"
    )
    main_group.add_argument(
        "--model",
        nargs="+",
        default=[],
        metavar="NAME",
        help=f"one or several of {', '.join(models)} (default: {' '.join(first.models)}; {of_others})",
    )
    main_group.add_argument(
        "--lengths",
        nargs="+",
        type=_whole_number,
        default=[],
        metavar="N",
        help="digits in a sequence, the most where a problem mixes lengths; of normalisation, tokens of padded texts "
        f"(default: {' '.join(map(str, first.lengths))}; of most other problems 40)",
    )
    main_group.add_argument(
        "--problem", metavar="NAME", help=f"what is learnt: {', '.join(problems)} (default: {DEFAULT_PROBLEM})"
    )
    main_group.add_argument(
        "--digits",
        nargs="+",
        type=_whole_number,
        metavar="N",
        help=f"the sequence whose gates are drawn (default: {' '.join(map(str, digits))})",
    )
    main_group.add_argument(
        "--second-digits", nargs="+", type=_whole_number, metavar="N", help="a sequence that is drawn beside that one"
    )
    suite = experiments["suite"]
    main_group.add_argument(
        "--problems",
        nargs="+",
        default=[],
        metavar="NAME",
        help=f"rows of suite: problems, or all for {len(suite.every_problem)} of them (default: "
        f"{' '.join(suite.problems)})",
    )
    main_group.add_argument(
        "--cells",
        nargs="+",
        default=[],
        metavar="NAME",
        help="columns of suite: models, NAME:3 for three layers, or all for "
        f"{' '.join(suite.every_cell)} (default: {' '.join(suite.cells)})",
    )
    main_group.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="of suite, which learn side by side (default: as many as there are processors)",
    )
    add_recipe(main_group, MEMORY_RECIPES)
    main_group.add_argument(
        "--seeds",
        type=int,
        metavar="N",
        help="train with so many seeds, from --seed on, for mean and spread (default: 1)",
    )
    main_group.add_argument(
        "--dataset", metavar="NAME|DIR|FILE", help="what the classifiers of normalisation learn (default: headlines)"
    )
    add_tracking_flags(main_group)
    resumable = ", ".join(name for name, known in experiments.items() if known.resumable)
    main_group.add_argument(
        "--resume", action="store_true", help=f"go on after the last training that was finished ({resumable})"
    )


def to_request(options: argparse.Namespace) -> MemoryRequest:
    """Flags -> request.

    Raises:
        ConfigError: for a value out of bounds, or what the experiment has no use for.
    """
    for tracker in ("tensorboard", "mlflow"):
        if options.experiment == "suite" and getattr(options, tracker, None) is not None:
            raise ConfigError(
                f"`{tracker}`: of no use to the suite experiment, which has hundreds of trainings; leave it out"
            )
    return MemoryRequest(
        experiment=options.experiment,
        models=tuple(options.model),
        lengths=tuple(options.lengths),
        problem=options.problem,
        digits=None if options.digits is None else tuple(options.digits),
        second_digits=None if options.second_digits is None else tuple(options.second_digits),
        seeds=options.seeds,
        dataset=options.dataset,
        problems=_separated(options.problems),
        cells=_separated(options.cells),
        processes=options.processes,
        named=named_settings("memory", options),
        save_dir=user_path(options.save_dir, "save_dir"),
        resume=options.resume,
    )


def run(options: argparse.Namespace) -> None:
    """Do what was asked for."""
    request = to_request(options)
    from textrnn.tasks.memory.experiments import run as run_experiment

    # In a log file, a line for each training says enough; the bar is for eyes.
    quiet = options.quiet or not sys.stderr.isatty()
    with shown(quiet=quiet, say=say, throughout=True) as (shower, _), tracked(options, shower) as listener:
        page = run_experiment(request, listener)
    folders = ", ".join(map(str, request.folders))
    say(f"saved in {folders}; all experiments are shown in {page}")
    if request.experiment == "gates":
        naming = {
            "task": "memory",
            "experiment": "gates",
            "model": () if request.models == ("LSTM",) else request.models,
            "lengths": request.lengths,
            "problem": request.problem,
            **request.named,
            "save_dir": str(request.save_dir),
            "digits": _another_sequence(request),
        }
        again = command_line([*program(), *naming_flags(naming)])
        say(f"another sequence (--second-digits draws one beside it):\n  {again}")


def _separated(names: Iterable[str]) -> tuple[str, ...]:
    """Names with blanks or commas between them."""
    return tuple(name for part in names for name in part.split(",") if name)


def _another_sequence(request: MemoryRequest) -> tuple[int, ...]:
    """One whose gates might be drawn next: of the length that was learnt, or of any where lengths are mixed."""
    problem = request.problem_entry
    return problem.examples[-1][: None if problem.mixes_lengths else request.lengths[0]]


def _whole_number(text: str) -> int:
    """A whole number, of a list of them."""
    try:
        return int(text)
    except ValueError as error:
        raise ConfigError(f"{one_line(text, widest=40)!r}: expected whole numbers, separated by spaces") from error
