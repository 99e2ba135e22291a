"""A seal before the bytes of a layer message: made with a key, so that whoever merely reaches the broker cannot make it."""

from __future__ import annotations

from hashlib import blake2b
from hmac import compare_digest

_BYTES = 16


def seal(packed: bytes, key: bytes) -> bytes:
    """Return `packed` behind its seal; without a key there is none. A key has at most 64 bytes."""
    return _make(packed, key) + packed if key else packed


def unseal(sealed: bytes, key: bytes) -> bytes:
    """Return what was sealed; raises ValueError where it was not, or with another key."""
    if not key:
        return sealed
    packed = sealed[_BYTES:]
    if not compare_digest(sealed[:_BYTES], _make(packed, key)):
        raise ValueError("This was not sealed with our key.")
    return packed


def _make(packed: bytes, key: bytes) -> bytes:
    return blake2b(packed, key=key, digest_size=_BYTES).digest()
