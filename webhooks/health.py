"""What machines ask of a service: is it alive, may it be sent work, and how much of what has it done.

`GET /healthz`: 200 while the process answers. `GET /readyz`: 200 when the database answers, else 503 with the reason.
`GET /metrics`: Prometheus text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from reconciler.errors import ReconcileError
from webhooks.asgi import BaseRoute, PlainTextResponse, Request, Response, Route, run_in_threadpool

Counts = Mapping[tuple[str, str], int]  # (what, of which kind or reason) → how often since the start

_WORDS = {
    "step": ("headgate_steps", "kind", "Steps that were done."),
    "conflict": ("headgate_conflicts", "kind", "Steps that were repeated as somebody else had written."),
    "waiting": ("headgate_waits", "reason", "Steps that could not go on yet."),
    "stalled": ("headgate_stalls", "reason", "Steps that wait for a commit or a person."),
    "fault": ("headgate_faults", "kind", "Steps that failed through a fault of Headgate."),
    "parked": ("headgate_parked", "kind", "Keys that were given up for now through such a fault."),
    "lease_lost": ("headgate_leases_lost", "kind", "Steps whose lease was taken by another worker."),
    "given_up": ("headgate_keys_not_returned", "kind", "Keys that could not be given back to the database."),
    "store_failed": ("headgate_store_failures", "reason", "Times that the database did not answer."),
}
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def health_routes(counts: Callable[[], Counts], ready: Callable[[], object]) -> Sequence[BaseRoute]:
    """The routes. `counts` are the loop's; `ready` asks the database something and raises what it raises."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Loop(counts))

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        try:
            await run_in_threadpool(ready)
        except ReconcileError as error:
            return PlainTextResponse(f"{error.message}\n", status_code=503)
        return PlainTextResponse("ok\n")

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(registry), media_type=_TEXT)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


class _Loop(Collector):
    """What the loop has counted, as families of metrics."""

    def __init__(self, counts: Callable[[], Counts]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[CounterMetricFamily]:
        """One family for each kind of count, those included that never happened."""
        families = {
            what: CounterMetricFamily(name, says, labels=[label]) for what, (name, label, says) in _WORDS.items()
        }
        for (what, which), number in sorted(self._counts().items()):
            families[what].add_metric([which], number)
        yield from families.values()
