"""The tables. A chat is a gapless log of events; everything else says who may read it and who is connected.

Rows are written by `log`, `services` and `connections` only. Foreign keys protect: chats and events are never deleted. They
have no index of their own: what is looked up by one begins a constraint or an index below.
"""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import CheckConstraint, Exists, F, Index, OuterRef, Q, UniqueConstraint
from django.db.models.functions import Now, Upper

from messaging.oversight import AuditEntry as AuditEntry
from messaging.oversight import Deed as Deed
from messaging.oversight import Report as Report
from messaging.policy import ChatKind, Role
from messaging.protocol.kinds import IN_HISTORY, Kind


class ConnectedUsers(UserManager["User"]):
    """Users that can be asked for with their connection."""

    def with_connection(self) -> models.QuerySet[User]:
        """Annotate `is_ws_connected`, so that a list of users costs one query."""
        return self.annotate(  # type: ignore[no-redef]  # the annotation takes the name of what is derived
            is_ws_connected=Exists(Connection.objects.filter(user=OuterRef("pk")))
        )


class IsConnected:
    """`is_ws_connected` of any user model: whether the user has a claim now.

    An annotation of the same name, kept on the instance, goes before it.
    """

    def __get__(self, user: models.Model | None, owner: type[models.Model]) -> object:
        return self if user is None else Connection.objects.filter(user=user.pk).exists()


class User(AbstractUser):
    """The default account; a host application may have its own."""

    # Derived from the claim, stored nowhere else: one fact, one place (protocol §6).
    is_ws_connected = IsConnected()

    objects: ClassVar[ConnectedUsers] = ConnectedUsers()

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"
        # Names are the same whatever their capitals: looked up so at registration and for mentions.
        indexes = (Index(Upper("username"), name="user_by_name"),)


class Account(models.Model):
    """What this app keeps beside any user model; a missing row means zeros."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="account"
    )
    # Every token of a lower version is void.
    token_version = models.PositiveIntegerField(default=0)
    display_name = models.CharField(max_length=80, blank=True, default="")
    # When the last claim of the user was given back or taken away, by the database's clock.
    last_seen_at = models.DateTimeField(null=True)
    preferences = models.JSONField(default=dict)

    class Meta:
        indexes = (Index(fields=["last_seen_at"], name="account_by_leaving"),)

    def __str__(self) -> str:
        return f"account of user {self.pk}"


class PresenceShown(models.TextChoices):
    """The preference `presence`: to whom a user's presence shows, and whose the user sees."""

    CHATS = "chats"
    NOBODY = "nobody"


class Block(models.Model):
    """`blocker` wants nothing of `blocked`; what it forbids it forbids to both."""

    blocker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    blocked = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (UniqueConstraint(fields=["blocker", "blocked"], name="block_once"),)

    def __str__(self) -> str:
        return f"user {self.blocker_id} blocks user {self.blocked_id}"


# How far `active_at` of a chat may be behind what happened in it.
ACTIVE_SECONDS = 5


class Chat(models.Model):
    """A container of members and messages, and the counters of its log."""

    kind = models.CharField(max_length=8, choices=[(kind.value, kind.value.title()) for kind in ChatKind])
    title = models.CharField(max_length=200, blank=True, default="")
    # "3:7", the ids of the two in order; null for a group.
    pair = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001
    creator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    # The creator's own id for the creation, so that a repeat finds this chat; null where none was given.
    create_id = models.CharField(max_length=64, null=True)  # noqa: DJ001
    last_seq = models.PositiveBigIntegerField(default=0)
    message_count = models.PositiveBigIntegerField(default=0)
    # The database's clock in the last statement before COMMIT.
    updated_at = models.DateTimeField(db_default=Now())
    # The same, but moved every ACTIVE_SECONDS only: PostgreSQL writes to every index of a row, and keeps the old row for
    # longer, when a column changes that stands in one.
    active_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            UniqueConstraint(fields=["creator", "create_id"], name="chat_once_per_create_id"),
            CheckConstraint(
                condition=Q(kind=ChatKind.PRIVATE, pair__isnull=False) | Q(kind=ChatKind.GROUP, pair__isnull=True),
                name="chat_pair_is_of_a_private_chat",
            ),
            CheckConstraint(condition=Q(message_count__lte=F("last_seq")), name="chat_messages_are_events"),
        )
        indexes = (Index(fields=["active_at"], name="chat_by_activity"),)

    def __str__(self) -> str:
        return f"chat {self.pk}"


