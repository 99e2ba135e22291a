"""Users are Django's own."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Chat(models.Model):
    """A chat and its members."""

    title = models.CharField(max_length=200)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="chats")

    def __str__(self) -> str:
        return self.title


class Membership(models.Model):
    """A user in a chat, and how far it has read."""

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    last_read = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["chat", "user"], name="member_once"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.chat_id}"


class Message(models.Model):
    """What somebody said."""

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="messages")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.text
