"""What the server tells about its models, itself and its page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serve.conftest import CLASSIFIER, LANGUAGE_MODEL
from tests.serve.running import Running
from textrnn.report.spreadsheet import spreadsheet
from textrnn.serve import schemas
from textrnn.serve.address import listen
from textrnn.serve.endpoints import _errors
from textrnn.serve.http import Request
from textrnn.serve.limits import DEFAULT
from textrnn.serve.server import build_server
from textrnn.serve.static import read_page


def test_all_models(client: httpx.Client, models_folder: Path) -> None:
    models = client.get("/v1/models").json()["models"]
    of_id = {model["id"]: model for model in models}
    assert sorted(of_id) == sorted([CLASSIFIER, LANGUAGE_MODEL])
    metrics = json.loads((models_folder / CLASSIFIER / "metrics.json").read_text(encoding="utf-8"))
    classifier, language_model = of_id[CLASSIFIER], of_id[LANGUAGE_MODEL]
    assert classifier["task"] == "classify"
    assert classifier["model"] == "LSTM"
    assert classifier["data"] == "小数据"
    assert sorted(classifier["classes"]) == ["山水", "数字", "猫狗"]
    assert classifier["test"] == {name: metrics["test"][name] for name in ("accuracy", "macro_f1")}
    assert language_model["task"] == "lm"
    assert set(language_model["valid"]) == {"nats_per_char", "bits_per_char", "perplexity"}
    for model in models:
        schemas.ModelSummary.model_validate(model)


def test_one_model(client: httpx.Client, models_folder: Path) -> None:
    metrics = json.loads((models_folder / CLASSIFIER / "metrics.json").read_text(encoding="utf-8"))["test"]
    detail = client.get(f"/v1/models/{CLASSIFIER}").json()
    for name in ("labels", "confusion_matrix", "per_class"):
        assert detail[name] == metrics[name]
    schemas.ModelDetail.model_validate(detail)
    assert client.get(f"/v1/models/{LANGUAGE_MODEL}").json()["id"] == LANGUAGE_MODEL


def test_errors_of_a_model(client: httpx.Client, models_folder: Path) -> None:
    path = models_folder / CLASSIFIER / "errors.csv"
    rows = [("1", f"=1+{i}", "猫狗", "山水" if i % 2 else "数字", 0.5) for i in range(150)]
    before = path.read_bytes()
    path.write_bytes(spreadsheet(("line", "text", "true", "predicted", "probability"), rows))
    try:
        found = client.get(f"/v1/models/{CLASSIFIER}/errors").json()
        assert (len(found["texts"]), found["total"]) == (100, 150)
        assert found["texts"][0] == {"text": "=1+0", "true": "猫狗", "predicted": "数字", "probability": 0.5}
        cell = {"true": "猫狗", "predicted": "山水", "limit": "7"}
        found = client.get(f"/v1/models/{CLASSIFIER}/errors", params=cell).json()
        assert (len(found["texts"]), found["total"]) == (7, 75)
        assert {text["predicted"] for text in found["texts"]} == {"山水"}
        assert client.get(f"/v1/models/{CLASSIFIER}/errors?true=%E5%B1%B1%E6%B0%B4").json()["total"] == 0
    finally:
        path.write_bytes(before)


def test_errors_that_cannot_be_read_are_none(tmp_path: Path) -> None:
    path = tmp_path / "errors.csv"
    assert _errors(path) == []
    for content in (b"", b"a,b\n1,2\n", b"text,true,predicted,probability\na,b,c,x\n", b"\xff\xfe\0"):
        path.write_bytes(content)
        assert _errors(path) == []


@pytest.mark.parametrize(
    ("address", "status", "message"),
    [
        ("/v1/models/x/y", 404, "`model` x/y: no such model; see /v1/models"),
        ("/v1/models/", 404, "`model` : no such model; see /v1/models"),
        ("/v1/models/../../etc", 404, None),
        (f"/v1/models/{CLASSIFIER}/errors?limit=0", 422, "`limit`: expected a whole number from 1 to 1000"),
        (f"/v1/models/{CLASSIFIER}/errors?limit=²", 422, "`limit`: expected a whole number from 1 to 1000"),
        (f"/v1/models/{CLASSIFIER}/errors?true=x", 422, "no such class; see the `classes` of the model"),
        (
            f"/v1/models/{CLASSIFIER}/errors?of=x",
            422,
            "`of`: no such field; expected any of: limit, predicted, true",
        ),
        (
            f"/v1/models/{LANGUAGE_MODEL}/errors",
            404,
            f"`model` {LANGUAGE_MODEL}: a language model, which answers nothing wrong",
        ),
        ("/nowhere", 404, "nothing at this address; see /openapi.json"),
    ],
)
def test_what_is_not_there(client: httpx.Client, address: str, status: int, message: str | None) -> None:
    found = client.get(address)
    assert found.status_code == status
    assert message is None or found.json()["error"]["message"] == message


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("GET", "/v1/classify", "POST"),
        ("PUT", "/v1/score", "POST"),
        ("POST", "/v1/models", "GET, HEAD"),
        ("DELETE", f"/v1/models/{CLASSIFIER}", "GET, HEAD"),
        ("OPTIONS", "/v1/generate", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
def test_wrong_methods(client: httpx.Client, method: str, address: str, allowed: str) -> None:
    found = client.request(method, address)
    assert (found.status_code, found.headers["allow"]) == (405, allowed)
    assert found.json()["error"] == {"status": 405, "code": "wrong_method", "message": f"expected {allowed}"}


def test_health_and_metrics(served: Running) -> None:
    client = served.client
    assert client.get("/healthz").json() == {"status": "ready", "models": 2}
    assert client.head("/healthz").content == b""
    client.post("/v1/classify", json={"text": "猫"})
    client.post("/v1/classify", json={})
    client.get("/nowhere/" + "x" * 50)
    found = client.get("/metrics")
    assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'textrnn_requests_total{endpoint="/v1/classify",status="200"} ',
        'textrnn_requests_total{endpoint="/v1/classify",status="422"} ',
        'textrnn_request_seconds_bucket{endpoint="/healthz",le="0.001"} ',
        "textrnn_batch_texts_count ",
        "textrnn_queue_texts 0.0",
        "textrnn_models 2.0",
        "textrnn_models_loaded 2.0",
    ):
        assert f"\n{line}" in found.text
    assert "nowhere" not in found.text


def test_the_description_is_that_of_what_is_there(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {(path, method) for path, methods in document["paths"].items() for method in methods} == {
        ("/v1/classify", "post"),
        ("/v1/generate", "post"),
        ("/v1/score", "post"),
        ("/v1/models", "get"),
        ("/v1/models/{data}/{model}", "get"),
        ("/v1/models/{data}/{model}/errors", "get"),
        ("/healthz", "get"),
        ("/metrics", "get"),
    }
    errors = document["paths"]["/v1/classify"]["post"]["responses"]
    assert set(errors) == {"200", *map(str, (400, 401, 403, 404, 408, 413, 415, 422, 429, 503))}
    assert errors["429"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorAnswer"}
    answer = client.post("/v1/classify", json={"texts": ["猫", ""], "explain": False}).json()
    schemas.ClassifyAnswer.model_validate(answer)
    schemas.ScoreAnswer.model_validate(client.post("/v1/score", json={"text": "time"}).json())
    schemas.ErrorAnswer.model_validate(client.post("/v1/score", json={}).json())


def test_every_answer_says_that_it_is_what_it_is(client: httpx.Client) -> None:
    for address in ("/healthz", "/v1/models", "/nowhere", "/openapi.json"):
        headers = client.get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def request_with(headers: dict[str, str]) -> Request:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope: Any = {"method": "GET", "path": "/", "headers": pairs}
    return Request(scope, None, None)  # type: ignore[arg-type]


def test_files_of_the_page(tmp_path: Path) -> None:
    for name in ("index.html", "page.js", "page.css", "icon.svg", "notes.md", "x.py"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    files = read_page(tmp_path)
    assert sorted(files) == ["/", "/icon.svg", "/index.html", "/page.css", "/page.js"]
    answer = files["/"].answer(request_with({}))
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    assert (answer.status, answer.body) == (200, b"index.html")
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-security-policy"].startswith("default-src 'self'; ")
    assert headers["cache-control"] == "no-cache"
    for known in (headers["etag"], f"W/{headers['etag']}", f'"x", {headers["etag"]}'):
        again = files["/"].answer(request_with({"if-none-match": known}))
        assert (again.status, again.body) == (304, b"")
    assert files["/"].answer(request_with({"if-none-match": '"x"'})).status == 200
    types = {address: dict(file.headers)[b"content-type"] for address, file in files.items()}
    assert types["/page.js"] == b"text/javascript; charset=utf-8"
    assert types["/icon.svg"] == b"image/svg+xml"


def test_a_model_without_a_report(models_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "数据 1" / "a b"
    folder.mkdir(parents=True)
    for name in ("config.json", "labels.json", "model.safetensors", "vocab.json"):
        shutil.copy(models_folder / CLASSIFIER / name, folder / name)
    sockets = listen("127.0.0.1", 0)
    try:
        server = build_server(tmp_path / "models", sockets, "127.0.0.1", None, DEFAULT)
    finally:
        for opened in sockets:
            opened.close()
    (entry,) = server.application.shelf.entries.values()
    assert entry.facts["id"] == "数据 1/a b"
    assert entry.facts["test"] is None
    schemas.ModelDetail.model_validate(entry.facts)