class Membership(models.Model):
    """A user in a chat, kept after leaving: when it came and went, and how far it has read."""

    chat = models.ForeignKey(Chat, on_delete=models.PROTECT, related_name="memberships", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships", db_index=False
    )
    role = models.CharField(
        max_length=8, choices=[(role.value, role.value.title()) for role in Role], default=Role.MEMBER.value
    )
    # The seq of the own member.added; 0 for an initial member, who thus sees everything.
    joined_seq = models.PositiveBigIntegerField(default=0)
    left_seq = models.PositiveBigIntegerField(null=True)
    read_seq = models.PositiveBigIntegerField(default=0)
    # How many messages stand at or below read_seq: unread is the chat's message_count less this.
    read_count = models.PositiveBigIntegerField(default=0)
    # What the member has set for the chat; the database has the defaults too, because the log inserts members by itself.
    muted_until = models.DateTimeField(null=True)
    is_archived = models.BooleanField(default=False, db_default=False)
    pinned_at = models.DateTimeField(null=True)
    # A flag and no more: the read marker does not move back.
    is_marked_unread = models.BooleanField(default=False, db_default=False)
    # The database's clock at joining, leaving and role, not at reading.
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            UniqueConstraint(fields=["chat", "user"], name="membership_once"),
            CheckConstraint(
                condition=Q(left_seq__isnull=True) | Q(left_seq__gt=F("joined_seq")),
                name="membership_leaves_after_joining",
            ),
        )
        indexes = (
            Index(fields=["user", "chat"], condition=Q(left_seq__isnull=True), name="membership_of_user"),
            Index(fields=["changed_at"], name="membership_by_change"),
        )

    def __str__(self) -> str:
        return f"user {self.user_id} in chat {self.chat_id}"


class Event(models.Model):
    """One numbered fact of a chat. The row of a message also holds its present state, folded from later events."""

    chat = models.ForeignKey(Chat, on_delete=models.PROTECT, related_name="events", db_index=False)
    seq = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=20)
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    # The write's own id and the fingerprint of what it said; the hash is wiped with the content.
    client_id = models.CharField(max_length=64, null=True)  # noqa: DJ001
    content_hash = models.CharField(max_length=32, null=True)  # noqa: DJ001
    # The seq of the message that this event changes.
    target = models.PositiveBigIntegerField(null=True)
    # The kind's fields that have no column of their own.
    payload = models.JSONField(default=dict)
    text = models.TextField(default="")
    at = models.DateTimeField()
    # How many messages stand at or below this seq.
    message_no = models.PositiveBigIntegerField()
    reply_to = models.PositiveBigIntegerField(null=True)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    # {emoji: [user ids]}.
    reactions = models.JSONField(default=dict)

    class Meta:
        constraints = (
            UniqueConstraint(fields=["chat", "seq"], name="event_numbered_once"),
            UniqueConstraint(fields=["chat", "sender", "client_id"], name="event_written_once"),
            CheckConstraint(condition=Q(seq__gte=1), name="event_numbered_from_one"),
        )
        indexes = (
            Index(fields=["chat", "-seq"], condition=Q(kind__in=IN_HISTORY), name="event_in_history"),
            # The texts to be wiped with a message.
            Index(fields=["chat", "target"], condition=Q(kind=Kind.MESSAGE_EDITED), name="event_edits"),
        )
        permissions = (("view_event_text", "Can see what messages say, which is written down each time"),)

    def __str__(self) -> str:
        return f"event {self.seq} of chat {self.chat_id}"


class Mention(models.Model):
    """A member whom another names in the message `seq`; it is unread while the member's marker stands below it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    chat = models.ForeignKey(Chat, on_delete=models.PROTECT, related_name="+", db_index=False)
    seq = models.PositiveBigIntegerField()

    class Meta:
        constraints = (UniqueConstraint(fields=["user", "chat", "seq"], name="mention_once"),)

    def __str__(self) -> str:
        return f"user {self.user_id} in event {self.seq} of chat {self.chat_id}"


class Node(models.Model):
    """One server process, under a random id per start; its beat says that it lives."""

    id = models.CharField(max_length=32, primary_key=True)
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return f"node {self.pk}"


class Connection(models.Model):
    """The claim of a user's one connection; live until it is released or swept."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    connection = models.CharField(max_length=32, unique=True)
    device = models.CharField(max_length=64)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (Index(fields=["since"], name="connection_by_coming"),)

    def __str__(self) -> str:
        return f"connection {self.connection} of user {self.pk}"


def new_epoch() -> str:
    """Return a name for a history of the store that no other has."""
    return secrets.token_hex(8)


class Store(models.Model):
    """One row: the name of this history of the store, renewed after a restore or a lossy fail-over."""

    epoch = models.CharField(max_length=16, default=new_epoch)

    class Meta:
        constraints = (CheckConstraint(condition=Q(id=1), name="store_has_one_row"),)

    def __str__(self) -> str:
        return f"store epoch {self.epoch}"
