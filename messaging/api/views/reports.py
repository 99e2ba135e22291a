"""What a member reports to those who moderate."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from messaging import moderation
from messaging.api.answers import ReportShown
from messaging.api.bodies import NewReport, clean_reason, read_body
from messaging.api.calls import call
from messaging.api.views.base import ApiView
from messaging.errors import MessageNotFound, NotAMember


class ReportsView(ApiView):
    """`/api/reports/`: messages that are to be looked at."""

    throttle_scope = "report"

    @call(
        "report_message",
        {200: (ReportShown,), 201: (ReportShown,)},
        body=NewReport,
        errors=(NotAMember, MessageNotFound),
    )
    def post(self, request: Request) -> Response:
        """Report a message; once more changes nothing."""
        body = read_body(request, NewReport)
        report, is_new = moderation.report_message(
            reporter=self.me, chat=body.chat, seq=body.seq, reason=clean_reason(body.reason)
        )
        shown: ReportShown = {"id": report}
        return Response(shown, status=201 if is_new else 200)
