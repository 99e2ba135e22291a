"""Static files from the folders of the apps, without collectstatic.

WhiteNoise's own middleware streams files with an iterator that Django warns about under ASGI. Ours keeps its table of files
and its headers and reads a file whole.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFiles(WhiteNoiseMiddleware):
    """Answer what lies under STATIC_URL; pass on everything else."""

    def __call__(self, request: HttpRequest) -> Any:
        return self._find(request) or self.get_response(request)

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
