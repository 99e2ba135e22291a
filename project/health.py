"""The answers to probes: this process lives, and whether it is to get visitors. They ask no store.

An outage is no reason to restart a process, so `/healthz` knows of none. `/readyz` tells what the process knows already,
from its beat and its canary.

It stands before all other middleware: a probe that names the process by its address is no visitor of an allowed host.
"""

from collections.abc import Awaitable, Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.decorators import async_only_middleware

from messaging.runtime import ensure_runtime

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@async_only_middleware
def answer_probes(get_response: GetResponse) -> GetResponse:
    """Answer `/healthz` and `/readyz`, and pass on everything else."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        match request.path_info:
            case "/healthz":
                return _answer(200, "ok")
            case "/readyz":
                return _tell_ready()
        return await get_response(request)

    return middleware


def _tell_ready() -> JsonResponse:
    """503 while no visitor should be sent here; degraded is 200: the others would not fare better."""
    runtime = ensure_runtime()
    if runtime.unready:
        return _answer(503, "unavailable", reasons=runtime.unready)
    if runtime.degraded:
        return _answer(200, "degraded", reasons=runtime.degraded)
    return _answer(200, "ok")


def _answer(code: int, status: str, **more: list[str]) -> JsonResponse:
    response = JsonResponse({"status": status, **more}, status=code, headers={"Cache-Control": "no-store"})
    # A probe that is told no is no failed request, and Django would log each as an error.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
