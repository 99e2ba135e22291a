"""Close codes and error codes, as the protocol lists them and as clients act on them."""

from __future__ import annotations

import pytest

from messaging import errors
from messaging.protocol.codes import PROTOCOL_NAME, CloseCode, ErrorCode, Remedy, remedy_for


def test_the_protocol_has_its_name():
    assert PROTOCOL_NAME == "chat.v1"


@pytest.mark.parametrize(
    ("code", "reason", "remedy"),
    [
        (4100, "draining", Remedy.RECONNECT),
        (4101, "too_old", Remedy.RECONNECT),
        (4200, "internal", Remedy.BACK_OFF),
        (4201, "overloaded", Remedy.BACK_OFF),
        (4202, "flooding", Remedy.BACK_OFF),
        (4203, "too_slow", Remedy.BACK_OFF),
        (4300, "token_expired", Remedy.RENEW_TOKEN),
        (4301, "hello_timeout", Remedy.RENEW_TOKEN),
        (4302, "signed_out", Remedy.RENEW_TOKEN),
        (4403, "account_disabled", Remedy.STOP),
        (4409, "replaced", Remedy.STOP),
    ],
)
def test_the_hundreds_of_a_close_code_say_what_to_do(code, reason, remedy):
    assert CloseCode(code).reason == reason
    assert remedy_for(code) is remedy


def test_no_close_code_is_left_out_above():
    assert len(CloseCode) == 11


@pytest.mark.parametrize("code", [None, 0, 1000, 1001, 1006, 1011, 1012, 3000, 4000, 4500, 4999])
def test_every_other_end_is_backed_off_from(code):
    assert remedy_for(code) is Remedy.BACK_OFF


@pytest.mark.parametrize("code", [4110, 4199, 4350, 4444])
def test_a_code_of_tomorrow_is_understood_by_its_hundreds(code):
    assert remedy_for(code) is {41: Remedy.RECONNECT, 43: Remedy.RENEW_TOKEN, 44: Remedy.STOP}[code // 100]


STATUSES = {
    400: "bad_json bad_frame unknown_type frame_too_large hello_expected",
    401: "token_invalid token_expired credentials_invalid",
    403: "not_a_member forbidden limit_reached",
    404: "message_not_found user_not_found not_found",
    405: "method_not_allowed",
    409: "id_conflict already_connected username_taken",
    413: "attachment_too_large",
    415: "attachment_type",
    429: "rate_limited",
    500: "internal",
    503: "unavailable",
}


def test_an_error_code_has_its_status():
    expected = {code: status for status, codes in STATUSES.items() for code in codes.split()}
    assert {code.value: code.status for code in ErrorCode} == expected


def test_only_429_500_and_503_may_be_sent_again():
    assert {code.status for code in ErrorCode if code.retry} == {429, 500, 503}


def test_every_error_has_a_code_of_its_own_and_words_for_people():
    classes = errors.ChatError.__subclasses__()
    assert len({error.code for error in classes}) == len(classes)
    assert all(error().as_body()["detail"].endswith(".") for error in classes)


def test_an_error_body_tells_field_and_wait_only_where_there_are_any():
    bare = errors.Forbidden().as_body()
    assert bare == {"status": 403, "code": "forbidden", "detail": "You may not do this.", "retry": False}
    assert errors.BadFrame(field="text").as_body()["field"] == "text"
    assert errors.RateLimited(retry_after=0.12345).as_body()["retry_after"] == 0.123
