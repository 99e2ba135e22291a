"""Static files: from the apps' folders, each whole."""

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
    assert (response.status_code, response.content) == (304, b"")


def test_part_of_a_file_is_sent_where_asked_for(serve):
    whole = serve(FILE).content
    response = serve(FILE, range="bytes=2-5")
    assert (response.status_code, response.content) == (206, whole[2:6])


@pytest.mark.parametrize("path", ["/", "/api/", "/static/nothing.js", "/static/../manage.py", "/static/messaging/"])
def test_everything_else_is_passed_on(serve, path):
    assert serve(path).content.startswith(b"passed on ")


def test_file_is_found_at_once_while_debugging(settings, rf):
    settings.DEBUG = True
    response = StaticFiles(_pass_on)(rf.get(FILE))
    assert response.status_code == 200
