"""The two registries of numbers and words that a client acts on: close codes and error codes.

The hundreds digit of a close code is the client's whole rule (protocol §2); an error code has one HTTP status and says
whether the same frame may be sent again.
"""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum

PROTOCOL_NAME = "chat.v1"


class Remedy(Enum):
    """What a client does about a closed socket."""

    RECONNECT = "reconnect now, after retry_after, jittered"
    BACK_OFF = "reconnect with exponential backoff"
    RENEW_TOKEN = "get a fresh token first"  # noqa: S105
    STOP = "stop"


class CloseCode(IntEnum):
    """Why the server ends a connection."""

    DRAINING = 4100
    TOO_OLD = 4101
    INTERNAL = 4200
    OVERLOADED = 4201
    FLOODING = 4202
    TOO_SLOW = 4203
    TOKEN_EXPIRED = 4300
    HELLO_TIMEOUT = 4301
    SIGNED_OUT = 4302
    ACCOUNT_DISABLED = 4403
    REPLACED = 4409

    @property
    def reason(self) -> str:
        """The words of the `bye` frame."""
        return self.name.lower()


_REMEDIES = {41: Remedy.RECONNECT, 43: Remedy.RENEW_TOKEN, 44: Remedy.STOP}


def remedy_for(close_code: int | None) -> Remedy:
    """Tell what a client does about `close_code`; everything unknown, a lost network included, is backed off from."""
    return _REMEDIES.get((close_code or 0) // 100, Remedy.BACK_OFF)


class ErrorCode(StrEnum):
    """What went wrong with a command, stable for clients."""

    BAD_JSON = "bad_json"
    BAD_FRAME = "bad_frame"
    UNKNOWN_TYPE = "unknown_type"
    FRAME_TOO_LARGE = "frame_too_large"
    HELLO_EXPECTED = "hello_expected"
    TOKEN_INVALID = "token_invalid"  # noqa: S105
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    CREDENTIALS_INVALID = "credentials_invalid"
    NOT_A_MEMBER = "not_a_member"
    FORBIDDEN = "forbidden"
    LIMIT_REACHED = "limit_reached"
    MESSAGE_NOT_FOUND = "message_not_found"
    USER_NOT_FOUND = "user_not_found"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    ID_CONFLICT = "id_conflict"
    ALREADY_CONNECTED = "already_connected"
    USERNAME_TAKEN = "username_taken"
    ATTACHMENT_TOO_LARGE = "attachment_too_large"
    ATTACHMENT_TYPE = "attachment_type"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"

    @property
    def status(self) -> int:
        """The HTTP status of this code, also told in error frames."""
        return _STATUS[self]

    @property
    def retry(self) -> bool:
        """Whether the same frame with the same id may be sent again."""
        return self.status in (429, 500, 503)


_STATUS = {
    ErrorCode.BAD_JSON: 400,
    ErrorCode.BAD_FRAME: 400,
    ErrorCode.UNKNOWN_TYPE: 400,
    ErrorCode.FRAME_TOO_LARGE: 400,
    ErrorCode.HELLO_EXPECTED: 400,
    ErrorCode.TOKEN_INVALID: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.CREDENTIALS_INVALID: 401,
    ErrorCode.NOT_A_MEMBER: 403,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.LIMIT_REACHED: 403,
    ErrorCode.MESSAGE_NOT_FOUND: 404,
    ErrorCode.USER_NOT_FOUND: 404,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.ID_CONFLICT: 409,
    ErrorCode.ALREADY_CONNECTED: 409,
    ErrorCode.USERNAME_TAKEN: 409,
    ErrorCode.ATTACHMENT_TOO_LARGE: 413,
    ErrorCode.ATTACHMENT_TYPE: 415,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.UNAVAILABLE: 503,
}
