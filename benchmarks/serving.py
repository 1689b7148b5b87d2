"""Requests a second and the time of one: ``python -m benchmarks.serving --data DIR [--soak SECONDS]``.

A server of its own is started with the saved LSTM; the load comes from a second process over loopback, on keep-alive
connections that each send a single title, wait for its answer and send the next. The same load on ``/healthz``, which
answers a constant, is the reference of the same run: what the connections themselves cost.

``--soak`` mixes malformed, huge, slow and abandoned requests into the load for so long, compares every answer with what
the model says in this process, and sends SIGTERM under load at the end: no request that was sent may stay unanswered.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"content-length: (\d+)")
QUANTILES = (50, 99, 99.9)


class Client:
    """One connection that has a request under way."""

    __slots__ = ("buffer", "number", "sent", "socket")

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.buffer, self.number, self.sent = b"", 0, 0.0

    def send(self, number: int, requests: list[bytes]) -> None:
        """The next request; it is small, so the socket takes it whole."""
        self.number, self.sent = number, time.perf_counter()
        self.socket.send(requests[number])


def load(port: int, cases: list[dict[str, Any]], connections: int, seconds: float) -> dict[str, Any]:
    """Keep so many requests under way for so long, or until the server closes every connection.

    Args:
        cases: the bytes of a request, with the label and the probability of its answer where it is to be compared.
    """
    requests = [case["request"].encode("utf-8") for case in cases]
    generator = random.Random(0)
    numbers = [generator.randrange(len(cases)) for _ in range(100_003)]
    selector = selectors.DefaultSelector()
    times: list[float] = []
    errors: list[str] = []
    done = lost = 0
    started = time.perf_counter()
    for _ in range(connections):
        client = Client(port)
        selector.register(client.socket, selectors.EVENT_READ, client)
        client.send(numbers[done % len(numbers)], requests)
        done += 1
    answered = 0
    gc.disable()
    while selector.get_map():
        for key, _ in selector.select(timeout=30):
            client = key.data
            try:
                piece = client.socket.recv(65536)
            except OSError:
                piece = b""
            if not piece:  # closed with a request under way
                lost += 1
                selector.unregister(client.socket)
                continue
            data = client.buffer = client.buffer + piece if client.buffer else piece
            at = data.find(HEAD_END)
            if at < 0:
                continue
            found = LENGTH.search(data, 0, at)
            if found is None or len(data) - at - 4 < int(found[1]):
                continue
            now = time.perf_counter()
            times.append(now - client.sent)
            client.buffer = b""
            answered += 1
            problem = wrong(cases[client.number], data, at)
            if problem and len(errors) < 20:
                errors.append(problem)
            if now - started > seconds or b"connection: close" in data[:at]:
                selector.unregister(client.socket)
                client.socket.close()
                continue
            try:
                client.send(numbers[done % len(numbers)], requests)
                done += 1
            except OSError:  # nothing of it was taken
                selector.unregister(client.socket)
    spent = time.perf_counter() - started
    shown = dict(zip(map(str, QUANTILES), (np.percentile(times, QUANTILES) * 1e3).tolist(), strict=True))
    return {"answered": answered, "seconds": spent, "ms": shown, "errors": errors, "lost": lost}


def wrong(case: dict[str, Any], data: bytes, at: int) -> str:
    """What is wrong with an answer; empty if nothing is."""
    if not data.startswith(b"HTTP/1.1 200 "):
        return data[:300].decode("utf-8", "replace")
    if "label" in case:
        (answer,) = json.loads(data[at + 4 :])["answers"]
        right = answer["label"] == case["label"] and abs(answer["probability"] - case["probability"]) < 1e-4
        if not right or answer["text"] != case["text"]:
            return f"{answer} for {case}"
    return ""


def post(path: str, body: bytes, kind: str = "application/json", length: int | None = None) -> bytes:
    """The bytes of a request."""
    size = len(body) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\r\n"
    return head.encode("ascii") + body


def nuisance(port: int, until: float, counts: dict[str, int]) -> None:
    """What a server meets in the wild, one after the other."""
    generator = random.Random(1)
    good = json.dumps({"text": "央行下调存款准备金率"}).encode()
    kinds = {
        "malformed": lambda: post("/v1/classify", generator.randbytes(generator.randrange(300))),
        "not HTTP": lambda: generator.randbytes(200),
        "wrong fields": lambda: post("/v1/classify", b'{"text": 3, "top_k": "many"}'),
        "nested": lambda: post("/v1/classify", b'{"texts": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
        "huge": lambda: post("/v1/classify", json.dumps({"text": "x" * 6_000_000}).encode()),
        "long": lambda: post("/v1/classify", json.dumps({"text": "央" * 90_000}).encode()),
        "many": lambda: post("/v1/classify", json.dumps({"texts": ["国足客场两球告负"] * 500}).encode()),
        "slow": lambda: post("/v1/classify", good)[:-5],
        "cancelled": lambda: post("/v1/classify", good),
        "generate": lambda: post("/v1/generate", b'{"prefix": "time ", "length": 100}'),
        "elsewhere": lambda: post("/../../etc/passwd", good),
    }
    slow: list[socket.socket] = []
    while time.monotonic() < until:
        name = generator.choice(list(kinds))
        counts[name] = counts.get(name, 0) + 1
        try:
            opened = socket.create_connection(("127.0.0.1", port), timeout=10)
            opened.sendall(kinds[name]().replace(b"localhost:PORT", b"localhost:%d" % port))
            if name == "slow":
                slow.append(opened)
                if len(slow) > 20:
                    slow.pop(0).close()
                continue
            if name != "cancelled":
                status = opened.recv(65536)[9:12]
                if status[:1] == b"5":
                    counts[f"{name}: {status.decode()}"] = counts.get(f"{name}: {status.decode()}", 0) + 1
            opened.close()
        except OSError:
            counts["closed on us"] = counts.get("closed on us", 0) + 1
        time.sleep(generator.random() / 20)


def of_server(port: int, name: str) -> float:
    """A figure of the server's process."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode("utf-8")
    return float(re.search(rf"^process_{name} (\S+)", text, re.MULTILINE)[1])


