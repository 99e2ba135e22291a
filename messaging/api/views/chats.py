"""Chats: listing, making, showing and renaming them, and how far one has read."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated

from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from messaging import reading, selectors, services
from messaging.api.answers import ChatPage, ChatShown, ReadPlace
from messaging.api.bodies import ChatChange, NewChat, ReadMark, bad_field, clean_title, read_body
from messaging.api.calls import LIMIT, SWITCH, Parameter, call
from messaging.api.pagination import paginate, read_limit
from messaging.api.serializers import show_chats
from messaging.api.views.base import ApiView
from messaging.errors import Forbidden, LimitReached, UserNotFound
from messaging.models import Membership

# Activity in microseconds since 1970, and the chat's id.
_PLACE = re.compile(r"([0-9]{1,17})\.([0-9]{1,16})")
_PARAMETERS = (
    Parameter("archived", SWITCH, "Only chats that are archived, or only others."),
    Parameter(
        "after", Annotated[str, Meta(pattern=f"^{_PLACE.pattern}$")], "The server's own, in the address of a page."
    ),
    LIMIT,
)


class ChatsView(ApiView):
    """`/api/chats/`: the chats of the user."""

    @call("chats", {200: (ChatPage,)}, parameters=_PARAMETERS)
    def get(self, request: Request) -> Response:
        """List the chats, newest activity first."""
        after, archived = _read_place(request), _read_archived(request)
        with selectors.one_snapshot():
            chats = selectors.memberships_by_activity(self.me, after=after, archived=archived)
            rows = chats[: read_limit(request) + 1]
            answer = paginate(request, list(rows), show=show_chats, after=_name_place)
            answer |= asdict(reading.read_totals(self.me))
        return Response(answer)

    @call("create_chat", {200: (ChatShown,), 201: (ChatShown,)}, body=NewChat, errors=(LimitReached, UserNotFound))
    def post(self, request: Request) -> Response:
        """Make a chat, or find the private one of the pair or the group made with this `id`."""
        body = read_body(request, NewChat)
        title = clean_title(body.title) if body.kind == "group" else ""
        chat, is_new = services.create_chat(
            creator=self.me, kind=body.kind, members=body.members, title=title, create_id=body.id
        )
        return Response(_show_chat(self.me, chat), status=201 if is_new else 200)


class ChatView(ApiView):
    """`/api/chats/7/`: one chat."""

    @call("chat", {200: (ChatShown,)})
    def get(self, request: Request, chat: int) -> Response:
        """Show the chat."""
        return Response(_show_chat(self.me, chat))

    @call("rename_chat", {200: (ChatShown,)}, body=ChatChange, errors=(Forbidden,))
    def patch(self, request: Request, chat: int) -> Response:
        """Rename the group."""
        title = clean_title(read_body(request, ChatChange).title)
        services.rename_chat(actor=self.me, chat=chat, title=title)
        return Response(_show_chat(self.me, chat))


class ReadView(ApiView):
    """`PUT /api/chats/7/read/`: the read marker."""

    @call("mark_read", {200: (ReadPlace,)}, body=ReadMark)
    def put(self, request: Request, chat: int) -> Response:
        """Move the marker forward; answer where it is."""
        seq = services.mark_read(user=self.me, chat=chat, seq=read_body(request, ReadMark).seq)
        answer: ReadPlace = {"seq": seq}
        return Response(answer)


def _show_chat(user: int, chat: int) -> ChatShown:
    with selectors.one_snapshot():
        (shown,) = show_chats([selectors.membership_of(user, chat)])
        return shown


def _read_place(request: Request) -> tuple[int, int] | None:
    text = request.query_params.get("after")
    if text is None:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise bad_field("after")
    return int(found[1]), int(found[2])


def _read_archived(request: Request) -> bool | None:
    text = request.query_params.get("archived")
    if text not in (None, "0", "1"):
        raise bad_field("archived")
    return None if text is None else text == "1"


def _name_place(membership: Membership) -> str:
    return f"{membership.activity}.{membership.chat_id}"  # type: ignore[attr-defined]  # annotated
