"""Static files: from the apps' folders, in both kinds of server, without a warning."""

import pytest
from django.http import HttpResponse

from project.static import StaticFiles

FILE = "/static/messaging/chat-client.js"


async def _pass_on(request):
    return HttpResponse(f"passed on {request.path}")


@pytest.fixture
def serve(async_rf):
    middleware = StaticFiles(_pass_on)

    async def serve(path, **headers):
        return await middleware(async_rf.get(path, headers=headers))

    return serve


async def test_file_of_an_app_is_served_with_its_type(serve):
    response = await serve(FILE)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/javascript")
    assert len(response.content) == int(response["Content-Length"]) > 0


async def test_file_that_did_not_change_is_not_sent_again(serve):
    modified = (await serve(FILE))["Last-Modified"]
    response = await serve(FILE, if_modified_since=modified)
    assert (response.status_code, response.content) == (304, b"")


async def test_part_of_a_file_is_sent_where_asked_for(serve):
    whole = (await serve(FILE)).content
    response = await serve(FILE, range="bytes=2-5")
    assert (response.status_code, response.content) == (206, whole[2:6])


@pytest.mark.parametrize("path", ["/", "/api/", "/static/nothing.js", "/static/../manage.py", "/static/messaging/"])
async def test_everything_else_is_passed_on(serve, path):
    assert (await serve(path)).content.startswith(b"passed on ")


def test_file_is_served_where_there_is_no_event_loop(rf):
    middleware = StaticFiles(lambda request: HttpResponse(f"passed on {request.path}"))
    assert middleware(rf.get(FILE)).status_code == 200
    assert middleware(rf.get("/")).content == b"passed on /"


async def test_file_is_found_at_once_while_debugging(settings, serve, async_rf):
    settings.DEBUG = True
    response = await StaticFiles(_pass_on)(async_rf.get(FILE))
    assert response.status_code == 200