def memory(port: int) -> float:
    """MiB of the server."""
    return of_server(port, "resident_memory_bytes") / 2**20


def in_own_process(port: int, cases: Path, connections: int, seconds: float) -> subprocess.Popen[str]:
    """The load, from beside."""
    command = [sys.executable, "-m", "benchmarks.serving", "--load", f"{port},{connections},{seconds}", str(cases)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def measured(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate()
    figures: dict[str, Any] = json.loads(out)
    return figures


def shown(name: str, figures: dict[str, Any]) -> str:
    ms = "  ".join(f"{figures['ms'][str(q)]:8.2f}" for q in QUANTILES)
    rate = figures["answered"] / figures["seconds"]
    return f"{name:<22}{rate:8,.0f}  {ms}  {len(figures['errors']):6}  {figures['lost']:5}"


def good_cases(folder: Path, titles: list[str], *, compared: bool) -> list[dict[str, Any]]:
    """Requests, with what this process answers to them."""
    from textrnn.saved.classifier import load_classifier

    classifier = load_classifier(folder)
    answers = classifier.predict_probabilities(titles)
    cases = []
    for title, row in zip(titles, answers, strict=True):
        request = post("/v1/classify", json.dumps({"text": title}, ensure_ascii=False).encode()).decode()
        case: dict[str, Any] = {"request": request, "text": title}
        if compared:
            case |= {"label": classifier.class_names[int(row.argmax())], "probability": float(row.max())}
        cases.append(case)
    return cases


def start(models: Path) -> tuple[subprocess.Popen[str], int]:
    """A server, and the port where it listens."""
    command = [sys.executable, "run.py", "--serve", "--port", "0", "--save-dir", str(models)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    return server, int(re.search(r"http://127\.0\.0\.1:(\d+)", line)[1])


def soak(server: subprocess.Popen[str], port: int, cases: Path, options: argparse.Namespace) -> None:
    """The long run, and its end."""
    counts: dict[str, int] = {}
    until = time.monotonic() + options.soak
    beside = threading.Thread(target=nuisance, args=(port, until, counts))
    under_load = in_own_process(port, cases, options.connections, options.soak)
    beside.start()
    time.sleep(min(90.0, options.soak / 5))  # what threads and layers keep for themselves comes with their first use
    before = memory(port)
    beside.join()
    print(shown("soak", figures := measured(under_load)), *figures["errors"][:3], sep="\n", flush=True)
    after = memory(port)
    print(f"memory {before:.1f} MiB -> {after:.1f} MiB ({after / before - 1:+.1%}); beside it: {counts}", flush=True)
    under_load = in_own_process(port, cases, options.connections, 60)
    time.sleep(5)
    server.terminate()
    status = server.wait(timeout=60)
    print(shown("SIGTERM under load", measured(under_load)), f"exit status {status}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train.txt, dev.txt, test.txt, class.txt")
    parser.add_argument("--models", type=Path, help="where the model is saved (--save-dir); trained if missing")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (default: 10)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--soak", type=float, nargs="?", const=600.0, metavar="SECONDS", help="default: 600")
    parser.add_argument("--load", nargs=2, help=argparse.SUPPRESS)
    if sys.argv[1:2] == ["--load"]:
        port, connections, seconds = sys.argv[2].split(",")
        cases = json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
        for case in cases:
            case["request"] = case["request"].replace("localhost:PORT", f"localhost:{port}")
        json.dump(load(int(port), cases, int(connections), float(seconds)), sys.stdout)
        return
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        models = options.models or Path(temporary)
        folder = models / options.data.name / "LSTM"
        if not (folder / "config.json").is_file():
            command = ["run.py", "--dataset", options.data, "--save-dir", models, "--no-baseline", "--quiet"]
            subprocess.run([sys.executable, *map(str, command)], check=True, stdout=subprocess.DEVNULL)
        rows = (options.data / "test.txt").read_text(encoding="utf-8").splitlines()[:2000]
        titles = [row.rpartition("\t")[0] for row in rows]
        plain, compared, constant = (Path(temporary) / f"{name}.json" for name in ("plain", "compared", "constant"))
        plain.write_text(json.dumps(good_cases(folder, titles, compared=False)), encoding="utf-8")
        compared.write_text(json.dumps(good_cases(folder, titles, compared=True)), encoding="utf-8")
        get = "GET /healthz HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n"
        constant.write_text(json.dumps([{"request": get}]), encoding="utf-8")
        server, port = start(models)
        try:
            print(f"{'':<22}   req/s    p50 ms    p99 ms  p99.9 ms  errors   lost  CPU us a request", flush=True)
            rates = []
            for _ in range(options.repeats):
                of_constant = measured(in_own_process(port, constant, options.connections, options.seconds))
                print(shown("/healthz", of_constant), flush=True)
                before = of_server(port, "cpu_seconds_total")
                figures = measured(in_own_process(port, plain, options.connections, options.seconds))
                spent = (of_server(port, "cpu_seconds_total") - before) / figures["answered"]
                print(shown("/v1/classify", figures), f"  {spent * 1e6:6.0f}", *figures["errors"][:2], flush=True)
                rates.append(
                    (figures["answered"] / figures["seconds"]) / (of_constant["answered"] / of_constant["seconds"])
                )
            if rates:
                print(f"/v1/classify, of the rate of /healthz: {float(np.median(rates)):.3f} (median of {len(rates)})")
            if options.soak:
                soak(server, port, compared, options)
        finally:
            server.terminate()
            server.wait(timeout=60)


if __name__ == "__main__":
    main()
