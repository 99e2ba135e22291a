"""The demo: an empty database gets four people once; any other is left as it is."""

import io

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command

from messaging import accounts, demo
from messaging.models import Chat, Event

# The log commits by itself.
pytestmark = pytest.mark.django_db(transaction=True)


def run_demo(*arguments):
    output = io.StringIO()
    call_command("demo", *arguments, stdout=output)
    return output.getvalue()


def count_rows():
    return [model.objects.count() for model in (get_user_model(), Chat, Event)]


def test_empty_database_gets_people_who_can_log_in_and_their_chats():
    banner = run_demo("--force")
    for login in demo.LOGINS:
        assert authenticate(username=login["username"], password=login["password"]) is not None
        assert f"{login['username']:<9} {login['password']}" in banner
    assert sorted(Chat.objects.values_list("title", "message_count")) == [("", 8), ("", 8), ("Launch", 8), ("Lunch", 8)]
    assert "http://127.0.0.1:8000" in banner


def test_second_run_adds_nothing():
    run_demo("--force")
    before = count_rows()
    run_demo("--force")
    assert count_rows() == before


def test_run_that_was_cut_short_is_finished():
    accounts.register_user(**demo.LOGINS[0])
    run_demo("--force")
    assert count_rows() == [4, 4, 32]


def test_database_of_others_is_left_alone():
    accounts.register_user(username="zoe", password="not of the demo")
    banner = run_demo("--force")
    assert count_rows() == [1, 0, 0]
    assert not any(login["password"] in banner for login in demo.LOGINS)


@pytest.mark.services
def test_postgresql_is_not_filled_without_force():
    with pytest.raises(CommandError, match="only with --force"):
        run_demo()
    assert count_rows() == [0, 0, 0]


@pytest.mark.embedded
def test_sqlite_is_filled_without_asking():
    run_demo()
    assert count_rows() == [4, 4, 32]
