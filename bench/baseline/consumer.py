"""The consumer of the baseline: a user's one socket, a group for each of its chats."""

from __future__ import annotations

from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth.models import User
from django.core.cache import cache
from rest_framework_simplejwt.tokens import AccessToken

from bench.baseline.models import Chat, Membership, Message


class ChatConsumer(AsyncJsonWebsocketConsumer):
    """Frames as chat.v1 names them; `seq` is the key of the message."""

    async def connect(self) -> None:
        """Let in who has a token and a ticket, and join the groups of the user's chats."""
        headers = dict(self.scope["headers"])
        token = AccessToken(headers[b"authorization"].decode().removeprefix("Bearer "))
        self.user = await self.get_user(int(token["user_id"]))
        if not await cache.adelete(f"ticket_{self.user.pk}"):
            await self.close()
            return
        self.chats = await self.get_chats()
        for chat in self.chats:
            await self.channel_layer.group_add(f"chat_{chat}", self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave the groups."""
        for chat in getattr(self, "chats", []):
            await self.channel_layer.group_discard(f"chat_{chat}", self.channel_name)

    async def receive_json(self, content: dict[str, Any], **kwargs: Any) -> None:
        """Do what the frame asks."""
        match content["type"]:
            case "hello":
                await self.say_hello(content)
            case "message.send":
                await self.send_message(content)
            case "typing":
                await self.tell(content["chat"], {"type": "typing", "user": self.user.pk, "on": content["on"]})
            case "read":
                await self.mark_read(content["chat"], content["seq"])
                await self.tell(content["chat"], {"type": "read", "user": self.user.pk, "seq": content["seq"]})

    async def say_hello(self, content: dict[str, Any]) -> None:
        """Answer with the chats, and with what was missed since the keys in `resume`."""
        await self.send_json({"type": "ready", "id": content["id"], "chats": [{"chat": chat} for chat in self.chats]})
        for chat, after in content.get("resume", {}).items():
            for message in await self.get_messages(int(chat), after):
                await self.send_json(_show(message))
        await self.send_json({"type": "caught_up"})

    async def send_message(self, content: dict[str, Any]) -> None:
        """Store a message, answer, and tell the members."""
        chat = content["chat"]
        if not await self.is_member(chat):
            await self.send_json({"type": "error", "id": content["id"], "chat": chat, "code": "not_a_member"})
            return
        message = await self.create_message(chat, content["text"])
        await self.send_json({"type": "ack", "id": content["id"], "chat": chat, "status": 200, "seq": message.pk})
        await self.tell(chat, _show(message))

    async def tell(self, chat: int, frame: dict[str, Any]) -> None:
        """Send a frame to the members."""
        event = {"type": "chat.event", "sender": self.user.pk, "frame": frame | {"chat": chat}}
        await self.channel_layer.group_send(f"chat_{chat}", event)

    async def chat_event(self, event: dict[str, Any]) -> None:
        """Pass on what another member did."""
        if event["sender"] != self.user.pk:
            await self.send_json(event["frame"])

    @database_sync_to_async
    def get_user(self, pk: int) -> User:
        """Return the user of a token."""
        return User.objects.get(pk=pk, is_active=True)

    @database_sync_to_async
    def get_chats(self) -> list[int]:
        """Return the keys of the user's chats."""
        return list(Chat.objects.filter(members=self.user).values_list("pk", flat=True))

    @database_sync_to_async
    def is_member(self, chat: int) -> bool:
        """Tell whether the user is in a chat."""
        return Membership.objects.filter(chat_id=chat, user=self.user).exists()

    @database_sync_to_async
    def create_message(self, chat: int, text: str) -> Message:
        """Store a message."""
        return Message.objects.create(chat_id=chat, sender=self.user, text=text)

    @database_sync_to_async
    def mark_read(self, chat: int, seq: int) -> None:
        """Store how far the user has read."""
        Membership.objects.filter(chat_id=chat, user=self.user, last_read__lt=seq).update(last_read=seq)

    @database_sync_to_async
    def get_messages(self, chat: int, after: int) -> list[Message]:
        """Return what came after a message."""
        return list(Message.objects.filter(chat_id=chat, pk__gt=after).order_by("pk")[:500])


def _show(message: Message) -> dict[str, Any]:
    return {
        "type": "message.created",
        "chat": message.chat_id,
        "seq": message.pk,
        "at": message.created_at.isoformat(),
        "sender": message.sender_id,
        "text": message.text,
    }
