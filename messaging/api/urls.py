"""The addresses of the API, to be included under `api/`."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path, register_converter

from messaging.api.errors import page_not_found
from messaging.api.views.chat_settings import ChatSettingsView
from messaging.api.views.chats import ChatsView, ChatView, ReadView
from messaging.api.views.members import MembersView, MemberView
from messaging.api.views.messages import MessagesView
from messaging.api.views.reports import ReportsView
from messaging.api.views.schema import show_docs, show_schema
from messaging.api.views.tickets import TicketView
from messaging.api.views.tokens import RefreshView, TokenView
from messaging.api.views.users import BlockedView, BlockView, LogoutView, MeView, PasswordView, UsersView
from messaging.protocol.frames import MAX_INTEGER


class NumberConverter:
    """The id of a chat or a user."""

    regex = "[0-9]{1,64}"

    def to_python(self, value: str) -> int:
        """Return the id. One beyond the wire's integers is nobody's, and so is the largest: that stands for them all."""
        return min(int(value), MAX_INTEGER)

    def to_url(self, value: int) -> str:
        """Return the id as it stands in an address."""
        return str(value)


register_converter(NumberConverter, "number")

urlpatterns: list[URLPattern] = [
    path("token/", TokenView.as_view()),
    path("token/refresh/", RefreshView.as_view()),
    path("ws-ticket/", TicketView.as_view()),
    path("users/", UsersView.as_view()),
    path("users/me/", MeView.as_view()),
    path("users/blocked/", BlockedView.as_view()),
    path("users/blocked/<number:user>/", BlockView.as_view()),
    path("users/logout/", LogoutView.as_view()),
    path("users/password/", PasswordView.as_view()),
    path("chats/", ChatsView.as_view()),
    path("chats/<number:chat>/", ChatView.as_view()),
    path("chats/<number:chat>/messages/", MessagesView.as_view()),
    path("chats/<number:chat>/members/", MembersView.as_view()),
    path("chats/<number:chat>/members/<number:user>/", MemberView.as_view()),
    path("chats/<number:chat>/read/", ReadView.as_view()),
    path("chats/<number:chat>/settings/", ChatSettingsView.as_view()),
    path("schema/", show_schema),
    path("docs/", show_docs),
    path("reports/", ReportsView.as_view()),
    # Also where the host application has a page of its own for what is not there.
    re_path("", page_not_found),
]
