"""Accounts: registering, who one is, whom one can write to, and signing out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Field
from msgspec import UNSET, Meta
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from messaging import accounts, selectors
from messaging.access import revoke
from messaging.api.answers import Me, NewUser, UserPage
from messaging.api.bodies import (
    Credentials,
    NewPassword,
    Profile,
    SignOut,
    bad_field,
    clean_display_name,
    read_body,
)
from messaging.api.calls import AFTER_ID, LIMIT, Parameter, call
from messaging.api.pagination import paginate, parse_integer, read_integer, read_limit
from messaging.api.refresh_cookie import clear_cookie
from messaging.api.serializers import show_me, show_users
from messaging.api.throttles import network_of
from messaging.api.views.base import ApiView
from messaging.blocks import blocked_by, without_blocked
from messaging.conf import get_settings
from messaging.errors import BadFrame, CredentialsInvalid, Forbidden, TokenInvalid, UsernameTaken, UserNotFound
from messaging.logins import Try
from messaging.protocol.codec import clean_text

# Names that one call resolves, and characters of a name that is looked for.
_IDS_MOST = 200
_SEARCH_CHARS = 150
_PARAMETERS = (
    Parameter("search", Annotated[str, Meta(max_length=_SEARCH_CHARS)], "Find active users by a part of the name."),
    Parameter(
        "ids",
        Annotated[str, Meta(pattern=f"^([0-9]{{1,15}}(,[0-9]{{1,15}}){{0,{_IDS_MOST - 1}}})?$")],
        "Name those of the ids that one shares a chat with.",
    ),
    AFTER_ID,
    LIMIT,
)


class UsersView(ApiView):
    """`/api/users/`: people one can write to, people one shares a chat with, and registration."""

    @property
    def throttle_scope(self) -> str | None:
        """Registering has a rate of its own."""
        return "register" if self._is_public() else None

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Look at no token where somebody registers."""
        return [] if self._is_public() else super().get_authenticators()

    def get_permissions(self) -> Sequence[Any]:
        """Let everybody register."""
        return [] if self._is_public() else super().get_permissions()

    def _is_public(self) -> bool:
        # A view that is only described has no request at first.
        return getattr(self.request, "method", None) == "POST"

    @call("users", {200: (UserPage,)}, parameters=_PARAMETERS)
    def get(self, request: Request) -> Response:
        """List users: `?ids=` names, `?search=` finds, without either those one shares a chat with."""
        ids, search = request.query_params.get("ids"), request.query_params.get("search")
        after, limit = read_integer(request, "after") or 0, read_limit(request)
        with selectors.one_snapshot():
            if ids is not None:
                return Response({"results": show_users(self._name(ids)), "next": None})
            users = selectors.people_of(self.me) if search is None else self._find(search)
            rows = users.filter(pk__gt=after)[: limit + 1]
            return Response(paginate(request, list(rows), show=show_users, after=lambda user: user.pk))

    def _name(self, ids: str) -> list[Any]:
        wanted = [parse_integer(text, field="ids") for text in ids.split(",")] if ids else []
        if len(wanted) > _IDS_MOST:
            raise BadFrame(f"At most {_IDS_MOST} users can be named at once.", field="ids")
        return list(selectors.people_of(self.me).filter(pk__in=wanted))

    def _find(self, search: str) -> Any:
        text = clean_text(search, most=_SEARCH_CHARS) if search.strip() else ""
        if text is None:
            raise bad_field("search")
        return without_blocked(selectors.find_users(text).exclude(pk=self.me), self.me)

    @call("register", {201: (NewUser,)}, body=Credentials, errors=(Forbidden, UsernameTaken))
    def post(self, request: Request) -> Response:
        """Register, where it is open."""
        if not get_settings().open_registration:
            raise Forbidden("Registration is closed.")
        body = read_body(request, Credentials)
        username = _check_username(body.username)
        model = get_user_model()
        _check_password(body.password, user=model(**{model.USERNAME_FIELD: username}), field="password")
        user = accounts.register_user(username=username, password=body.password)
        answer: NewUser = {"id": user.pk, "username": user.get_username()}
        return Response(answer, status=201)


