"""What requests and answers hold. The same classes check what comes in and describe it (OpenAPI)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from textrnn.errors import did_you_mean, one_line
from textrnn.serve.http import RequestError
from textrnn.serve.limits import DEFAULT

Text = Annotated[str, Field(max_length=DEFAULT.characters)]
ModelName = Annotated[str | None, Field(max_length=1000, description="by default the newest of its task")]


class _Asked(BaseModel):
    """A request: the types as they stand, and no field that is not known."""

    model_config = ConfigDict(strict=True, extra="forbid")


class ClassifyRequest(_Asked):
    """One text, or many."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["text"]}, {"required": ["texts"]}]})

    text: Annotated[Text, Field(json_schema_extra={"pattern": r"\S"})] = ""
    texts: Annotated[list[Text], Field(max_length=DEFAULT.texts, json_schema_extra={"minItems": 1})] = []
    model: ModelName = None
    top_k: Annotated[int, Field(ge=1, le=100_000, description="classes that are answered, the likeliest first")] = 3
    explain: Annotated[bool, Field(description=f"for at most {DEFAULT.explained_texts} texts")] = False


class GenerateRequest(_Asked):
    """How a text is continued; without temperature, top_k or top_p by the likeliest character."""

    prefix: Annotated[str, Field(max_length=DEFAULT.scored_characters)] = ""
    model: ModelName = None
    length: Annotated[int, Field(ge=0, le=DEFAULT.generated_characters)] = 50
    temperature: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None
    top_k: Annotated[int | None, Field(ge=1, lt=2**31)] = None
    top_p: Annotated[float | None, Field(gt=0, le=1, allow_inf_nan=False)] = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


class ScoreRequest(_Asked):
    """A text to score."""

    text: Annotated[str, Field(max_length=DEFAULT.scored_characters, json_schema_extra={"minLength": 1})]
    model: ModelName = None


class ClassShare(BaseModel):
    label: str
    probability: float


class TextAnswer(BaseModel):
    """The answer to one text: its label with its probability, or, where there may be several, those that are given."""

    text: str
    label: Annotated[str, Field(description="of a model that gives one label")] = ""
    probability: Annotated[float, Field(description="likewise")] = 0.0
    labels: Annotated[
        list[ClassShare], Field(description="of a model that gives several: those it gives, likeliest first")
    ] = []
    classes: list[ClassShare]
    note: Annotated[str | None, Field(description="what was unusual about the text")]
    explanation: Annotated[dict[str, Any] | None, Field(description="where it was asked for")] = None
    explanations: Annotated[
        list[dict[str, Any]],
        Field(description="likewise, of a model that gives several labels: one for each of the first"),
    ] = []


class ClassifyAnswer(BaseModel):
    model: str
    answers: list[TextAnswer]


class GeneratedLine(BaseModel):
    """A line of the stream: a character and -ln of its probability; at the end `done` and their number."""

    text: str | None = None
    nats: float | None = None
    done: bool | None = None
    characters: int | None = None


class Surprise(BaseModel):
    text: str
    nats: float


class ScoreAnswer(BaseModel):
    model: str
    characters: int
    nats_per_char: float
    bits_per_char: float
    perplexity: float | None
    surprise: list[Surprise]


class ModelSummary(BaseModel):
    """A saved model."""

    id: str
    task: Literal["classify", "lm"]
    model: str
    data: str
    made: Annotated[str, Field(description="ISO 8601, UTC")]
    classes: Annotated[list[str], Field(description="of a classifier")]
    thresholds: Annotated[
        list[float] | None,
        Field(description="of a model that gives several labels: how probable each class must be to be given"),
    ] = None
    test: Annotated[dict[str, float | None] | None, Field(description="of a classifier, if a report is there")] = None
    valid: Annotated[dict[str, float | None] | None, Field(description="of a language model, likewise")] = None


class ModelList(BaseModel):
    models: list[ModelSummary]


class ModelDetail(ModelSummary):
    labels: list[str] | None = None
    confusion_matrix: list[list[int]] | None = None
    per_class: dict[str, dict[str, float]] | None = None
    per_label: Annotated[
        dict[str, dict[str, Any]] | None, Field(description="of a model that gives several labels, with small tables")
    ] = None
    missed_together: Annotated[list[dict[str, Any]] | None, Field(description="likewise: pairs of labels")] = None


class ErrorText(BaseModel):
    """A text of the test split that is answered wrong; where there may be several labels, both are lists of them."""

    text: str
    true: str | list[str]
    predicted: str | list[str]
    probability: Annotated[float, Field(description="of the answer; of several labels, of the surest mistake")]


class ErrorTexts(BaseModel):
    texts: list[ErrorText]
    total: int


class Health(BaseModel):
    status: Literal["ready", "no_models", "stopping"]
    models: int


class ErrorDetail(BaseModel):
    status: int
    code: str
    message: str


class ErrorAnswer(BaseModel):
    error: ErrorDetail


Asked = TypeVar("Asked", bound=_Asked)


def read_request(kind: type[Asked], body: bytes) -> Asked:
    """A request from its body.

    Raises:
        RequestError: 400 if it is no JSON, 422 if it is not what was expected.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise _explained(kind, error) from None  # what caused it holds the text


def _explained(kind: type[_Asked], error: ValidationError) -> RequestError:
    """The first thing that is wrong, in words."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    what, message = first["type"], str(first["msg"])
    if what == "json_invalid":
        return RequestError(400, "bad_json", f"not JSON in UTF-8: {message.removeprefix('Invalid JSON: ')}")
    if not first["loc"]:
        return RequestError(422, "wrong_fields", "not a JSON object; expected one with fields")
    where = one_line(".".join(map(str, first["loc"])), widest=60)
    if what == "extra_forbidden":
        near = did_you_mean(where, kind.model_fields)
        known = ", ".join(kind.model_fields)
        return RequestError(422, "wrong_fields", f"`{where}`: no such field; expected any of: {known}{near}")
    if what == "missing":
        return RequestError(422, "wrong_fields", f"`{where}`: missing; expected a value")
    code = {"string_too_long": "text_too_long", "too_long": "too_many_texts"}.get(what, "wrong_fields")
    return RequestError(422, code, f"`{where}`: {message[:1].lower()}{message[1:]}")
