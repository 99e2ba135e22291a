"""The outermost middleware: every HTTP request has an id, in its log lines and in its answer, and is counted."""

from collections.abc import Awaitable, Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import async_only_middleware

from messaging.metrics import HTTP_RESPONSES
from messaging.request_id import choose_request_id, current_request

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

_RESPONSES = {hundreds: HTTP_RESPONSES.labels(f"{hundreds}xx") for hundreds in range(1, 6)}


@async_only_middleware
def identify(get_response: GetResponse) -> GetResponse:
    """Take the request's `X-Request-ID`, or make one, and answer with it."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        id = choose_request_id(request.headers.get("X-Request-ID"))
        token = current_request.set(id)
        try:
            response = await get_response(request)
        finally:
            current_request.reset(token)
        response["X-Request-ID"] = id
        _RESPONSES[response.status_code // 100].inc()
        return response

    return middleware
