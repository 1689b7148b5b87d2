"""Figures for Prometheus: what was asked and answered, how long it took, and what is under way."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The figures of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "textrnn_requests", "Requests answered", ["endpoint", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "textrnn_request_seconds", "Time to answer", ["endpoint"], buckets=SECONDS, registry=self.registry
        )
        self.batch_texts = Histogram(
            "textrnn_batch_texts", "Texts computed at once", buckets=TEXTS, registry=self.registry
        )
        # Labels are looked up under a lock; a dictionary is quicker, and there are few of them.
        self._counters: dict[tuple[str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def show(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """A figure that is asked for when it is read."""
        Gauge(f"textrnn_{name}", meaning, registry=self.registry).set_function(value)

    def count(self, endpoint: str, status: int, seconds: float) -> None:
        """One request."""
        counter = self._counters.get((endpoint, status))
        if counter is None:
            counter = self._counters[endpoint, status] = self._requests.labels(endpoint, str(status))
        timer = self._timers.get(endpoint)
        if timer is None:
            timer = self._timers[endpoint] = self._seconds.labels(endpoint)
        counter.inc()
        timer.observe(seconds)

    def to_text(self) -> bytes:
        """As Prometheus reads it."""
        return generate_latest(self.registry)
