"""Messages of a chat: paging back through them, and writing without a socket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from messaging import selectors, services
from messaging.api.answers import EntryPage, Stored
from messaging.api.calls import AFTER_SEQ, BEFORE_SEQ, LIMIT, call
from messaging.api.pagination import link, read_integer, read_limit
from messaging.api.serializers import show_outcome
from messaging.api.views.base import ApiView
from messaging.conf import get_limits
from messaging.errors import BadFrame, Forbidden, IdConflict, MessageNotFound
from messaging.folded import fold_for
from messaging.models import Event
from messaging.protocol.codec import Codec
from messaging.protocol.frames import MessageSend
from messaging.write import Write


class MessagesView(ApiView):
    """`/api/chats/7/messages/`: the history of a chat."""

    @call("messages", {200: (EntryPage,)}, parameters=(BEFORE_SEQ, AFTER_SEQ, LIMIT))
    def get(self, request: Request, chat: int) -> Response:
        """List folded messages, newest first: those below `before`, or the oldest ones above `after`."""
        before, after, limit = read_integer(request, "before"), read_integer(request, "after"), read_limit(request)
        with selectors.one_snapshot():
            membership = selectors.membership_of(self.me, chat)
            events = selectors.history(membership, before=before, after=after, limit=limit + 1)
            page = events[:limit] if after is None else events[-limit:]
            following = _link(request, page, forward=after is not None) if len(events) > limit else None
            answer: EntryPage = {"results": fold_for(membership, page), "next": following}
            return Response(answer)

    @call(
        "send_message",
        {200: (Stored,), 201: (Stored,)},
        body=MessageSend,
        errors=(Forbidden, MessageNotFound, IdConflict),
    )
    def post(self, request: Request, chat: int) -> Response:
        """Send a message: the `message.send` of the socket, with the same answer to a repeat of its `id`."""
        command = _codec().convert_message(_read_object(request) | {"chat": chat})
        outcome = services.write(Write.from_command(self.me, command))
        return Response(show_outcome(outcome), status=200 if outcome.duplicate else 201)


def _link(request: Request, page: Sequence[Event], *, forward: bool) -> str:
    # A page is newest first, whichever way it is turned.
    return link(request, after=page[0].seq) if forward else link(request, before=page[-1].seq)


def _read_object(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise BadFrame("A message is one JSON object.")
    return request.data


def _codec() -> Codec:
    limits = get_limits()
    return Codec(frame_bytes=limits.frame_bytes, text_chars=limits.text_chars)
