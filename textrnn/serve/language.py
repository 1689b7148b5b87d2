"""What language models answer: continuations, character by character as they come, and scores."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any
from urllib.parse import quote

from textrnn.config import GenerationConfig
from textrnn.errors import ConfigError
from textrnn.saved.character_model import CharacterModel
from textrnn.serve.batching import Slow, too_slow
from textrnn.serve.http import NDJSON, Answer, ClientGone, Request, RequestError, busy, json_line
from textrnn.serve.limits import Limits
from textrnn.serve.schemas import GenerateRequest, ScoreRequest, read_request
from textrnn.serve.shelf import Loaded, Shelf

AT_ONCE_SECONDS, AT_ONCE = 0.02, 64  # of characters that are sent together


class Generate:
    """``POST /v1/generate``: a line for each character as it comes.

    Characters are made in a thread, a few at a time, and only when those before them were taken, so that a client that
    reads slowly, or no more, holds no thread.
    """

    def __init__(self, shelf: Shelf, limits: Limits):
        self.shelf, self.limits, self.under_way = shelf, limits, 0
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="generate")

    def close(self) -> None:
        """Generate no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, request: Request) -> None:
        limits = self.limits
        asked = read_request(GenerateRequest, await request.json_body(limits.body_bytes, limits.drained_bytes))
        if self.under_way >= limits.generations:
            raise busy("queue_full", f"{self.under_way} texts are being written; ask again in a second")
        self.under_way += 1
        try:
            loaded = await self.shelf.get(asked.model, "lm")
            await self._stream(request, loaded, asked)
        finally:
            self.under_way -= 1

    async def _stream(self, request: Request, loaded: Loaded, asked: GenerateRequest) -> None:
        assert isinstance(loaded.model, CharacterModel)
        loop = asyncio.get_running_loop()
        try:
            config = GenerationConfig(asked.length, asked.temperature, asked.top_k, asked.top_p)
            characters = loaded.model.stream_surprise(asked.prefix, config, seed=asked.seed)
            # The first comes before anything is sent, so that what goes wrong by then still has a status of its own.
            first = loop.run_in_executor(self._threads, _some_lines, characters, 1)
            lines, count = await asyncio.wait_for(asyncio.shield(first), self.limits.request_seconds)
        except TimeoutError:
            raise too_slow(self.limits) from None
        except ConfigError as error:
            raise RequestError(422, "wrong_fields", str(error)) from error
        gone = asyncio.ensure_future(request.client_gone())
        try:
            await request.begin([*NDJSON, _model_header(loaded)])
            total, until = 0, loop.time() + self.limits.generation_seconds
            while count:
                total += count
                await request.piece(lines)
                if gone.done():
                    raise ClientGone
                if loop.time() > until:
                    raise busy("timeout", f"not taken within {self.limits.generation_seconds:g} seconds", status=503)
                lines, count = await loop.run_in_executor(self._threads, _some_lines, characters, AT_ONCE)
            await request.piece(json_line({"done": True, "characters": total}) + b"\n", more=False)
        finally:
            gone.cancel()


def _model_header(loaded: Loaded) -> tuple[bytes, bytes]:
    """Which model answers, where the answer itself does not say it; in percent-encoding, as names are in addresses."""
    return b"textrnn-model", quote(loaded.entry.id).encode("ascii")


def _some_lines(characters: Iterator[tuple[str, float]], most: int) -> tuple[bytes, int]:
    """The lines of the characters that come within a short time, and their number; none at the end."""
    lines, until = [], time.monotonic() + AT_ONCE_SECONDS
    for text, nats in islice(characters, most):
        lines.append(json_line({"text": text, "nats": round(nats, 6)}) + b"\n")
        if time.monotonic() > until:
            break
    return b"".join(lines), len(lines)


class Score:
    """``POST /v1/score``: how probable a text is, character by character."""

    def __init__(self, shelf: Shelf, slow: Slow, limits: Limits):
        self.shelf, self.slow, self.limits = shelf, slow, limits

    async def __call__(self, request: Request) -> Answer:
        limits = self.limits
        asked = read_request(ScoreRequest, await request.json_body(limits.body_bytes, limits.drained_bytes))
        loaded = await self.shelf.get(asked.model, "lm")
        found = await self.slow.run(request, _scored, loaded, asked.text)
        if found is None:
            raise RequestError(
                422, "empty_text", "`text`: nothing in it that the model reads; expected a text in its characters"
            )
        return Answer(found)


def _scored(loaded: Loaded, text: str) -> bytes | None:
    assert isinstance(loaded.model, CharacterModel)
    score = loaded.model.score(text)
    if not score.characters:
        return None
    document: dict[str, Any] = {
        "model": loaded.entry.id,
        "characters": score.characters,
        "nats_per_char": score.nats_per_char,
        "bits_per_char": score.bits_per_char,
        "perplexity": score.perplexity if math.isfinite(score.perplexity) else None,
        "surprise": [
            {"text": character, "nats": round(float(nats), 6)}
            for character, nats in zip(score.text, score.losses, strict=True)
        ],
    }
    return json_line(document)
