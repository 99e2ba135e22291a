"""Static files: from the apps' folders, each whole."""

import gzip

import pytest
from django.http import HttpResponse

from project.static import StaticFiles

FILE = "/static/messaging/chat-client.js"


def _pass_on(request):
    return HttpResponse(f"passed on {request.path}")


@pytest.fixture
def serve(rf):
    middleware = StaticFiles(_pass_on)

    def serve(path, **headers):
        return middleware(rf.get(path, headers=headers))

    return serve


def test_file_of_an_app_is_served_with_its_type(serve):
    response = serve(FILE)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/javascript")
    assert len(response.content) == int(response["Content-Length"]) > 0


def test_file_that_did_not_change_is_not_sent_again(serve):
    modified = serve(FILE)["Last-Modified"]
    response = serve(FILE, if_modified_since=modified)
    assert (response.status_code, response.content, response.get("Content-Type")) == (304, b"", None)


def test_part_of_a_file_is_sent_where_asked_for(serve):
    whole = serve(FILE).content
    response = serve(FILE, range="bytes=2-5")
    assert (response.status_code, response.content) == (206, whole[2:6])


def test_text_is_compressed_for_who_accepts_it(serve):
    whole = serve(FILE).content
    response = serve(FILE, accept_encoding="gzip, br")
    assert (response["Content-Encoding"], response["Vary"]) == ("gzip", "Accept-Encoding")
    assert int(response["Content-Length"]) == len(response.content) < len(whole) / 2
    assert gzip.decompress(response.content) == whole


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.0, br"])
def test_text_is_sent_as_it_is_to_who_does_not_accept_another_form(serve, accepted):
    response = serve(FILE, accept_encoding=accepted)
    assert "Content-Encoding" not in response
    assert response["Vary"] == "Accept-Encoding"


def test_compressed_file_that_did_not_change_is_not_sent_again(serve):
    tag = serve(FILE, accept_encoding="gzip")["ETag"]
    assert tag.startswith("W/")
    response = serve(FILE, accept_encoding="gzip", if_none_match=tag)
    assert (response.status_code, response["ETag"], response["Vary"]) == (304, tag, "Accept-Encoding")


def test_part_of_a_file_is_a_part_of_its_plain_form(serve):
    whole = serve(FILE).content
    response = serve(FILE, accept_encoding="gzip", range="bytes=2-5")
    assert (response.content, "Content-Encoding" in response) == (whole[2:6], False)


@pytest.mark.parametrize("path", ["/", "/api/", "/static/nothing.js", "/static/../manage.py", "/static/messaging/"])
def test_everything_else_is_passed_on(serve, path):
    assert serve(path).content.startswith(b"passed on ")


def test_file_is_found_at_once_while_debugging(settings, rf):
    settings.DEBUG = True
    response = StaticFiles(_pass_on)(rf.get(FILE))
    assert response.status_code == 200


def test_what_changed_while_debugging_is_compressed_anew(settings, tmp_path, rf):
    settings.DEBUG, settings.STATICFILES_DIRS = True, [tmp_path]
    middleware = StaticFiles(_pass_on)
    for text in (b"one" * 100, b"another" * 100):
        (tmp_path / "own.js").write_bytes(text)
        response = middleware(rf.get("/static/own.js", headers={"accept-encoding": "gzip"}))
        assert gzip.decompress(response.content) == text
