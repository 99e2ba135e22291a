"""Static files from the folders of the apps, without collectstatic.

WhiteNoise's own middleware streams files with an iterator that Django warns about under ASGI. Ours keeps its table of files
and its headers and reads a file whole.

Texts are compressed: they hold no secret that their length could tell, and no answer of the API passes through here.
"""

import gzip
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from wsgiref.headers import Headers

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

_TEXT = re.compile(r"text/|image/svg|application/(javascript|json)")
_ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")


class StaticFiles(WhiteNoiseMiddleware):
    """Answer what lies under STATIC_URL; pass on everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        # path → the tag of the file and its compressed content
        self._compressed: dict[str, tuple[str | None, bytes]] = {}

    def __call__(self, request: HttpRequest) -> Any:
        return self._find(request) or self.get_response(request)

    def _find(self, request: HttpRequest) -> HttpResponse | None:
        path = request.path_info
        if not path.startswith(self.static_prefix):
            return None
        file = self.find_file(path) if self.autorefresh else self.files.get(path)
        if file is None:
            return None
        answer = file.get_response(request.method, request.META | _get_strong_tag(request))
        body = b""
        if answer.file is not None:
            with answer.file as opened:
                body = opened.read()
        response = HttpResponse(body, status=int(answer.status), headers=dict(answer.headers))
        if answer.status == HTTPStatus.NOT_MODIFIED:
            # Django's default; a cache would take it for that of the file it has.
            del response["Content-Type"]
        if "Vary" in response:
            # Weak: the table has one tag for both forms of a file.
            if "ETag" in response:
                response["ETag"] = f"W/{response['ETag']}"
            if _ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")):
                self._compress(path, response)
        return response

    def add_mime_headers(self, headers: Headers, path: str, url: str) -> None:
        """Say of texts, in every answer about them, that there are two forms."""
        super().add_mime_headers(headers, path, url)
        if _TEXT.match(headers["Content-Type"] or ""):
            headers["Vary"] = "Accept-Encoding"

    def _compress(self, path: str, response: HttpResponse) -> None:
        # A part of a file is a part of its plain form.
        if response.status_code != HTTPStatus.OK or not response.content:
            return
        tag = response.get("ETag")
        known = self._compressed.get(path)
        if known is None or known[0] != tag:
            known = self._compressed[path] = tag, gzip.compress(response.content, mtime=0)
        response.content = known[1]
        response["Content-Encoding"] = "gzip"
        response["Content-Length"] = str(len(response.content))


def _get_strong_tag(request: HttpRequest) -> dict[str, str]:
    tag = request.headers.get("If-None-Match")
    return {} if tag is None else {"HTTP_IF_NONE_MATCH": tag.removeprefix("W/")}
