"""The liveness answer: this process takes requests. It asks no store, so that an outage restarts nobody.

It stands before all other middleware: a probe that names the process by its address is no visitor of an allowed host.
"""

from collections.abc import Awaitable, Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.decorators import async_only_middleware

PATH = "/healthz"

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@async_only_middleware
def answer_probes(get_response: GetResponse) -> GetResponse:
    """Answer `/healthz`, and pass on everything else."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info == PATH:
            return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})
        return await get_response(request)

    return middleware
