"""The two secrets of a deployment: Django's key and the key that signs tokens.

With PostgreSQL they come from the environment. The embedded mode makes its own once and keeps it beside its database,
so that nobody is signed out by a restart.
"""

import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from project.env import Environment, Refused


def find_secret_key(environment: Environment, folder: Path) -> str:
    """Return SECRET_KEY, or the key kept in `folder`, which is made when it is missing."""
    if environment.secret_key is not None:
        return environment.secret_key
    if not environment.embedded:
        raise Refused("onesocket: SECRET_KEY must be set, to at least 32 random characters, when PostgreSQL is used.")
    file = folder / "secret_key"
    try:
        return file.read_text().strip() if file.exists() else _make(file)
    except OSError as error:
        raise Refused(f"onesocket: SECRET_KEY is not set and {file} cannot be used: {error.strerror}.") from error


def find_signing_key(environment: Environment, secret_key: str) -> str:
    """Return JWT_SIGNING_KEY, or a key of its own that SECRET_KEY leads to and that does not lead back."""
    return environment.jwt_signing_key or derive(secret_key, "jwt")


def derive(secret_key: str, purpose: str) -> str:
    """Return a key that SECRET_KEY leads to, another for each purpose, and that does not lead back."""
    return hmac.new(secret_key.encode(), f"onesocket.{purpose}".encode(), hashlib.sha256).hexdigest()


def _make(file: Path) -> str:
    """Write a new key, unless another process was first: then return that one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=file.parent)  # mode 0600
    with os.fdopen(descriptor, "w") as made:
        made.write(secrets.token_urlsafe(48) + "\n")
    try:
        # A link appears with its content or not at all, and fails when the name is taken.
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
    return file.read_text().strip()
