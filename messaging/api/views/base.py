"""What all calls have in common, whatever the settings of the host application say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from messaging.api.authentication import TokenAuthentication
from messaging.api.bodies import BodyParser
from messaging.api.errors import handle_exception
from messaging.api.schema import CallSchema


class ApiView(APIView):
    """JSON in, JSON out, by a user with a token; nothing of it is kept by caches."""

    authentication_classes = [TokenAuthentication]
    permission_classes = [IsAuthenticated]
    parser_classes = [BodyParser]
    renderer_classes = [JSONRenderer]
    schema = CallSchema()
    # Without OPTIONS, which would describe the code.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view, outside of a transaction per request: the log commits before it answers."""
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    def get_exception_handler(self) -> Callable[..., Response | None]:
        """Answer errors as the protocol has them."""
        return handle_exception

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """Answer in JSON whatever was asked for."""
        return self.get_renderers()[0], "application/json"

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Forbid every cache to keep the answer: it is of one user and one moment."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Cache-Control"] = "no-store"
        return answer

    @property
    def me(self) -> int:
        """The id of the user who asks."""
        user: Any = self.request.user
        return int(user.pk)


class PublicView(ApiView):
    """A call without a token; one that comes along is not looked at."""

    authentication_classes = []
    permission_classes = []
