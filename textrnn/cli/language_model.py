"""The command line of the character language model."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.cli import export, search, serve
from textrnn.cli.flags import SAVE_DIR, add_recipe, models_listed, named_settings, naming_flags
from textrnn.cli.output import Say, Teller, command_line, program, say, say_aside, shown, write
from textrnn.cli.tracking import add_flags as add_tracking_flags
from textrnn.cli.tracking import tracked
from textrnn.config import (
    LANGUAGE_MODEL_RECIPES,
    USUAL_TEMPERATURE,
    CorpusConfig,
    GenerationConfig,
    LanguageModelTrainConfig,
    Run,
)
from textrnn.corpus.sources import STDIN
from textrnn.corpus.texts import corpus_name, several
from textrnn.errors import ConfigError, user_path
from textrnn.models.registry import all_models, find_model
from textrnn.tasks.settings import combine

if TYPE_CHECKING:
    from textrnn.saved.character_model import CharacterModel

DESCRIPTION = (
    "A character language model: learns to write like a text, with perplexity tracked\nwhile it trains, then continues "
    "and scores texts."
)
TEXTS = """texts:
  timemachine, tinyshakespeare (downloaded once), story (ships with the project), NAME for NAME.txt in data/ or in a
  folder of $TEXTRNN_DATA, or any text files, folders of them and archives (.gz, .bz2, .xz, .zip, .tar), one after the
  other; timemachine and story are read as letters and spaces, others as they are
"""
EXAMPLES = """examples:
  python run.py --task lm --predict "time "
  python run.py --task lm --corpus my_text.txt --budget 60
  python run.py --task lm --predict "time " --length 300 --temperature 0.7 --seed 3
  python run.py --task lm --score other_text.txt
  python run.py --task lm --recipe d2l
