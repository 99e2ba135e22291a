"""Static files from the folders of the apps, without collectstatic and without leaving the event loop.

WhiteNoise's own middleware is synchronous: under ASGI it would send every request through a thread and stream files
with an iterator that Django warns about. Ours keeps its table of files and its headers and reads a file whole.
"""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFiles(WhiteNoiseMiddleware):
    """Answer what lies under STATIC_URL; pass on everything else."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if not iscoroutinefunction(self):
            return self._find(request) or self.get_response(request)
        return self._answer(request)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        return self._find(request) or await self.get_response(request)

    def _find(self, request: HttpRequest) -> HttpResponse | None:
        path = request.path_info
        if not path.startswith(self.static_prefix):
            return None
        file = self.find_file(path) if self.autorefresh else self.files.get(path)
        if file is None:
            return None
        answer = file.get_response(request.method, request.META)
        body = b""
        if answer.file is not None:
            with answer.file as opened:
                body = opened.read()
        return HttpResponse(body, status=int(answer.status), headers=dict(answer.headers))
