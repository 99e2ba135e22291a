"""What users report, with buttons for what can be done about it, and the audit of all that was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_POST

from messaging import moderation
from messaging.admin.tables import TableAdmin
from messaging.errors import ChatError
from messaging.models import AuditEntry, Event, Report


class OpenFilter(admin.SimpleListFilter):
    """Open reports first of all: who looks in wants to see those."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the other states."""
        return [("closed", "closed"), ("all", "all")]

    def choices(self, changelist: Any) -> Any:
        """Call that without a name open."""
        first, *others = super().choices(changelist)
        return [{**first, "display": "open"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Report]) -> QuerySet[Report]:
        """Choose."""
        return queryset if self.value() == "all" else queryset.filter(closed_at__isnull=self.value() != "closed")


@admin.register(Report)
class ReportAdmin(TableAdmin):
    """Reports, newest first."""

    list_display = ("id", "chat", "seq", "reporter", "reason", "at", "closed_at")
    list_select_related = ("chat", "reporter")
    list_filter = (OpenFilter,)
    searched = ("chat", "seq")
    search_help_text = "The id of a chat, and a number in it behind that: 7 or 7:123."
    fields = ("chat", "seq", "sender", "reporter", "reason", "at", "closed_at", "what_was_said")
    readonly_fields = ("sender", "what_was_said")

    def get_urls(self) -> list[URLPattern]:
        """Add the address that the buttons send to."""
        act = require_POST(self.admin_site.admin_view(self.act))
        return [path("<int:pk>/act/", act, name="messaging_report_act"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        """Leave the texts where they are until one report is opened."""
        return super().get_queryset(request).defer("context")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Find a report; its texts with it for who may see them, which is written down first."""
        report: Any = super().get_object(request, object_id, from_field)
        if report is not None:
            report.is_shown = request.user.has_perm("messaging.view_event_text")
            if report.is_shown and report.closed_at is None and request.method == "GET":
                moderation.note_shown(request.user, chat=report.chat_id, seq=report.seq, report=report.pk)
        return report

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Offer the buttons to who may press them."""
        context = {**(extra_context or {}), "can_act": self.has_moderate_permission(request)}
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description="sender")
    def sender(self, report: Report) -> Any:
        """Name who wrote what was reported."""
        return _find_message(report).sender

    @admin.display(description="what was said")
    def what_was_said(self, report: Any) -> str:
        """Show the message as it was reported, between those around it."""
        if not report.is_shown:
            return "Only those may see it who have the permission for it."
        if report.closed_at is not None:
            return "It was kept until the report was closed."
        rows = (
            (line["seq"], line["sender"], line["at"], " ← reported" if line["seq"] == report.seq else "", line["text"])
            for line in report.context
        )
        return format_html("<dl>{}</dl>", format_html_join("", "<dt>{}. user {}, {}{}</dt><dd>{}</dd>", rows))

    def act(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do what the button says, outside of the transaction that Django puts around its forms."""
        if not self.has_moderate_permission(request):
            raise PermissionDenied
        report = Report.objects.filter(pk=pk, closed_at=None).first()
        deed = _DEEDS.get(request.POST.get("act", ""))
        if report is None or deed is None:
            raise Http404
        try:
            deed(request, report)
        except ChatError as refused:
            self.message_user(request, refused.detail, messages.ERROR)
        else:
            self.message_user(request, "Done.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:messaging_report_change", args=[pk]))


def _find_message(report: Report) -> Event:
    return Event.objects.select_related("sender").only("sender").get(chat=report.chat_id, seq=report.seq)


def _delete(request: HttpRequest, report: Report) -> None:
    moderation.delete_message(actor=request.user, chat=report.chat_id, seq=report.seq, report=report.pk)


def _remove(request: HttpRequest, report: Report) -> None:
    sender = _find_message(report).sender_id
    moderation.remove_member(actor=request.user, chat=report.chat_id, user=sender, report=report.pk)


def _deactivate(request: HttpRequest, report: Report) -> None:
    moderation.deactivate_user(actor=request.user, user=_find_message(report).sender_id, report=report.pk)


def _close(request: HttpRequest, report: Report) -> None:
    moderation.close_report(actor=request.user, report=report.pk)


# What the buttons of the template are called.
_DEEDS: dict[str, Callable[[HttpRequest, Report], None]] = {
    "delete": _delete,
    "remove": _remove,
    "deactivate": _deactivate,
    "close": _close,
}


@admin.register(AuditEntry)
class AuditEntryAdmin(TableAdmin):
    """Who did what, newest first."""

    list_display = ("id", "at", "actor", "deed", "chat", "seq", "user", "report")
    list_select_related = ("actor",)
    searched = ("pk",)
    search_help_text = "The id of an entry."
