"""Writes docs/options.md from the flags of the three tasks: ``python docs/make_options.py``.

A test compares the page with what this module makes of the flags, so that the two cannot drift apart.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]  # from anywhere, without an installation

from textrnn.cli import TASKS, build_parser  # noqa: E402
from textrnn.cli.flags import flag  # noqa: E402
from textrnn.config import TASK_CONFIGS, Recipe  # noqa: E402
from textrnn.models.registry import all_models  # noqa: E402

PAGE = ROOT / "docs" / "options.md"
BEGINNING = """# All options

Every flag of the three tasks, with its meaning and its default. From Python, a setting has the name of its flag with
underscores: `--hidden-size` is `hidden_size`. The same in the terminal: `python run.py --help`,
`python run.py --task lm --help`, `python run.py --task memory --help`.

Where a default is a rule ("fewer where rows are few"), the value is chosen when the data is known; the saved model's
[config.json](model-folder.md#configjson) has the one that was taken, and its report the command that repeats the run.
A flag without a default does nothing unless it is there. Those that most people want are explained on other pages:
[classification](classification.md#options-you-will-want), [language models](language-models.md#options-you-will-want),
[memory](memory.md#all-experiments).
"""
TITLES = {
    "classify": "Text classification",
    "lm": "Language models (`--task lm`)",
    "memory": "Memory (`--task memory`)",
}


def page() -> str:
    """The whole page."""
    parts = [BEGINNING]
    for task in TASKS:
        parts.append(f"## {TITLES[task]}\n")
        for title, actions in _groups(task):
            rows = [_row(task, action) for action in actions]
            head = f"### {_title(task, title)}\n\n| flag | meaning | default |\n|---|---|---|"
            parts.append("\n".join([head, *rows, ""]))
        recipes = TASK_CONFIGS[task].recipes
        if recipes:
            parts.append(_recipes(task, recipes))
    return "\n".join(parts)


def _groups(task: str) -> Iterator[tuple[str, list[argparse.Action]]]:
    """The groups of a task's help, without what every program has."""
    for group in build_parser(task)._action_groups:
        actions = [action for action in group._group_actions if action.dest not in ("help", "version", "task")]
        if actions:
            yield str(group.title), actions


def _title(task: str, title: str) -> str:
    """``data`` -> ``Data (classify)``: headings on one page need names of their own to be linked."""
    title = re.sub(r" \(.*", "", title).replace("--predict", "`--predict`")
    return f"{title[0].upper()}{title[1:]} ({task})"


def _row(task: str, action: argparse.Action) -> str:
    """One line of a table."""
    meaning, default = _split_default((action.help or "").replace("%%", "%"))
    is_of_models = any(action.dest in model.config_class.__dataclass_fields__ for model in all_models(task).values())
    if not default and is_of_models:  # the help of a model's setting ends with its defaults: (128; GRU, LSTM 192)
        meaning, default = _split_at_end(meaning)
    if isinstance(action.default, bool) or isinstance(action, argparse.BooleanOptionalAction):
        default = default if default.startswith("found") or default.startswith("where") else _switch(task, action)
    names = ", ".join(f"`{text}`" for text in action.option_strings)
    return f"| {names}{_values(action)} | {_cell(meaning)} | {_cell(default)} |"


def _values(action: argparse.Action) -> str:
    """What stands behind the flag."""
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return ""
    shown = action.metavar or (f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper())
    text = " ".join(shown) if isinstance(shown, tuple) else str(shown)
    alternatives = text.strip("{}").split("," if text.startswith("{") else "|")
    return " " + r" \| ".join(alternatives) + (" ..." if action.nargs in ("+", "*") else "")


def _split_default(text: str) -> tuple[str, str]:
    """``passes (default: 6; more where rows are few)`` -> the meaning, and the default or nothing."""
    found = re.fullmatch(r"(.*?) ?\(default:? ((?:[^()]|\([^()]*\))*)\)", text)
    return (found[1], found[2]) if found else (text, "")


def _split_at_end(text: str) -> tuple[str, str]:
    """``units (128; GRU, LSTM 192)`` -> the meaning, and what stands in the last parentheses or nothing."""
    found = re.fullmatch(r"(.*) \(([^()]*)\)", text)
    return (found[1], found[2]) if found else (text, "")


def _switch(task: str, action: argparse.Action) -> str:
    """Whether a switch is on where nothing is said."""
    groups = [TASK_CONFIGS[task].data, TASK_CONFIGS[task].training]
    groups += [model.config_class for model in all_models(task).values()]
    declared = [entry.default for group in groups for entry in dataclasses.fields(group) if entry.name == action.dest]
    return "on" if (declared[0] if declared else action.default) else "off"


def _cell(text: str) -> str:
    """Text as Markdown shows it: no bar that ends the cell, no tag that vanishes."""
    text = text.replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"(?<![\w`-])(--[a-z][a-z-]*[a-z])", r"`\1`", text)


def _recipes(task: str, recipes: Mapping[str, Recipe]) -> str:
    """What each recipe sets."""
    lines = [f"### Recipes ({task})\n", "| `--recipe` | what it is | what it sets |", "|---|---|---|"]
    for name, recipe in recipes.items():
        settings = {**recipe.corpus, **recipe.model, **recipe.training}
        shown = ", ".join(
            f"`{flag(key if value else f'no_{key}')}`" if isinstance(value, bool) else f"`{flag(key)} {value}`"
            for key, value in settings.items()
        )
        lines.append(f"| `{name}` | {_cell(recipe.meaning)} | {shown or 'the defaults above'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
