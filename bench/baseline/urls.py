"""REST of the baseline: the ticket, and a chat's messages."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.baseline.models import Membership, Message


class TicketView(APIView):
    """`GET /api/ws-ticket/`: the right to one attempt at opening a socket."""

    def get(self, request: Request) -> Response:
        """Leave a ticket."""
        cache.set(f"ticket_{request.user.pk}", 1, 60)
        return Response({"expires_in": 60})


class MessagesView(APIView):
    """`GET` and `POST /api/chats/7/messages/`."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let in the members."""
        super().initial(request, *args, **kwargs)
        if not Membership.objects.filter(chat_id=kwargs["chat"], user_id=request.user.pk).exists():
            raise PermissionDenied

    def get(self, request: Request, chat: int) -> Response:
        """Show the newest fifty."""
        messages = Message.objects.filter(chat_id=chat).select_related("sender").order_by("-pk")[:50]
        shown = [{"seq": m.pk, "sender": m.sender_id, "at": m.created_at, "text": m.text} for m in messages]
        return Response({"results": shown})

    def post(self, request: Request, chat: int) -> Response:
        """Store a message and tell the members."""
        message = Message.objects.create(chat_id=chat, sender_id=request.user.pk, text=request.data["text"])
        frame = {"type": "message.created", "chat": chat, "seq": message.pk, "text": message.text}
        event = {"type": "chat.event", "sender": message.sender_id, "frame": frame}
        async_to_sync(get_channel_layer().group_send)(f"chat_{chat}", event)
        return Response({"seq": message.pk, "at": message.created_at}, status=201)


async def say_ready(_request: HttpRequest) -> HttpResponse:
    """Answer that the process takes requests."""
    return HttpResponse("ok")


urlpatterns = [
    path("readyz", say_ready),
    path("api/ws-ticket/", TicketView.as_view()),
    path("api/chats/<int:chat>/messages/", MessagesView.as_view()),
]
