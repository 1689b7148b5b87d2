"""Where a search looks: the ranges that settings are declared with, around the values they have otherwise."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from textrnn.config.base import Choices, Settings, Span, find_problem
from textrnn.config.run import RunSettings

Space = Mapping[str, Span | Choices]  # absolute, by the name of the setting
DIGITS = 3  # of a number that is tried: more of them mean nothing, and are hard to read


def space_of(settings: RunSettings[Any, Any, Any], fixed: Collection[str]) -> dict[str, Span | Choices]:
    """By name, where each setting is looked for; its value in `settings` is always there.

    Args:
        settings: the defaults, settled.
        fixed: names of settings that stay as they are.
    """
    found: dict[str, Span | Choices] = {}
    for group in settings.groups:
        for field, searched in _declared(group):
            if field.name not in fixed:
                place = _around(searched, field, getattr(group, field.name))
                if isinstance(place, Span) or len(place.values) > 1:
                    found[field.name] = place
    return found


def rounded(value: Any, place: Span | Choices) -> Any:
    """What is tried for what was drawn: a number with few digits; anything else as it is."""
    if isinstance(place, Choices):
        return value
    return few_digits(value) if place.log else round(value, DIGITS)


def few_digits(value: float) -> float:
    """A number as people would write it."""
    return float(f"{value:.{DIGITS}g}")


def _declared(group: Settings) -> Iterator[tuple[dataclasses.Field[Any], Span | Choices]]:
    for field in dataclasses.fields(group):
        if "searched" in field.metadata:
            yield field, field.metadata["searched"]


def _around(searched: Span | Choices, field: dataclasses.Field[Any], default: Any) -> Span | Choices:
    """The place with bounds of its own, within the limits of the field, and the default in it."""
    if isinstance(searched, Choices):
        values = searched.values
        if searched.of_default:
            values = tuple(max(1, round(factor * default)) for factor in values)
        allowed = [v for v in values if find_problem(field.name, v, type(v), _limits(field)) is None]
        return Choices(tuple(sorted({default, *allowed}, key=lambda v: (str(type(v)), v))))
    low, high = searched.low, searched.high
    if searched.of_default:
        low, high = low * default, high * default
    return Span(min(few_digits(low), float(default)), max(few_digits(high), float(default)), searched.log)


def _limits(field: dataclasses.Field[Any]) -> dict[str, Any]:
    return {name: limit for name, limit in field.metadata.items() if name != "fitted"}
