"""POST /v1/classify: the model's own answers, however requests are gathered; and every refusal, word by word."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import small_rows
from tests.serve.conftest import CLASSIFIER, LANGUAGE_MODEL
from tests.serve.running import Running, running
from textrnn.saved.classifier import Classifier
from textrnn.serve.batching import Batcher, compute
from textrnn.serve.http import RequestError
from textrnn.serve.limits import DEFAULT
from textrnn.serve.metrics import Metrics
from textrnn.serve.shelf import Loaded

TEXTS = [text for text, _ in small_rows(60, seed=5)]


def probabilities(classifier: Classifier, answers: list[dict[str, Any]]) -> np.ndarray:
    """What was answered, in the order of the model's classes."""
    return np.array(
        [
            [{c["label"]: c["probability"] for c in answer["classes"]}[name] for name in classifier.class_names]
            for answer in answers
        ]
    )


def test_one_text(client: httpx.Client, classifier: Classifier) -> None:
    found = client.post("/v1/classify", json={"text": TEXTS[0], "top_k": 3})
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/json"
    document = found.json()
    (answer,) = document["answers"]
    assert document["model"] == CLASSIFIER
    assert list(answer) == ["text", "label", "probability", "classes", "note"]
    assert answer["text"] == TEXTS[0]
    assert answer["classes"][0] == {"label": answer["label"], "probability": answer["probability"]}
    assert answer["note"] is None
    expected = classifier.predict_probabilities([TEXTS[0]])
    np.testing.assert_allclose(probabilities(classifier, [answer]), expected, atol=1e-6)


def test_many_texts_are_answered_in_their_order(client: httpx.Client, classifier: Classifier) -> None:
    texts = [*TEXTS, "", "A" * 5000, "不认识"]
    document = client.post("/v1/classify", json={"texts": texts, "model": CLASSIFIER}).json()
    assert [answer["text"] for answer in document["answers"]] == texts
    expected = classifier.predict_probabilities(texts)
    np.testing.assert_allclose(probabilities(classifier, document["answers"]), expected, atol=1e-6)
    assert document["answers"][len(TEXTS)]["note"] == "the text is empty; the answer is a guess"


def test_more_than_a_batch(client: httpx.Client, classifier: Classifier) -> None:
    texts = (TEXTS * 20)[:1000]
    document = client.post("/v1/classify", json={"texts": texts, "top_k": 1}).json()
    labels = [classifier.class_names[index] for index in classifier.predict_probabilities(texts).argmax(axis=1)]
    assert [answer["label"] for answer in document["answers"]] == labels
    assert all(len(answer["classes"]) == 1 for answer in document["answers"])


