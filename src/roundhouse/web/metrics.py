"""What `/metrics` shows. Counting is a few additions; the exposition library is imported when first asked."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from roundhouse.service.broker import Counters
from roundhouse.service.health import Health

CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"


class Meter:
    """Counts requests and connections of this process."""

    def __init__(self) -> None:
        self.sockets = 0
        self._requests: dict[tuple[str, str, str], int] = defaultdict(int)
        self._seconds: dict[tuple[str, str], float] = defaultdict(float)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note a finished request; `route` is its template, empty for an unknown address."""
        # A method is the client's word: unknown ones must not fill the memory.
        method = method if method in ("GET", "POST", "PATCH", "DELETE", "HEAD") else "OTHER"
        self._requests[method, route, str(status)] += 1
        self._seconds[method, route] += seconds

    def render(self, live: Counters, health: Health) -> bytes:
        """The exposition in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.process_collector import ProcessCollector

        registry = CollectorRegistry()
        registry.register(_Snapshot(self._metrics(live, health)))
        ProcessCollector(registry=registry)
        return generate_latest(registry)

    def _metrics(self, live: Counters, health: Health) -> list[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        requests = CounterMetricFamily(
            "roundhouse_http_requests",
            "Finished HTTP requests.",
            labels=["method", "route", "status"],
        )
        for labels, number in dict(self._requests).items():
            requests.add_metric(labels, number)
        seconds = CounterMetricFamily(
            "roundhouse_http_request_seconds",
            "Time spent in HTTP requests.",
            labels=["method", "route"],
        )
        for pair, spent in dict(self._seconds).items():
            seconds.add_metric(pair, spent)
        plain = [
            GaugeMetricFamily("roundhouse_websockets", "Open WebSockets.", self.sockets),
            GaugeMetricFamily(
                "roundhouse_subscriptions", "Sessions being followed.", live.subscriptions
            ),
            CounterMetricFamily(
                "roundhouse_events_delivered", "Events given to subscribers.", live.frames
            ),
            CounterMetricFamily(
                "roundhouse_slow_subscribers", "Subscribers cut back to replay.", live.cuts
            ),
            GaugeMetricFamily(
                "roundhouse_database_up",
                "Whether the database answers.",
                int(health.database == "ok"),
            ),
        ]
        nodes = []
        for name, text in (
            ("alive", "Whether the node's runner is alive."),
            ("warm", "Agents with a process."),
            ("running", "Turns running."),
            ("rss_bytes", "Memory of the runner and its agents."),
        ):
            family = GaugeMetricFamily(f"roundhouse_node_{name}", text, labels=["node"])
            for node in health.nodes:
                family.add_metric([node.name], float(getattr(node, name)))
            nodes.append(family)
        return [requests, seconds, *plain, *nodes]


class _Snapshot:
    def __init__(self, metrics: list[Any]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Any]:
        yield from self._metrics
