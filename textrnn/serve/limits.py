"""How much a server takes on, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds on what one request may ask for and on what all of them together may take.

    Attributes:
        body_bytes: of a request
        drained_bytes: of a body that is too large: so much is still read, so that the client gets to read the answer
        head_bytes: of a request's line and headers
        texts: of a request to classify
        explained_texts: of one that asks for explanations, too
        characters: of a text to classify
        scored_characters: of a text to score, each of which is answered, and of one to continue
        generated_characters: of a continuation
        answered_classes: of all texts of a request together
        connections: open at once
        queued_texts: waiting to be classified
        batch_texts: computed at once; a request with more is computed in pieces, between those of others
        gather_seconds: that a batch waits for requests that are likely to come; none where nothing else goes on
        generations: under way at once
        generation_seconds: for one, however slowly the client takes it
        waiting_jobs: texts to score or to explain that wait for those before them
        request_seconds: from a request that was read to its answer
        read_seconds: for a request to arrive whole
        write_seconds: for a client to take what it is sent
        idle_seconds: that a connection is kept between two requests
        linger_seconds: when the server stops, that an idle connection stays open for a request under way
        stop_seconds: for everything that was taken to be finished
        scan_seconds: between two looks for new and changed models
        model_bytes: of the models in memory, about; those that were not asked for the longest time are dropped
    """

    body_bytes: int = 4 * MIB
    drained_bytes: int = 64 * MIB
    head_bytes: int = 64 << 10
    texts: int = 1000
    explained_texts: int = 16
    characters: int = 100_000
    scored_characters: int = 20_000
    generated_characters: int = 10_000
    answered_classes: int = 100_000
    connections: int = 900
    queued_texts: int = 4096
    batch_texts: int = 256
    gather_seconds: float = 0.002
    generations: int = 4
    generation_seconds: float = 300.0
    waiting_jobs: int = 32
    request_seconds: float = 30.0
    read_seconds: float = 20.0
    write_seconds: float = 20.0
    idle_seconds: float = 75.0
    linger_seconds: float = 0.5
    stop_seconds: float = 30.0
    scan_seconds: float = 1.0
    model_bytes: int = 2048 * MIB


DEFAULT = Limits()
