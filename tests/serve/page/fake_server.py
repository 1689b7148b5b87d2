"""A server for the tests of the page: it answers as the real one does, from nothing, late or with faults to order."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import textrnn.serve

PAGE = Path(textrnn.serve.__file__).parent / "page"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
CLASSES = ["财经", "房产", "股票", "教育", "科技", "社会", "时政", "体育", "游戏", "娱乐"]
HOSTILE = ["<img src=x onerror=alert(1)>", "\u202eevil\u202c", '"quoted" & <b>bold</b>', "=1+1", "شعر"]
MANY = [*HOSTILE, *(f"类别{number:03d}" for number in range(242 - len(HOSTILE)))]
MODELS: list[dict[str, Any]] = [
    {
        "id": "headlines/LSTM",
        "task": "classify",
        "model": "LSTM",
        "data": "headlines",
        "classes": CLASSES,
        "made": "2026-11-30T09:15:00Z",
        "test": {"accuracy": 0.604, "macro_f1": 0.6072},
    },
    {
        "id": "意图 库/TextCNN",
        "task": "classify",
        "model": "TextCNN",
        "data": "意图 库",
        "classes": MANY,
        "made": "2026-11-29T09:15:00Z",
        "test": {"accuracy": 0.88, "macro_f1": 0.86},
    },
    {
        "id": "story/lm_LSTM",
        "task": "lm",
        "model": "LSTM",
        "data": "story",
        "classes": [],
        "made": "2026-11-30T09:20:00Z",
        "valid": {"nats_per_char": 1.7, "bits_per_char": 2.45, "perplexity": 5.47},
    },
]
STORY = "the old man sat by the window and looked at the sea for a long time. "
Fault = tuple[int, str, str]  # status, code, message


def share(*parts: object) -> float:
    """A number from 0 to 1 that is always the same for the same parts."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=4).digest()) / 2**32


def probabilities(text: str, classes: list[str]) -> list[dict[str, Any]]:
    weights = {name: math.exp(5 * share(text, name)) for name in classes}
    total = sum(weights.values())
    ordered = sorted(classes, key=lambda name: -weights[name])
    return [{"label": name, "probability": weights[name] / total} for name in ordered]


def confusion(classes: list[str]) -> list[list[int]]:
    count = len(classes)
    return [
        [15 if row == column else int(6 * share(row, column) ** (6 if count < 20 else 90)) for column in range(count)]
        for row in range(count)
    ]


class PageServer(ThreadingHTTPServer):
    """What it does is set from the test.

    Attributes:
        models: what it has.
        fault: (path, body) -> what goes wrong, or None.
        gates: an answer to this text, or to many that begin with it, waits until the event is set.
        key: what requests must bring, or None.
        gone: it hangs up on everybody.
        pace: seconds between two generated characters.
        log: (path, body) of each request for an answer.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.reset()

    def reset(self) -> None:
        self.models = list(MODELS)
        self.fault: Callable[[str, dict[str, Any]], Fault | None] = lambda path, body: None
        self.gates: dict[str, threading.Event] = {}
        self.key: str | None = None
        self.gone = False
        self.pace = 0.0
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.cut = 0  # streams were broken off by the page

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pages hang up; that is no error here."""