def test_requests_at_once_get_their_own_answers(served: Running, classifier: Classifier) -> None:
    generator = random.Random(0)
    asked = [generator.sample(TEXTS, generator.randint(1, 5)) for _ in range(150)]

    async def ask() -> list[dict[str, Any]]:
        async with httpx.AsyncClient(base_url=served.client.base_url, timeout=30) as client:
            found = await asyncio.gather(
                *(client.post("/v1/classify", json={"texts": texts, "top_k": 3}) for texts in asked)
            )
        return [response.json() for response in found]

    batches = "textrnn_batch_texts_count"
    before = served.server.application.metrics.registry.get_sample_value(batches) or 0
    for texts, document in zip(asked, asyncio.run(ask()), strict=True):
        assert [answer["text"] for answer in document["answers"]] == texts
        expected = classifier.predict_probabilities(texts)
        np.testing.assert_allclose(probabilities(classifier, document["answers"]), expected, atol=1e-6)
    after = served.server.application.metrics.registry.get_sample_value(batches) or 0
    assert after - before < len(asked), "none were gathered"


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        ({}, 422, "wrong_fields", "expected either `text` or `texts`"),
        ({"text": "a", "texts": ["b"]}, 422, "wrong_fields", "expected either `text` or `texts`"),
        ({"text": " \n"}, 422, "empty_text", "`text`: it is empty; expected a text"),
        ({"texts": []}, 422, "empty_text", "`texts`: it is empty; expected a text at least"),
        ({"text": None}, 422, "wrong_fields", "`text`: input should be a valid string"),
        ({"text": 3}, 422, "wrong_fields", "`text`: input should be a valid string"),
        ({"texts": ["a", None]}, 422, "wrong_fields", "`texts.1`: input should be a valid string"),
        ({"text": "a", "top_k": "3"}, 422, "wrong_fields", "`top_k`: input should be a valid integer"),
        ({"text": "a", "top_k": 0}, 422, "wrong_fields", "`top_k`: input should be greater than or equal to 1"),
        (
            {"text": "a", "modle": "x"},
            422,
            "wrong_fields",
            "`modle`: no such field; expected any of: text, texts, model, top_k, explain; did you mean model?",
        ),
        ({"text": "a" * 100_001}, 422, "text_too_long", "`text`: string should have at most 100000 characters"),
        (
            {"texts": ["a"] * 1001},
            422,
            "too_many_texts",
            "`texts`: list should have at most 1000 items after validation, not 1001",
        ),
        (
            {"texts": ["a"] * 17, "explain": True},
            422,
            "too_many_texts",
            "`explain`: 17 texts; expected at most 16",
        ),
        (
            {"text": "a", "model": "小数据/LSTMM"},
            404,
            "unknown_model",
            "`model` 小数据/LSTMM: no such model; did you mean 小数据/LSTM?; see /v1/models",
        ),
        (
            {"text": "a", "model": LANGUAGE_MODEL},
            404,
            "unknown_model",
            "`model` 我的/lm_LSTM: a language model; expected a classifier",
        ),
        ([], 422, "wrong_fields", "not a JSON object; expected one with fields"),
        ("text", 422, "wrong_fields", "not a JSON object; expected one with fields"),
    ],
)
def test_refused_requests(client: httpx.Client, body: Any, status: int, code: str, message: str) -> None:
    found = client.post("/v1/classify", json=body)
    assert found.status_code == status
    assert found.json() == {"error": {"status": status, "code": code, "message": message}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON in UTF-8: EOF while parsing a value at line 1 column 0"),
        (b"{", "not JSON in UTF-8: EOF while parsing an object at line 1 column 1"),
        (b'{"text": "\xff"}', None),
        ('{"text": "央"}'.encode("gb18030"), None),
        ('{"text": "央"}'.encode("utf-16"), None),
        (b'{"text": "\\ud800"}', None),
        (b'{"texts": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", None),
        (b"\0" * 1000, None),
    ],
)
def test_bodies_that_are_no_json(client: httpx.Client, content: bytes, message: str | None) -> None:
    found = client.post("/v1/classify", content=content, headers={"content-type": "application/json"})
    assert found.status_code == 400
    error = found.json()["error"]
    assert (error["status"], error["code"]) == (400, "bad_json")
    assert error["message"].startswith("not JSON in UTF-8: ")
    assert message is None or error["message"] == message


@pytest.mark.parametrize(
    "content",
    [
        b'{"text": NaN}',
        b'{"text": "a", "top_k": 1e999}',
        b'{"text": "a", "top_k": ' + b"9" * 10_000 + b"}",
        b'{"text": "a", "top_k": true}',
        b'{"text": "a", "explain": 1}',
    ],
)
def test_numbers_that_are_none(client: httpx.Client, content: bytes) -> None:
    found = client.post("/v1/classify", content=content, headers={"content-type": "application/json"})
    assert found.status_code in (400, 422)
    assert found.json()["error"]["code"] in ("bad_json", "wrong_fields")


def test_of_a_field_given_twice_the_last_counts(client: httpx.Client) -> None:
    headers = {"content-type": "application/json; charset=UTF-8"}
    found = client.post("/v1/classify", content='{"text": "猫", "text": "狗"}'.encode(), headers=headers)
    assert found.json()["answers"][0]["text"] == "狗"


@pytest.mark.parametrize(
    "text", ["a\0b", "\x1b[31m红", "\ufeff猫", "e\u0301" * 50, "👩‍👩‍👧", "\u202e倒", "猫\r\n狗\u2028"]
)
def test_odd_texts_come_back_as_they_were(client: httpx.Client, classifier: Classifier, text: str) -> None:
    (answer,) = client.post("/v1/classify", json={"text": text}).json()["answers"]
    assert answer["text"] == text
    np.testing.assert_allclose(probabilities(classifier, [answer]), classifier.predict_probabilities([text]), atol=1e-6)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "wrong_content_type"),
        ({"content-type": "text/plain"}, "wrong_content_type"),
        ({"content-type": "application/x-www-form-urlencoded"}, "wrong_content_type"),
        ({"content-type": "application/json; charset=gbk"}, "wrong_content_type"),
        ({"content-type": "application/json", "content-encoding": "gzip"}, "wrong_content_encoding"),
    ],
)
def test_other_content(client: httpx.Client, headers: dict[str, str], code: str) -> None:
    found = client.post("/v1/classify", content=b'{"text": "a"}', headers=headers)
    assert (found.status_code, found.json()["error"]["code"]) == (415, code)


