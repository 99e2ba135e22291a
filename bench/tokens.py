"""Access tokens, signed as the servers sign them: a log-in costs more than a thousand messages."""

from __future__ import annotations

import time
import uuid

import jwt


def mint(user: int, key: str, *, seconds: int = 6 * 3600) -> str:
    """Return an access token of a user whose token version is 0."""
    now = int(time.time())
    claims = {
        "token_type": "access",
        "user_id": str(user),
        "iat": now,
        "exp": now + seconds,
        "jti": uuid.uuid4().hex,
        "tv": 0,
    }
    return jwt.encode(claims, key, algorithm="HS256")
