"""Django's requests on threads that are kept: who gets one, and what becomes of one that is at work still."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse
from django.urls import path

from project import settings as project_settings
from project.handler import Handler, get_handler

entered = threading.Event()
may_go = threading.Event()
staying: list[threading.Thread] = []
asked: list[BaseDatabaseWrapper] = []


def tell_thread(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(threading.get_ident()))


def stay(_request: HttpRequest) -> HttpResponse:
    staying[:] = [threading.current_thread()]
    entered.set()
    may_go.wait(10)
    return HttpResponse()


def ask_store(_request: HttpRequest) -> HttpResponse:
    asked[:] = [connections["default"]]
    asked[0].ensure_connection()
    # As of one that is kept for no longer than a request.
    asked[0].close_at = 0.0
    return HttpResponse()


urlpatterns = [path("thread/", tell_thread), path("stay/", stay), path("store/", ask_store)]


@pytest.fixture
def call(settings: Any) -> Callable[[str], ApplicationCommunicator]:
    """Return a function that sends a request to one handler."""
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    handler = Handler()
    entered.clear()
    may_go.clear()

    def send(to: str, handler: Handler = handler) -> ApplicationCommunicator:
        scope = {
            "type": "http",
            "method": "GET",
            "path": to,
            "query_string": b"",
            "headers": [(b"host", b"testserver")],
        }
        return ApplicationCommunicator(handler, scope)

    return send


async def answer(request: ApplicationCommunicator) -> str:
    """Return the body that a request is answered with."""
    await request.send_input({"type": "http.request"})
    assert (await request.receive_output())["status"] == 200
    body = (await request.receive_output())["body"]
    await request.wait()
    return str(body.decode())


async def test_one_request_after_another_has_the_same_thread(call):
    assert len({await answer(call("/thread/")) for _ in range(3)}) == 1


async def test_requests_at_the_same_time_have_threads_of_their_own(call):
    first = call("/stay/")
    await first.send_input({"type": "http.request"})
    await asyncio.to_thread(entered.wait, 10)
    other = await answer(call("/thread/"))
    assert other != str(threading.get_ident())
    may_go.set()
    assert (await first.receive_output())["status"] == 200
    await first.receive_output()
    await first.wait()


async def test_a_request_goes_to_its_thread_once_and_once_more_to_leave_it(call, settings, monkeypatch):
    settings.MIDDLEWARE = project_settings.MIDDLEWARE
    request = call("/thread/", get_handler())
    trips = []
    submit = ThreadPoolExecutor.submit

    def count(*work: Any) -> Any:
        trips.append(work)
        return submit(*work)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", count)
    await answer(request)
    assert len(trips) == 2


@pytest.mark.django_db(transaction=True)
async def test_who_reads_an_answer_slowly_keeps_no_connection_to_the_store(call):
    request = call("/store/")
    open_while_sent = []

    async def send(_message: Any) -> None:
        open_while_sent.append(asked[0].connection is not None)

    answered = request.application
    request.application = lambda scope, receive, _send: answered(scope, receive, send)
    await request.send_input({"type": "http.request"})
    await request.wait()
    assert open_while_sent == [False, False]


# Of a request that was given up Django leaves the body to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_thread_whose_client_has_gone_is_not_given_to_the_next(call):
    await answer(call("/thread/"))
    left = call("/stay/")
    await left.send_input({"type": "http.request"})
    await asyncio.to_thread(entered.wait, 10)
    await left.send_input({"type": "http.disconnect"})
    await left.wait()
    try:
        async with asyncio.timeout(5):
            await answer(call("/thread/"))
    finally:
        may_go.set()
        # It is given up, so that it ends, and with it the last that holds the request.
        await asyncio.to_thread(staying[0].join, 10)
        del left
        gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_request_that_the_server_gives_up_is_refused_and_its_thread_is_given_to_nobody(call):
    left = call("/stay/")
    await left.send_input({"type": "http.request"})
    await asyncio.to_thread(entered.wait, 10)
    left.future.cancel()
    try:
        assert (await left.receive_output())["status"] == 503
        assert not (await left.receive_output()).get("more_body")
        async with asyncio.timeout(5):
            assert await answer(call("/thread/")) != str(staying[0].ident)
    finally:
        may_go.set()
        await asyncio.to_thread(staying[0].join, 10)
        await left.wait()
        del left
        gc.collect()
