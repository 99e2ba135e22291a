"""The one error tree: what may go wrong with a command, over the socket and over REST alike.

ChatError
├── BadFrame(field) · BadJson · UnknownType · FrameTooLarge · HelloExpected      400
├── TokenInvalid · TokenExpired · CredentialsInvalid                             401
├── NotAMember · Forbidden · LimitReached                                        403
├── MessageNotFound · UserNotFound · NotFound                                    404
├── MethodNotAllowed                                                             405
├── IdConflict · AlreadyConnected · UsernameTaken                                409
├── RateLimited(retry_after)                                                     429
├── Internal                                                                     500
└── Unavailable(retry_after)                                                     503

`detail` is written for people and holds nothing internal; the registry of codes is `protocol.codes`.
"""

from __future__ import annotations

from typing import Any

from messaging.protocol.codes import ErrorCode


class ChatError(Exception):
    """A refusal that the client is told about."""

    code = ErrorCode.INTERNAL
    detail = "Something went wrong on our side."

    def __init__(
        self, detail: str | None = None, *, field: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(detail or self.detail)
        self.detail = detail or self.detail
        self.field = field
        self.retry_after = retry_after

    def as_body(self) -> dict[str, Any]:
        """Return the object that stands in an error frame and under `error` in a REST answer."""
        body: dict[str, Any] = {
            "status": self.code.status,
            "code": self.code.value,
            "detail": self.detail,
            "retry": self.code.retry,
        }
        if self.field is not None:
            body["field"] = self.field
        if self.retry_after is not None:
            body["retry_after"] = round(self.retry_after, 3)
        return body


class BadJson(ChatError):
    code = ErrorCode.BAD_JSON
    detail = "This is not JSON in a text message."


class BadFrame(ChatError):
    code = ErrorCode.BAD_FRAME
    detail = "A field is missing or not valid."


class UnknownType(ChatError):
    code = ErrorCode.UNKNOWN_TYPE
    detail = "This server knows no command of that type."


class FrameTooLarge(ChatError):
    code = ErrorCode.FRAME_TOO_LARGE
    detail = "The frame is larger than this server reads."


class HelloExpected(ChatError):
    code = ErrorCode.HELLO_EXPECTED
    detail = "Say hello first."


class TokenInvalid(ChatError):
    code = ErrorCode.TOKEN_INVALID
    detail = "The token is missing or not valid."


class TokenExpired(ChatError):
    code = ErrorCode.TOKEN_EXPIRED
    detail = "The token has expired."


class CredentialsInvalid(ChatError):
    code = ErrorCode.CREDENTIALS_INVALID
    detail = "No active account has that name and password."


class NotAMember(ChatError):
    code = ErrorCode.NOT_A_MEMBER
    detail = "You are not a member of this chat."


class Forbidden(ChatError):
    code = ErrorCode.FORBIDDEN
    detail = "You may not do this."


class LimitReached(ChatError):
    code = ErrorCode.LIMIT_REACHED
    detail = "A limit of this server is reached."


class MessageNotFound(ChatError):
    code = ErrorCode.MESSAGE_NOT_FOUND
    detail = "There is no such message in this chat."


class UserNotFound(ChatError):
    code = ErrorCode.USER_NOT_FOUND
    detail = "There is no such user."


class NotFound(ChatError):
    code = ErrorCode.NOT_FOUND
    detail = "There is nothing here."


class MethodNotAllowed(ChatError):
    code = ErrorCode.METHOD_NOT_ALLOWED
    detail = "This address does not take that method."


class IdConflict(ChatError):
    code = ErrorCode.ID_CONFLICT
    detail = "This id was used with other content."


class AlreadyConnected(ChatError):
    code = ErrorCode.ALREADY_CONNECTED
    detail = "You are connected from another device."


class UsernameTaken(ChatError):
    code = ErrorCode.USERNAME_TAKEN
    detail = "That username is taken."


class RateLimited(ChatError):
    code = ErrorCode.RATE_LIMITED
    detail = "Too many commands; wait a little."


class Internal(ChatError):
    code = ErrorCode.INTERNAL


class Unavailable(ChatError):
    code = ErrorCode.UNAVAILABLE
    detail = "The store did not confirm; send the same frame again."