class Handler(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments: object) -> None:
        pass

    def send(self, status: int, kind: str, body: bytes, **more: str) -> None:
        self.send_response(status)
        headers = {"Content-Type": f"{kind}; charset=utf-8", "Content-Security-Policy": POLICY, **more}
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_json(self, made: object, status: int = 200) -> None:
        self.send(status, "application/json", json.dumps(made).encode())

    def refuse(self, fault: Fault) -> None:
        status, code, message = fault
        self.send_json({"error": {"status": status, "code": code, "message": message}}, status)

    def is_refused(self, path: str, body: dict[str, Any]) -> bool:
        if self.server.gone:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return True
        fault = self.server.fault(path, body)
        if path.startswith("/v1/") and self.server.key not in (None, self.headers["Authorization"]):
            fault = (401, "no_key", "an API key is needed")
        if fault:
            self.refuse(fault)
        return fault is not None

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path, query = parts.path, parse_qs(parts.query)
        if self.is_refused(path, {}):
            return
        file = PAGE / (path.strip("/") or "index.html")
        if path == "/healthz":
            self.send_json({"status": "ok"})
        elif path == "/v1/models":
            self.send_json({"models": self.server.models})
        elif path.startswith("/v1/models/"):
            self.get_model(unquote(path.removeprefix("/v1/models/")), query)
        elif file.parent == PAGE and file.is_file():
            self.send(200, TYPES[file.suffix], file.read_bytes(), **{"Cache-Control": "max-age=600"})
        else:
            self.refuse((404, "not_found", "no such page"))

    def get_model(self, name: str, query: dict[str, list[str]]) -> None:
        name, _, of = name.partition("/errors")
        found = [model for model in self.server.models if model["id"] == name]
        if not found:
            self.refuse((404, "no_model", f"no model {name}"))
            return
        classes = found[0]["classes"]
        counts = confusion(classes)
        if of or "true" in query:
            true, predicted = query["true"][0], query["predicted"][0]
            total = counts[classes.index(true)][classes.index(predicted)] if true != predicted else 0
            texts = [
                {"text": f"《{true}》第{number}条：一个被认作{predicted}的标题", "true": true, "predicted": predicted, "probability": 0.9 - number / 20}
                for number in range(total)
            ]  # fmt: skip
            self.send_json({"texts": texts[: int(query["limit"][0])], "total": total})
            return
        if found[0].get("test", {}) is None:  # no metrics.json lies beside it
            self.send_json({**found[0], "labels": None, "confusion_matrix": None, "per_class": None})
            return
        figures = {
            name: {
                "precision": share("p", name),
                "recall": share("r", name),
                "f1": share("f", name),
                "support": sum(counts[row]),
            }
            for row, name in enumerate(classes)
        }
        self.send_json({**found[0], "labels": classes, "confusion_matrix": counts, "per_class": figures})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.log.append((self.path, body))
        gate = self.server.gates.get(body["texts"][0] if "texts" in body else body.get("text", ""))
        if gate:
            gate.wait(10)
        if self.is_refused(self.path, body):
            return
        {"/v1/classify": self.classify, "/v1/generate": self.generate, "/v1/score": self.score}[self.path](body)

    def classify(self, body: dict[str, Any]) -> None:
        (model,) = [model for model in self.server.models if model["id"] == body["model"]]
        texts = body["texts"] if "texts" in body else [body["text"]]
        self.send_json({"model": model["id"], "answers": [answer(text, model["classes"], body) for text in texts]})

    def generate(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        pause = threading.Event()
        try:
            for place in range(body["length"]):
                text = STORY[(place + body["seed"]) % len(STORY)]
                line = {"text": text, "nats": 9 * share(place, body["seed"]) ** 3}
                self.wfile.write(json.dumps(line).encode() + b"\n")
                if self.server.pace:
                    pause.wait(self.server.pace)
            self.wfile.write(json.dumps({"done": True, "characters": body["length"]}).encode() + b"\n")
        except OSError:
            self.server.cut += 1

    def score(self, body: dict[str, Any]) -> None:
        surprise = [{"text": text, "nats": 9 * share(place, text) ** 3} for place, text in enumerate(body["text"])]
        mean = sum(one["nats"] for one in surprise) / len(surprise)
        figures = {"nats_per_char": mean, "bits_per_char": mean / math.log(2), "perplexity": math.exp(mean)}
        self.send_json({"model": body["model"], "characters": len(surprise), **figures, "surprise": surprise})


def answer(text: str, classes: list[str], body: dict[str, Any]) -> dict[str, Any]:
    ordered = probabilities(text, classes)
    made = {"text": text, **ordered[0], "classes": ordered[: body["top_k"]], "note": None}
    if body.get("explain"):
        tokens = [
            {"token": token, "start": place, "end": place + 1, "contribution": 3 * share(place, token) - 1.2}
            for place, token in enumerate(text[:200])
        ]
        made["explanation"] = {
            "text": text,
            "label": ordered[0]["label"],
            "against": ordered[1]["label"],
            "probability": ordered[0]["probability"],
            "logit_difference": 1.0,
            "baseline": 0.0,
            "method": "integrated gradients",
            "tokens": tokens,
            "unread_from": 200 if len(text) > 200 else None,
        }
    return made


@contextlib.contextmanager
def page_server() -> Iterator[PageServer]:
    """One that runs while the block does."""
    server = PageServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