"""
PASSAGES, PASSAGE_WIDTH = 5, 40
SAVE_DIR_HELP = "models go to DIR/<text>/lm_<model>; with --predict or --score, also a model folder itself"
SETTINGS = {  # by the title in the help
    "what --predict writes (--seed is that of the draw, too)": GenerationConfig,
    "text": CorpusConfig,
    "training": LanguageModelTrainConfig,
}


def epilog() -> str:
    """What follows the flags in the help."""
    recipes = "\n".join(f"  {name:<14}{recipe.meaning}" for name, recipe in LANGUAGE_MODEL_RECIPES.items())
    return f"models:\n{models_listed(all_models('lm'))}\n\nrecipes:\n{recipes}\n\n{TEXTS}\n{EXAMPLES}"


def add_flags(main_group: argparse._ArgumentGroup) -> None:
    """The flags that only this task has."""
    models = ", ".join(all_models("lm"))
    main_group.add_argument("--model", metavar="NAME", help=f"{models} (default: LSTM)")
    add_recipe(main_group, LANGUAGE_MODEL_RECIPES)
    main_group.add_argument(
        "--predict",
        nargs="+",
        metavar="PREFIX",
        help="continue these beginnings with the saved model (trained first where there is none); - reads stdin",
    )
    main_group.add_argument(
        "--score",
        metavar="FILE",
        help="how probable a text is to the saved model, and where it surprises it: a file, a folder, a name as for "
        "--corpus, or - for stdin",
    )
    export.add_flags(main_group)
    main_group.add_argument("--output", metavar="DIR", help="with --export: the folder to write")
    serve.add_flags(main_group)
    search.add_flags(main_group)
    add_tracking_flags(main_group)
    main_group.add_argument("--resume", action="store_true", help="go on with a run that was stopped or killed")


def to_run(options: argparse.Namespace) -> Run:
    """Flags -> run.

    Raises:
        ConfigError: for a value out of bounds, or a recipe that is not known.
    """
    _generation(options)
    _refuse(options)
    named = named_settings("lm", options)
    model, corpus = find_model(options.model or "LSTM", "lm").name, several(named.get("corpus", CorpusConfig().corpus))
    folder = user_path(options.save_dir, "save_dir") / corpus_name(corpus) / f"lm_{model}"
    run = Run("lm", model, named, folder, resume=options.resume)
    combine(run)  # what is wrong shows before anything heavy is imported
    return run


def _refuse(options: argparse.Namespace) -> None:
    """Flags that do not go together.

    Raises:
        ConfigError: that names one.
    """
    for door in (search, export, serve):
        door.refuse(options)
    if options.export is None and options.output is not None:
        raise ConfigError("`output`: belongs to `export`; expected `export=onnx` beside it")
    doors = [name for name in ("search", "export", "serve") if getattr(options, name)]
    texts = [name for name in ("predict", "score") if getattr(options, name) is not None]  # these two go together
    if doors and len(doors) + len(texts) > 1:
        other = [*texts, *doors[1:]][0]
        raise ConfigError(f"`{other}`: cannot stand beside `{doors[0]}`; expected one of them")


def _generation(options: argparse.Namespace) -> GenerationConfig:
    """How a text is continued."""
    fields = GenerationConfig.__dataclass_fields__
    return GenerationConfig(**{name: value for name, value in vars(options).items() if name in fields})


def run(options: argparse.Namespace) -> int:
    """Do what was asked for, and give the exit status."""
    asked = to_run(options)
    for name, door in (("search", search), ("serve", serve)):
        if getattr(options, name):
            status: int = door.run(asked, options)
            return status
    if options.predict is None and options.score is None and options.export is None:
        done = _train(asked, options, say=say)
        naming = {
            "task": "lm",
            "model": None if asked.model_name == "LSTM" else asked.model_name,
            "corpus": asked.named.get("corpus"),
            "save_dir": str(user_path(options.save_dir, "save_dir")),
        }
        if STDIN in several(asked.named.get("corpus", ())):  # is not there a second time
            naming = {"task": "lm", "save_dir": str(done.folder)}
        flags = command_line([*program(), *naming_flags(naming)])
        say(f'saved in {done.folder} (open report.html). Try it:\n  {flags} --predict "..."')
        return 0
    prefixes = None if options.predict is None else _prefixes(options.predict)
    asked, folder = _trained(asked, options, prefix=prefixes[0] if prefixes else None)

    from textrnn.tasks.answers import open_language_model

    model = open_language_model(asked, folder, Teller(say_aside))
    if options.export is not None:
        _export(model, folder, options)
    if prefixes is not None:
        config = _generation(options)
        for index, prefix in enumerate(prefixes):
            if index and config.greedy:
                write("\n")
            _continue(model, prefix, config, seed=int(asked.named.get("seed", 0)))
    if options.score is not None:
        _score(model, options.score, asked.named.get("encoding"))
    return 0


def _export(model: CharacterModel, folder: Path, options: argparse.Namespace) -> None:
    from textrnn.tasks.export import export_language_model

    done = export_language_model(model, export.target(folder, options), int8=options.int8)
    export.tell(done, apart="held-out", unit="characters", figure="nats a character", example="time ")


def _train(run: Run, options: argparse.Namespace, *, say: Say, prefix: str | None = None) -> Run:
    from textrnn.tasks.language_model import train

    with shown(quiet=options.quiet, say=say) as (shower, download_bar), tracked(options, shower) as listener:
        return train(run, listener, on_download=download_bar, prefix=prefix)[0]


def _trained(asked: Run, options: argparse.Namespace, *, prefix: str | None) -> tuple[Run, Path]:
    """The run in its data's own folder, and the folder of the saved model, trained first where there is none.

    Args:
        prefix: what it continues while it learns.
    """
    from textrnn.saved.folder import is_saved
    from textrnn.tasks.common import can_go_on
    from textrnn.tasks.language_model import fall_back_to_story
    from textrnn.tasks.model_folders import find_saved, placed, refuse_mistyped_model

    save_dir, model_named = user_path(options.save_dir, "save_dir"), options.model is not None
    run = placed(asked)
    folder = find_saved(run, save_dir, Teller(say_aside), model_named=model_named)
    if folder is not None:
        return run, folder
    other = fall_back_to_story(run)
    if other is not run and other.folder is not None and is_saved(other.folder):
        corpora = (" ".join(combine(either).data.corpus) for either in (run, other))
        say_aside("note: {} is not here; answering with the saved model of {}".format(*corpora))
        return run, other.folder
    refuse_mistyped_model(other, save_dir, model_named=model_named, usual=Path(SAVE_DIR))
    # The seed named here is that of the draw: an unfinished run with another one is still the run to finish.
    seedless = {name: value for name, value in other.named.items() if name != "seed"}
    unfinished = dataclasses.replace(other, named=seedless, resume=True)
    if can_go_on(unfinished):
        other = unfinished
    say_aside(f"no saved model in {other.folder}: {'finishing' if other.resume else 'training'} it first")
    done = _train(other, options, say=say_aside, prefix=prefix)
    assert done.folder is not None
    say_aside(f"saved in {done.folder} (open report.html)")
    return done, done.folder


def _prefixes(given: Sequence[str]) -> list[str]:
    """The beginnings to continue; ``-`` stands for all of stdin."""
    return [_from_stdin() if prefix == "-" and sys.stdin is not None else prefix for prefix in given]


def _from_stdin() -> str:
    from textrnn.corpus.readers import decode

    return decode(b"" if sys.stdin is None else sys.stdin.buffer.read(), Path("stdin"))[0]


def _continue(model: CharacterModel, prefix: str, config: GenerationConfig, *, seed: int) -> None:
    """Print what follows a prefix as it comes: the likeliest and, unless it was said how to draw, something drawn."""
    body, notes = model.read_prefix(prefix)
    for note in notes:
        Teller(say_aside).on_note(note)
    ways = {"": config}
    if config.greedy:
        drawing = dataclasses.replace(config, temperature=USUAL_TEMPERATURE)
        ways = {"likeliest: ": config, f"drawn (temperature {USUAL_TEMPERATURE}, seed {seed}): ": drawing}
    for label, way in ways.items():
        write(label + body)
        for character in model.stream(prefix, way, seed=seed):
            write(character)
        write("\n")


def _score(model: CharacterModel, file: str, encoding: str | None) -> None:
    from textrnn.report.text import shortened
    from textrnn.tasks.answers import score_file

    score = score_file(model, file, encoding)
    unknown = model.unknown_share(score)
    if unknown:
        say_aside(
            f"note: {unknown:.2%} of these characters are unknown to the model; it takes all of them for the same"
        )
    say(
        f"{file}: {score.characters:,} characters; {score.nats_per_char:.4f} nats and {score.bits_per_char:.4f} bits a "
        f"character, perplexity {score.perplexity:.3f}"
    )
    say("most surprising passages (nats a character, from which character on):")
    for start, passage, nats in score.surprising(PASSAGES, PASSAGE_WIDTH):
        say(f"  {nats:6.3f}  {start:>9,}  {shortened(passage, 2 * PASSAGE_WIDTH)}")
