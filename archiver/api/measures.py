"""What operators watch: requests by route and status, and how long they took (Prometheus text format)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.types import Scope

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


VERSION = "/v1"
"""What the paths of all routes with a caller begin with."""


def route_of(scope: Scope) -> str:
    """The route of a request, with names in place of what callers write; "none" where there is no such route."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "none"
    return f"{VERSION}{path}" if scope["path"].startswith(f"{VERSION}/") else str(path)


class Measures:
    """Counts of this process. Labels are routes, never paths: no id of a document is in them."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("minutier_api_requests", "Answers given.", labels, registry=self._registry)
        self._seconds = Histogram(
            "minutier_api_request_seconds", "How long answers took.", ("route",), registry=self._registry, buckets=_SECONDS
        )

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        """One answer was given."""
        route = route_of(scope)
        method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "PUT", "DELETE") else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