def test_a_body_that_is_too_large(client: httpx.Client) -> None:
    found = client.post("/v1/classify", json={"text": "x" * 5_000_000})
    assert found.status_code == 413
    assert found.json()["error"]["message"] == "a body of more than 4,194,304 bytes; expected less"


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "text": ANY_JSON | st.text(),
        "texts": st.lists(st.text(max_size=10) | ANY_JSON, max_size=5),
        "model": st.sampled_from([CLASSIFIER, LANGUAGE_MODEL, "", "../..", None]) | ANY_JSON,
        "top_k": st.integers(-3, 10) | ANY_JSON,
        "explain": st.just(False) | ANY_JSON.filter(lambda value: value is not True),
    },
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | FIELDS.map(lambda value: json.dumps(value).encode()))
def test_no_body_is_an_error_of_the_server(client: httpx.Client, body: bytes) -> None:
    found = client.post("/v1/classify", content=body, headers={"content-type": "application/json"})
    assert found.status_code in (200, 400, 404, 422)
    if found.status_code != 200:
        assert found.json()["error"]["status"] == found.status_code


def test_a_full_queue(models_folder: Path) -> None:
    limits = replace(DEFAULT, queued_texts=10)

    async def ask(base_url: httpx.URL) -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=base_url, timeout=30) as client:
            wanted = {"texts": TEXTS[:8]}
            return await asyncio.gather(*(client.post("/v1/classify", json=wanted) for _ in range(60)))

    with running(models_folder, limits=limits) as served:
        found = asyncio.run(ask(served.client.base_url))
    refused = [response for response in found if response.status_code != 200]
    assert 0 < len(refused) < len(found)
    for response in refused:
        assert response.status_code == 429
        assert response.headers["retry-after"] == "1"
        assert response.json()["error"]["code"] == "queue_full"


def batcher_with(classifier: Classifier, texts_of_requests: list[list[str]], monkeypatch: Any, work: Any) -> list[Any]:
    """What several requests get where the computing is done by `work`."""
    monkeypatch.setattr("textrnn.serve.batching.compute", work)
    loaded = Loaded(None, classifier, b'"x"', 0.0)  # type: ignore[arg-type]

    async def ask() -> list[Any]:
        batcher = Batcher(replace(DEFAULT, request_seconds=0.3), Metrics())

        async def expire() -> None:
            while True:
                await asyncio.sleep(0.05)
                batcher.expire(asyncio.get_running_loop().time())

        expiring = asyncio.create_task(expire())
        wanted = (batcher.classify(loaded, texts, 1) for texts in texts_of_requests)
        found = await asyncio.gather(*wanted, return_exceptions=True)
        expiring.cancel()
        batcher.close()
        return found

    return asyncio.run(ask())


def test_a_text_that_cannot_be_computed_harms_no_other(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(model: Classifier, wanted: Any) -> Any:
        if any("bad" in texts for texts, _ in wanted):
            raise ZeroDivisionError
        return compute(model, wanted)

    found = batcher_with(classifier, [["猫"], ["bad"], ["狗", "山"]], monkeypatch, work)
    assert isinstance(found[1], ZeroDivisionError)
    assert [len(found[0]), len(found[2])] == [1, 2]


def test_what_takes_too_long_is_told(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    def work(model: Classifier, wanted: Any) -> Any:
        time.sleep(0.8)
        return [[b""] for _ in wanted]

    found = batcher_with(classifier, [["猫"], ["狗"]], monkeypatch, work)
    assert [type(error) for error in found] == [RequestError] * 2
    assert {str(error) for error in found} == {"not done within 0.3 seconds; ask for less at once"}
    assert {error.status for error in found} == {503}


def test_errors_of_the_server_tell_nothing(
    models_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def work(model: Classifier, wanted: Any) -> Any:
        raise ValueError("秘密 in a folder")

    monkeypatch.setattr("textrnn.serve.batching.compute", work)
    with running(models_folder) as served:
        found = served.client.post("/v1/classify", json={"text": "秘密"})
    assert found.status_code == 500
    assert found.json()["error"] == {
        "status": 500,
        "code": "internal_error",
        "message": "an error of the server, which its log has",
    }
    (line,) = [record.getMessage() for record in caplog.records if "ValueError" in record.getMessage()]
    assert line.startswith("POST /v1/classify: ValueError in ")
    assert "秘密" not in line
    assert "/home" not in line