class MeView(ApiView):
    """`/api/users/me/`: the user who asks."""

    @call("me", {200: (Me,)})
    def get(self, request: Request) -> Response:
        """Show who the token is of."""
        return Response(show_me(request.user))

    @call("change_me", {200: (Me,)}, body=Profile)
    def patch(self, request: Request) -> Response:
        """Change the name that others see, or a preference."""
        body = read_body(request, Profile)
        change: dict[str, Any] = {}
        if body.display_name is not UNSET:
            change["display_name"] = clean_display_name(body.display_name)
            accounts.set_display_name(user=self.me, display_name=change["display_name"])
        if body.presence is not UNSET:
            change["presence"] = body.presence
            accounts.set_preference(user=self.me, name="presence", value=body.presence)
        if body.receipts is not UNSET:
            change["receipts"] = body.receipts
            accounts.set_receipts(user=self.me, on=body.receipts)
        if not change:
            raise bad_field("display_name")
        return Response({**show_me(request.user), **change})


class BlockedView(ApiView):
    """`/api/users/blocked/`: whom the user blocks."""

    @call("blocked", {200: (UserPage,)}, parameters=(AFTER_ID, LIMIT))
    def get(self, request: Request) -> Response:
        """List them by id."""
        rows = blocked_by(self.me, after=read_integer(request, "after") or 0)[: read_limit(request) + 1]
        return Response(paginate(request, list(rows), show=show_users, after=lambda user: user.pk))


class BlockView(ApiView):
    """`/api/users/blocked/3/`: whether the user blocks that one."""

    @call("block", {204: ()}, errors=(BadFrame, UserNotFound))
    def put(self, request: Request, user: int) -> Response:
        """Block."""
        accounts.block_user(user=self.me, blocked=user)
        return Response(status=204)

    @call("unblock", {204: ()}, errors=(BadFrame, UserNotFound))
    def delete(self, request: Request, user: int) -> Response:
        """Block no longer."""
        accounts.unblock_user(user=self.me, blocked=user)
        return Response(status=204)


class LogoutView(ApiView):
    """`POST /api/users/logout/`: end one sign-in, or all."""

    @call("logout", {204: ()}, body=SignOut)
    def post(self, request: Request) -> Response:
        """Make one refresh token void, or every token of the user."""
        body = read_body(request, SignOut)
        if body.all:
            accounts.sign_out(self.me)
            return clear_cookie(Response(status=204), request, to="../../token/refresh/")
        try:
            revoke(body.refresh or "", user=self.me)
        except TokenInvalid:
            raise bad_field("refresh") from None
        return clear_cookie(Response(status=204), request, to="../../token/refresh/")


class PasswordView(ApiView):
    """`POST /api/users/password/`: a new password, which signs the user out everywhere."""

    # The old password can be guessed here too.
    throttle_scope = "token"

    @call("change_password", {204: ()}, body=NewPassword, errors=(CredentialsInvalid,))
    def post(self, request: Request) -> Response:
        """Change the password."""
        body = read_body(request, NewPassword)
        _check_password(body.new, user=request.user, field="new")
        attempt = Try(request.user.get_username(), network_of(request))
        attempt.begin()
        accounts.change_password(user=request.user, old=body.old, new=body.new)
        attempt.succeed()
        return Response(status=204)


def _check_username(username: str) -> str:
    """Return the name as it is stored; raises BadFrame where the user model does not take it."""
    model = get_user_model()
    name = model.normalize_username(username)
    field = cast("Field[str, str]", model._meta.get_field(model.USERNAME_FIELD))
    try:
        field.clean(name, None)
    except ValidationError as error:
        raise BadFrame(" ".join(error.messages), field="username") from None
    return name


def _check_password(password: str, *, user: Any, field: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadFrame(" ".join(error.messages), field=field) from None
