"""What a member reports to those who moderate."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from messaging import moderation
from messaging.api.bodies import NewReport, clean_reason, read_body
from messaging.api.views.base import ApiView


class ReportsView(ApiView):
    """`/api/reports/`: messages that are to be looked at."""

    throttle_scope = "report"

    def post(self, request: Request) -> Response:
        """Report a message; once more changes nothing."""
        body = read_body(request, NewReport)
        report, is_new = moderation.report_message(
            reporter=self.me, chat=body.chat, seq=body.seq, reason=clean_reason(body.reason)
        )
        return Response({"id": report}, status=201 if is_new else 200)
