"""The description of the API (OpenAPI 3.1), made by FastAPI from the same classes that check requests."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Query
from fastapi.responses import PlainTextResponse, StreamingResponse

from textrnn.serve import schemas
from textrnn.serve.endpoints import MOST_ERRORS
from textrnn.version import __version__

MEANINGS = {
    400: "Not JSON, or not HTTP",
    401: "No key, or a wrong one",
    403: "Meant for another server, or sent by a page of another site",
    404: "No such model, or nothing at this address",
    408: "The request did not arrive in time",
    413: "The body is too large",
    415: "Not plain JSON in UTF-8",
    422: "Fields that are not as they should be",
    429: "Too much is waiting: ask again in a second",
    503: "Not answered in time, or the model cannot be read just now",
}
Limit = Annotated[int, Query(ge=1, le=MOST_ERRORS)]
FOR_ALL = (400, 401, 403)
WITH_A_BODY = (404, 408, 413, 415, 422, 429, 503)


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": schemas.ErrorAnswer, "description": MEANINGS[status]} for status in (*FOR_ALL, *statuses)}


def describe(*, with_key: bool) -> dict[str, Any]:
    """The document at ``/openapi.json``."""
    api = FastAPI(title="textrnn", version=__version__, summary="Saved models, asked over HTTP")

    @api.post("/v1/classify", response_model=schemas.ClassifyAnswer, responses=_errors(*WITH_A_BODY))
    def classify(asked: schemas.ClassifyRequest) -> None:
        """Classify one text, or many."""

    lines: dict[int | str, dict[str, Any]] = {
        200: {
            "description": "A JSON document a line",
            "content": {"application/x-ndjson": {"schema": schemas.GeneratedLine.model_json_schema()}},
        }
    }

    @api.post("/v1/generate", response_class=StreamingResponse, responses={**_errors(*WITH_A_BODY), **lines})
    def generate(asked: schemas.GenerateRequest) -> None:
        """Continue a text, character by character as they come."""

    @api.post("/v1/score", response_model=schemas.ScoreAnswer, responses=_errors(*WITH_A_BODY))
    def score(asked: schemas.ScoreRequest) -> None:
        """Tell how probable a text is."""

    @api.get("/v1/models", response_model=schemas.ModelList, responses=_errors(422))
    def models() -> None:
        """List all models."""

    @api.get("/v1/models/{data}/{model}", response_model=schemas.ModelDetail, responses=_errors(404, 422))
    def model(data: str, model: str) -> None:
        """Tell about a model, with the figures of its report."""

    @api.get("/v1/models/{data}/{model}/errors", response_model=schemas.ErrorTexts, responses=_errors(404, 422))
    def errors(
        data: str, model: str, true: str | None = None, predicted: str | None = None, limit: Limit = 100
    ) -> None:
        """List texts of the test split that it answers wrong, of one class or taken for one."""

    unready: dict[int | str, dict[str, Any]] = {
        503: {"model": schemas.Health, "description": "No model is there, or the server stops"}
    }

    @api.get("/healthz", response_model=schemas.Health, responses=unready)
    def health() -> None:
        """Tell whether the server is ready."""

    @api.get("/metrics", response_class=PlainTextResponse, responses=_errors())
    def metrics() -> None:
        """Give figures for Prometheus."""

    document: dict[str, Any] = api.openapi()
    if with_key:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
        document["paths"]["/healthz"]["get"]["security"] = []
    return document
