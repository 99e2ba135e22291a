"""What is open now: connections, which can be ended, and the server processes that hold them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from messaging import moderation
from messaging.admin.tables import TableAdmin
from messaging.models import Connection, Node


@admin.register(Connection)
class ConnectionAdmin(TableAdmin):
    """Live connections, the youngest first."""

    list_display = ("user", "device", "node", "since")
    list_select_related = ("user", "node")
    ordering = ("-since",)
    searched = ("user",)
    search_help_text = "The id of a user."
    fields = ("user", "device", "node", "connection", "since")
    actions = ("disconnect",)

    @admin.action(description="Disconnect, and sign out everywhere", permissions=["moderate"])
    def disconnect(self, request: HttpRequest, connections: QuerySet[Connection]) -> None:
        """End the sockets; without the signing out their clients would be back at once."""
        self.do_to_each(request, connections, lambda row: moderation.sign_out(actor=request.user, user=row.user_id))


@admin.register(Node)
class NodeAdmin(TableAdmin):
    """Server processes, by their last beat."""

    list_display = ("id", "started_at", "beat_at", "connections")
    ordering = ("-beat_at",)
    fields = ("id", "started_at", "beat_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Count the connections with them."""
        of_node = Connection.objects.filter(node=OuterRef("pk")).order_by().values("node")
        counted = of_node.annotate(count=Count("pk")).values("count")
        return super().get_queryset(request).annotate(connections=Subquery(counted))

    @admin.display(description="connections")
    def connections(self, node: Node) -> int:
        """Tell how many connections the process holds."""
        return getattr(node, "connections", None) or 0
