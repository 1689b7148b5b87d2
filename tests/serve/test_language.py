"""POST /v1/generate and /v1/score: the language model's own answers, as they come."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.serve.conftest import CLASSIFIER, LANGUAGE_MODEL
from tests.serve.running import Running, running, until
from textrnn.saved.character_model import CharacterModel
from textrnn.serve.limits import DEFAULT


def lines(found: httpx.Response) -> list[dict[str, Any]]:
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/x-ndjson"
    assert found.headers["textrnn-model"] == "%E6%88%91%E7%9A%84/lm_LSTM"
    return [json.loads(line) for line in found.text.splitlines()]


@pytest.mark.parametrize(
    "how",
    [{}, {"temperature": 0.7, "seed": 3}, {"temperature": 1.3, "top_k": 4}, {"top_p": 0.8, "seed": 2**63 - 1}],
)
def test_a_continuation(client: httpx.Client, language_model: CharacterModel, how: dict[str, Any]) -> None:
    prefix = "the traveller came "
    *characters, last = lines(client.post("/v1/generate", json={"prefix": prefix, "length": 100, **how}))
    assert last == {"done": True, "characters": 100}
    text = "".join(line["text"] for line in characters)
    assert prefix + text == language_model.generate(prefix, 100, **how)
    losses = language_model.score(prefix + text + "x").losses  # the last could be white space, which waits
    nats = [line["nats"] for line in characters]
    np.testing.assert_allclose(nats, losses[len(prefix) : len(prefix) + 100], atol=1e-4)


def test_nothing_before_and_nothing_after(client: httpx.Client) -> None:
    assert lines(client.post("/v1/generate", json={"length": 0})) == [{"done": True, "characters": 0}]
    assert len(lines(client.post("/v1/generate", json={"model": LANGUAGE_MODEL}))) == 51


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"length": 10_001}, 422, "`length`: input should be less than or equal to 10000"),
        ({"temperature": 0}, 422, "`temperature`: input should be greater than 0"),
        ({"top_p": 1.5}, 422, "`top_p`: input should be less than or equal to 1"),
        ({"seed": 2**63}, 422, "`seed`: input should be less than 9223372036854775808"),
        ({"prefix": None}, 422, "`prefix`: input should be a valid string"),
        ({"model": CLASSIFIER}, 404, "`model` 小数据/LSTM: a classifier; expected a language model"),
    ],
)
def test_refused_continuations(client: httpx.Client, body: Any, status: int, message: str) -> None:
    found = client.post("/v1/generate", json=body)
    assert (found.status_code, found.json()["error"]["message"]) == (status, message)


def test_characters_come_one_by_one_and_end_when_nobody_reads(served: Running) -> None:
    under_way = served.server.application.generate
    with served.client.stream("POST", "/v1/generate", json={"length": 10_000, "temperature": 1.0}) as found:
        first = next(found.iter_lines())
        assert set(json.loads(first)) == {"text", "nats"}
        assert under_way.under_way == 1
    until(lambda: under_way.under_way == 0)


def test_only_so_many_at_once(models_folder: Path) -> None:
    with running(models_folder, limits=replace(DEFAULT, generations=1)) as served:
        with served.client.stream("POST", "/v1/generate", json={"length": 10_000, "temperature": 1.0}):
            found = served.client.post("/v1/generate", json={})
            assert found.status_code == 429
            assert found.json()["error"]["message"] == "1 texts are being written; ask again in a second"
        until(lambda: served.server.application.generate.under_way == 0)
        assert served.client.post("/v1/generate", json={}).status_code == 200


def test_a_score(client: httpx.Client, language_model: CharacterModel) -> None:
    text = "what time is it?\n时间到了。 Ω"
    found = client.post("/v1/score", json={"text": text})
    score = language_model.score(text)
    document = found.json()
    assert list(document) == ["model", "characters", "nats_per_char", "bits_per_char", "perplexity", "surprise"]
    assert document["model"] == LANGUAGE_MODEL
    assert document["characters"] == score.characters
    assert "".join(each["text"] for each in document["surprise"]) == score.text
    np.testing.assert_allclose([each["nats"] for each in document["surprise"]], score.losses, atol=1e-5)
    for name in ("nats_per_char", "bits_per_char", "perplexity"):
        np.testing.assert_allclose(document[name], getattr(score, name), rtol=1e-5)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            {"text": ""},
            "empty_text",
            "`text`: nothing in it that the model reads; expected a text in its characters",
        ),
        ({"text": "a" * 20_001}, "text_too_long", "`text`: string should have at most 20000 characters"),
        ({}, "wrong_fields", "`text`: missing; expected a value"),
    ],
)
def test_refused_scores(client: httpx.Client, body: Any, code: str, message: str) -> None:
    found = client.post("/v1/score", json=body)
    assert found.json() == {"error": {"status": 422, "code": code, "message": message}}


def test_nothing_is_computed_for_clients_that_are_gone(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    scored = []

    def slow(loaded: Any, text: str) -> bytes:
        scored.append(text)
        time.sleep(0.3)
        return b"{}"

    monkeypatch.setattr("textrnn.serve.language._scored", slow)
    for text in "abcde":
        body = json.dumps({"text": text}).encode()
        head = f"POST /v1/score HTTP/1.1\r\nHost: localhost:{served.port}\r\nContent-Type: application/json\r\n"
        opened = served.raw(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        until(lambda: bool(scored))
        if text != "e":
            opened.close()
    assert opened.recv(100).startswith(b"HTTP/1.1 200 ")
    opened.close()
    assert scored == ["a", "e"]


def test_what_is_slow_is_bounded(models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(loaded: Any, text: str) -> bytes:
        time.sleep(0.4)
        return b"{}"

    monkeypatch.setattr("textrnn.serve.language._scored", slow)

    async def ask(base_url: httpx.URL) -> list[int]:
        async with httpx.AsyncClient(base_url=base_url) as client:
            found = await asyncio.gather(*(client.post("/v1/score", json={"text": "a"}) for _ in range(6)))
        return sorted(response.status_code for response in found)

    with running(models_folder, limits=replace(DEFAULT, waiting_jobs=2, request_seconds=0.5)) as served:
        assert asyncio.run(ask(served.client.base_url)) == [200, 429, 429, 429, 503, 503]
