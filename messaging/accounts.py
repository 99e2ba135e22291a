"""What a user does with its account: makes it, sets it up, blocks others, signs out. Called like the other services."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.db import IntegrityError, transaction

from messaging.access import TokenReused, Tokens, rotate
from messaging.connections.claims import raise_token_version
from messaging.database import as_json, execute, is_postgresql
from messaging.errors import BadFrame, CredentialsInvalid, UsernameTaken, UserNotFound
from messaging.fanout import tell_account_changed
from messaging.models import Account, Block, Chat
from messaging.reading import RECEIPTS
from messaging.services import tell

logger = logging.getLogger(__name__)


def register_user(*, username: str, password: str, display_name: str = "") -> Any:
    """Make an account; raises UsernameTaken, also where the names differ in capitals only (SQLite: ASCII ones)."""
    model = get_user_model()
    users = model.objects
    if users.filter(**{f"{model.USERNAME_FIELD}__iexact": model.normalize_username(username)}).exists():
        raise UsernameTaken
    try:
        with transaction.atomic():
            user = users.create_user(**{model.USERNAME_FIELD: username}, password=password)
            if display_name:
                Account.objects.create(user=user, display_name=display_name)
    except IntegrityError:
        raise UsernameTaken from None
    return user


def set_display_name(*, user: int, display_name: str) -> None:
    """Change the name that others see."""
    Account.objects.update_or_create(user_id=user, defaults={"display_name": display_name})


def set_preference(*, user: int, name: str, value: Any) -> None:
    """Change one of the user's preferences and leave the others as they are."""
    merged = "messaging_account.preferences || excluded.preferences"
    if not is_postgresql():
        merged = "json_patch(messaging_account.preferences, excluded.preferences)"
    sql = f"""
        INSERT INTO messaging_account (user_id, token_version, display_name, preferences) VALUES (%s, 0, '', %s)
        ON CONFLICT (user_id) DO UPDATE SET preferences = {merged}
    """
    execute(sql, [user, as_json({name: value})])


def set_receipts(*, user: int, on: bool) -> None:
    """Let others see how far the user has read and the user how far they have, or neither; connections hear of it."""
    set_preference(user=user, name=RECEIPTS, value=on)
    tell([tell_account_changed(user)])


def block_user(*, user: int, blocked: int) -> None:
    """Have `user` want nothing of `blocked`; once more changes nothing. Raises BadFrame, UserNotFound.

    When this returns nothing more is written to the private chat of the two.
    """
    _check_blockable(user, blocked)
    low, high = sorted((user, blocked))
    with transaction.atomic():
        # The lock of the log: a write that had it before has committed, a later one finds the block.
        list(Chat.objects.select_for_update(no_key=True).filter(pair=f"{low}:{high}").values_list("pk"))
        Block.objects.get_or_create(blocker_id=user, blocked_id=blocked)


def unblock_user(*, user: int, blocked: int) -> None:
    """Take the block back, where there is one. Raises BadFrame, UserNotFound."""
    _check_blockable(user, blocked)
    Block.objects.filter(blocker=user, blocked=blocked).delete()


def _check_blockable(user: int, other: int) -> None:
    if user == other:
        raise BadFrame("Nobody can block themselves.", field="user")
    if not get_user_model().objects.filter(pk=other).exists():
        raise UserNotFound


def change_password(*, user: Any, old: str, new: str) -> None:
    """Change the password and sign the user out everywhere; raises CredentialsInvalid."""
    if not check_password(old, user.password):
        raise CredentialsInvalid("The old password is not right.")
    with transaction.atomic():
        user.set_password(new)
        user.save(update_fields=["password"])
        raise_token_version(user.pk)
    tell([tell_account_changed(user.pk)])


def refresh_tokens(refresh: str) -> Tokens:
    """Spend a refresh token; one that was spent long before signs its user out everywhere. Raises TokenInvalid."""
    try:
        return rotate(refresh)
    except TokenReused as reused:
        logger.warning("A refresh token of user %d was used again long after it was spent.", reused.user)
        sign_out(reused.user)
        raise


def sign_out(user: int) -> None:
    """Make every token of the user void and end its connection."""
    raise_token_version(user)
    tell([tell_account_changed(user)])
