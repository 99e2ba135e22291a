"""`/metrics` in Prometheus' text format, for whoever has the token; for everybody else there is nothing at that address.

One process answers for itself. Where `PROMETHEUS_MULTIPROC_DIR` names a folder, all processes of the machine keep their
metrics in it, and each answers for all of them.
"""

import asyncio
import hmac
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import async_only_middleware
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@async_only_middleware
def expose_metrics(get_response: GetResponse) -> GetResponse:
    """Answer `/metrics` where the token is right, and pass on everything else.

    It stands before all other middleware, as the probes do: Prometheus names the process by its address.
    """

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info == "/metrics" and request.method == "GET" and _has_token(request):
            # Where many processes share a folder, reading it takes a while.
            text = await asyncio.to_thread(_collect)
            return HttpResponse(text, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})
        return await get_response(request)

    return middleware


def _has_token(request: HttpRequest) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    wanted: str | None = settings.METRICS_TOKEN
    return (
        wanted is not None
        and scheme.lower() == "bearer"
        and hmac.compare_digest(given.strip().encode(), wanted.encode())
    )


def _collect() -> bytes:
    folder = settings.PROMETHEUS_MULTIPROC_DIR
    if folder is None:
        return generate_latest(REGISTRY)
    for pid in _gone(Path(folder)):
        mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
    shared = CollectorRegistry()
    MultiProcessCollector(shared, folder)  # type: ignore[no-untyped-call]
    return generate_latest(shared)


def _gone(folder: Path) -> Iterator[int]:
    """Yield the processes that left gauges behind: a process that is killed cannot take them along."""
    for pid in {int(file.stem.rpartition("_")[2]) for file in folder.glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            yield pid
        except PermissionError:  # it lives, as another user
            pass
