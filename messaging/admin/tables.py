"""What the lists of the admin have in common: fast however long the table is, and read-only.

No list counts its table: a page is found by an index, and pages go so far back and no farther. Who looks for what is older
names the chat. Rows are searched by ids, each search in an index too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from messaging.errors import ChatError
from messaging.protocol.frames import MAX_INTEGER

# Rows of a list that can be paged to.
_FAR = 5_000

_NUMBERS = re.compile(r"\s*([0-9]{1,16})(?:[\s:/]+([0-9]{1,16}))?\s*")


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # it has none when it runs
    """Counts as far as one may page, and not the table."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, or that there are too many to page through."""
        rows: Any = self.object_list
        return int(rows.order_by()[:_FAR].count())


class Moderating:
    """Actions on the rows of a list, each of which may be refused."""

    message_user: Any

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Tell who may do what `permissions=["moderate"]` stands at."""
        return request.user.has_perm("messaging.moderate")

    def do_to_each(self, request: HttpRequest, rows: Iterable[Any], deed: Callable[[Any], None]) -> None:
        """Do something to each row and say how often it was done, and why not to the others."""
        if not self.has_moderate_permission(request):
            raise PermissionDenied
        if request.POST.get("select_across") == "1":
            self.message_user(request, "A page at a time, please.", messages.ERROR)
            return
        done = 0
        for row in rows:
            try:
                deed(row)
            except ChatError as refused:
                self.message_user(request, f"{row}: {refused.detail}", messages.ERROR)
            else:
                done += 1
        if done:
            self.message_user(request, f"Done: {done}.", messages.SUCCESS)


class TableAdmin(Moderating, admin.ModelAdmin):  # type: ignore[type-arg]  # as above
    """A table that is looked at. `searched` are the columns that one or two numbers of the search are of."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    sortable_by = ()
    ordering = ("-pk",)
    actions: Any = ()
    searched: ClassVar[tuple[str, ...]] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let nobody make a row by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let nobody change one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let nobody delete one."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Let an address filter by the filters of the list alone: by any column, texts could be guessed letter by letter."""
        return any(lookup == getattr(each, "parameter_name", None) for each in self.list_filter)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Have a search box where there is something to search by."""
        return self.searched

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find rows by one number or two; what is none finds nothing."""
        if not search_term:
            return queryset, False
        found = _NUMBERS.fullmatch(search_term)
        numbers = [int(number) for number in found.groups() if number is not None] if found else []
        if not numbers or len(numbers) > len(self.searched) or max(numbers) > MAX_INTEGER:
            return queryset.none(), False
        return queryset.filter(**dict(zip(self.searched, numbers, strict=False))), False
