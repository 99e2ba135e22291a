"""The tables of moderation: what users report, and who looked at what or did something about it.

`models` hands them out with the others; this module knows none of those, so that either can be read by itself.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Index, Q, UniqueConstraint
from django.db.models.functions import Now

REASON_CHARS = 1_000


class Report(models.Model):
    """A message that a member wants to be looked at, once per member and message.

    `context` is the message and those around it as the reporter saw them then: it is evidence, which its sender cannot edit
    or delete, so it is kept while the report is open and no longer.
    """

    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    chat = models.ForeignKey("messaging.Chat", on_delete=models.PROTECT, related_name="+")
    seq = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=REASON_CHARS)
    # [{seq, at, sender, text}], by seq.
    context = models.JSONField(default=list)
    at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (UniqueConstraint(fields=["reporter", "chat", "seq"], name="report_once"),)
        indexes = (Index(fields=["-id"], condition=Q(closed_at__isnull=True), name="report_open"),)
        permissions = (("moderate", "Can delete messages, remove members, deactivate users and end their connections"),)

    def __str__(self) -> str:
        return f"report {self.pk} of event {self.seq} of chat {self.chat_id}"


class Deed(models.TextChoices):
    """What is written down of those who moderate."""

    TEXT_SHOWN = "text shown"
    MESSAGE_DELETED = "message deleted"
    MEMBER_REMOVED = "member removed"
    USER_DEACTIVATED = "user deactivated"
    USER_SIGNED_OUT = "user signed out"
    REPORT_CLOSED = "report closed"


class AuditEntry(models.Model):
    """Something that `actor` did to, or saw of, a chat, a message or a user; written in advance and never changed."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    deed = models.CharField(max_length=20, choices=Deed.choices)
    # Ids and no keys: an entry outlives what it speaks of.
    chat = models.BigIntegerField(null=True)
    seq = models.BigIntegerField(null=True)
    user = models.BigIntegerField(null=True)
    report = models.BigIntegerField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"audit entry {self.pk}"
