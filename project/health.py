"""The liveness answer: this process takes requests. It asks no store, so that an outage restarts nobody."""

from django.http import HttpRequest, JsonResponse


async def show_health(_request: HttpRequest) -> JsonResponse:
    """Say that the process is alive."""
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})
