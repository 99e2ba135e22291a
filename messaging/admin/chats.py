"""Chats, their members, and their events, whose texts are shown one by one and only to who may see them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from messaging import moderation
from messaging.admin.tables import TableAdmin
from messaging.models import Chat, Event, Membership

_SHOWN = "text"


@admin.register(Chat)
class ChatAdmin(TableAdmin):
    """Chats, newest first; each leads to its members and events."""

    list_display = ("id", "kind", "title", "creator", "last_seq", "message_count", "updated_at", "leads_to")
    list_select_related = ("creator",)
    searched = ("pk",)
    search_help_text = "The id of a chat."
    fields = ("id", "kind", "title", "creator", "last_seq", "message_count", "updated_at", "leads_to")

    @admin.display(description="in it")
    def leads_to(self, chat: Chat) -> str:
        """Link to what is in the chat."""
        query = urlencode({"q": chat.pk})
        members, events = (reverse(f"admin:messaging_{name}_changelist") for name in ("membership", "event"))
        return format_html('<a href="{}?{}">members</a>, <a href="{}?{}">events</a>', members, query, events, query)


@admin.register(Membership)
class MembershipAdmin(TableAdmin):
    """Who is and was in which chat."""

    list_display = ("id", "chat", "user", "role", "joined_seq", "left_seq", "changed_at")
    list_select_related = ("chat", "user")
    searched = ("chat", "user")
    search_help_text = "The id of a chat, and that of a user behind it: 7 or 7:3."
    fields = ("chat", "user", "role", "joined_seq", "left_seq", "read_seq", "changed_at")
    actions = ("remove",)

    @admin.action(description="Remove from the chat", permissions=["moderate"])
    def remove(self, request: HttpRequest, memberships: QuerySet[Membership]) -> None:
        """Remove the members, in the name of an owner."""
        self.do_to_each(
            request,
            memberships,
            lambda row: moderation.remove_member(actor=request.user, chat=row.chat_id, user=row.user_id),
        )


@admin.register(Event)
class EventAdmin(TableAdmin):
    """The log, newest first, without a word of it; with a chat in the search, that chat from its head down."""

    list_display = ("id", "chat", "seq", "kind", "sender", "at", "edited_at", "deleted_at")
    list_select_related = ("chat", "sender")
    searched = ("chat", "seq")
    search_help_text = "The id of a chat, and a number in it behind that: 7 or 7:123."
    fields = ("chat", "seq", "kind", "sender", "at", "target", "reply_to", "edited_at", "deleted_at", "shown_text")
    readonly_fields = ("shown_text",)
    actions = ("delete_messages",)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Read the index of the chat where one is named: by id PostgreSQL would look through those of all chats."""
        return ("-chat_id", "-seq") if request.GET.get("q") else ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Leave in the database what is shown to nobody by the way."""
        return super().get_queryset(request).defer("text", "payload", "reactions", "content_hash", "client_id")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Find an event; its text with it where it is asked for, which is written down first."""
        event: Any = super().get_object(request, object_id, from_field)
        if event is not None:
            event.may_be_shown = request.user.has_perm("messaging.view_event_text")
            event.is_shown = event.may_be_shown and request.method == "GET" and _SHOWN in request.GET
            if event.is_shown:
                moderation.note_shown(request.user, chat=event.chat_id, seq=event.seq)
        return event

    @admin.display(description="text")
    def shown_text(self, event: Any) -> str:
        """Show the text, or the way to it, or who may see it."""
        if event.is_shown:
            return event.text or "–"
        if event.may_be_shown:
            return format_html('<a href="?{}=1">Show it. This is written down.</a>', _SHOWN)
        return "Only those may see it who have the permission for it."

    @admin.action(description="Delete the messages", permissions=["moderate"])
    def delete_messages(self, request: HttpRequest, events: QuerySet[Event]) -> None:
        """Delete messages for everybody, in the name of their senders."""
        self.do_to_each(
            request,
            events,
            lambda row: moderation.delete_message(actor=request.user, chat=row.chat_id, seq=row.seq),
        )
