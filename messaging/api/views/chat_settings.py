"""What a member sets for a chat."""

from __future__ import annotations

from datetime import UTC

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.api.answers import SettingsShown
from messaging.api.bodies import ChatSettingsChange, bad_field, read_body
from messaging.api.calls import call
from messaging.api.serializers import show_settings
from messaging.api.views.base import ApiView
from messaging.chat_settings import ChatSettings, change_settings


class ChatSettingsView(ApiView):
    """`/api/chats/7/settings/`: what the user has set for the chat."""

    @call("change_settings", {200: (SettingsShown,)}, body=ChatSettingsChange)
    def patch(self, request: Request, chat: int) -> Response:
        """Change what the body names."""
        change = _in_utc(read_body(request, ChatSettingsChange))
        return Response(show_settings(change_settings(user=self.me, chat=chat, change=change)))


def _in_utc(change: ChatSettings) -> ChatSettings:
    if not change.muted_until:
        return change
    try:
        return msgspec.structs.replace(change, muted_until=change.muted_until.astimezone(UTC))
    except OverflowError:  # in UTC it is not in any of the years that there are
        raise bad_field("muted_until") from None
