"""Bodies of answers."""

from __future__ import annotations

import json

import pytest

from textrnn.serve.http import json_line


@pytest.mark.parametrize("number", [1.5, float("nan"), float("inf")])
def test_a_document_is_one_line_whatever_its_numbers(number: float) -> None:
    line = json_line({"text": "一\n二", "nats": number})
    assert b"\n" not in line
    assert json.loads(line) == {"text": "一\n二", "nats": number if number == 1.5 else None}
