"""What the collector counts, for Prometheus. One registry per collector, no module state."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters and gauges of one collector. Belongs to the event loop."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self.events_stored = Counter("vigie_events_stored", "Events committed.", registry=own)
        self.batches_repeated = Counter(
            "vigie_batches_repeated", "Batches that held nothing new.", registry=own
        )
        self.batches_refused = Counter(
            "vigie_batches_refused", "Batches that broke the wire's bounds.", registry=own
        )
        self.unknown_functions = Counter(
            "vigie_unknown_functions", "Rules with a function newer than this.", registry=own
        )
        self.streams = Gauge("vigie_streams", "Devices connected now.", registry=own)
        self.watchers = Gauge("vigie_watchers", "Live feeds open now.", registry=own)
        self.wal_bytes = Gauge("vigie_wal_bytes", "Size of the write-ahead log.", registry=own)
        self.commit_seconds = Histogram(
            "vigie_commit_seconds", "Time of one transaction.", registry=own
        )

    def render(self) -> bytes:
        """The text that Prometheus scrapes, of type CONTENT_TYPE."""
        return generate_latest(self.registry)
