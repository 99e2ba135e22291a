"""Members of a chat: listing, adding and removing them, and what they may do."""

from __future__ import annotations

from functools import partial

from rest_framework.request import Request
from rest_framework.response import Response

from messaging import selectors, services
from messaging.api.answers import MemberPage, Noop, Stored
from messaging.api.bodies import MemberChange, NewMember, read_body
from messaging.api.calls import AFTER_ID, LIMIT, call
from messaging.api.pagination import paginate, read_integer, read_limit
from messaging.api.serializers import show_members, show_outcome
from messaging.api.views.base import ApiView
from messaging.errors import Forbidden, LimitReached, UserNotFound
from messaging.reading import tells_receipts


class MembersView(ApiView):
    """`/api/chats/7/members/`: who is in the chat."""

    @call("members", {200: (MemberPage,)}, parameters=(AFTER_ID, LIMIT))
    def get(self, request: Request, chat: int) -> Response:
        """List the members by user id, with how far they have read where that is told."""
        after, limit = read_integer(request, "after") or 0, read_limit(request)
        with selectors.one_snapshot():
            selectors.membership_of(self.me, chat)
            rows = list(selectors.members_of(chat, after=after)[: limit + 1])
            receipts = tells_receipts(request.user) and selectors.hears_signals(chat)
            show = partial(show_members, viewer=self.me, receipts=receipts)
            return Response(paginate(request, rows, show=show, after=lambda member: member.user_id))

    @call("add_member", {200: (Noop,), 201: (Stored,)}, body=NewMember, errors=(Forbidden, LimitReached, UserNotFound))
    def post(self, request: Request, chat: int) -> Response:
        """Add a user; one who is in the chat already makes no event."""
        body = read_body(request, NewMember)
        outcome = services.add_member(actor=self.me, chat=chat, user=body.user, role=body.role)
        return Response(show_outcome(outcome), status=200 if outcome.event is None else 201)


class MemberView(ApiView):
    """`/api/chats/7/members/3/`: one member."""

    @call("remove_member", {200: (Stored,)}, errors=(Forbidden, UserNotFound))
    def delete(self, request: Request, chat: int, user: int) -> Response:
        """Remove the user, or leave where it is oneself."""
        return Response(show_outcome(services.remove_member(actor=self.me, chat=chat, user=user)))

    @call("set_role", {200: (Stored, Noop)}, body=MemberChange, errors=(Forbidden, UserNotFound))
    def patch(self, request: Request, chat: int, user: int) -> Response:
        """Change the role."""
        role = read_body(request, MemberChange).role
        return Response(show_outcome(services.change_role(actor=self.me, chat=chat, user=user, role=role)))
