"""Accounts: Django's own form, without the ways in which it would leave a connection open or let somebody rise."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.db.models import Model, QuerySet
from django.db.transaction import on_commit
from django.http import HttpRequest

from messaging import accounts, moderation, services
from messaging.admin.tables import Moderating, TableAdmin
from messaging.fanout import tell_account_changed
from messaging.models import User

_OF_SUPERUSERS = ("is_staff", "is_superuser", "groups", "user_permissions")


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # it has none when it runs
    """Another password, which signs the user out everywhere."""

    def save(self, commit: bool = True) -> Any:
        """Save it, and make every token void with it."""
        user = super().save(commit)
        if commit:
            on_commit(lambda: accounts.sign_out(user.pk))
        return user


class AccountAdmin(Moderating, UserAdmin):  # type: ignore[type-arg]  # as above
    """Users, newest first."""

    change_password_form = PasswordForm
    paginator = TableAdmin.paginator
    show_full_result_count = False
    list_per_page = TableAdmin.list_per_page
    sortable_by = ()
    ordering = ("-pk",)
    list_display = ("id", "username", "is_active", "is_staff", "date_joined", "last_login")
    list_filter: ClassVar[tuple[str, ...]] = ()
    # By the index of names whatever their capitals, and by id.
    search_fields = ("=username", "=pk")
    search_help_text = "A username, or the id of a user."
    actions = ("deactivate", "sign_out")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let nobody delete a user: what it wrote stays, and somebody wrote it."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let only superusers change those who work here, oneself included."""
        is_ours = obj is not None and (obj.is_staff or obj.is_superuser)
        return super().has_change_permission(request, obj) and (request.user.is_superuser or not is_ours)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let only superusers say who works here."""
        return () if request.user.is_superuser else _OF_SUPERUSERS

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Tell the connection when its account may have ended."""
        super().save_model(request, obj, form, change)
        on_commit(lambda: services.tell([tell_account_changed(obj.pk)]))

    @admin.action(description="Deactivate", permissions=["moderate"])
    def deactivate(self, request: HttpRequest, users: QuerySet[Any]) -> None:
        """Deactivate users, whose connections end."""
        self.do_to_each(request, users, lambda row: moderation.deactivate_user(actor=request.user, user=row.pk))

    @admin.action(description="Sign out everywhere", permissions=["moderate"])
    def sign_out(self, request: HttpRequest, users: QuerySet[Any]) -> None:
        """Make every token of users void, and end their connections."""
        self.do_to_each(request, users, lambda row: moderation.sign_out(actor=request.user, user=row.pk))


# A host with a user model of its own has an admin of its own for it.
if get_user_model() is User:
    admin.site.register(User, AccountAdmin)
