"""The admin: what is shown to whom, what is written down, and that no list counts its table."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from messaging import moderation
from messaging.models import Account, AuditEntry, Connection, Deed, Event, Membership, Node, Report, User
from tests.messaging.world import make_group, make_users, say

pytestmark = pytest.mark.django_db(transaction=True)

LISTS = ("user", "chat", "membership", "event", "connection", "node", "report", "auditentry")
SECRET = "what nobody else is to see"
PASSWORD = "a long way to Tipperary"


class Desk:
    """Somebody of the staff at the admin, with these permissions."""

    def __init__(self, name: str, *permissions: str, superuser: bool = False) -> None:
        self.user = User.objects.create_user(username=name, password=PASSWORD, is_staff=True, is_superuser=superuser)
        self.user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        self.client = Client()
        self.client.force_login(self.user)

    def see(self, path: str, status: int = 200) -> str:
        """Return a page."""
        response: Any = self.client.get(f"/admin/messaging/{path}")
        assert response.status_code == status, response.content
        return str(response.content.decode())

    def send(self, path: str, **fields: Any) -> Any:
        """Send a form, and return the page that follows."""
        return self.client.post(f"/admin/messaging/{path}", fields, follow=True)

    def do(self, table: str, action: str, *rows: Any, **more: Any) -> str:
        """Choose an action for rows of a list."""
        return str(self.send(f"{table}/", action=action, _selected_action=rows, **more).content.decode())


@pytest.fixture
def boss() -> Desk:
    """Return a superuser."""
    return Desk("boss", superuser=True)


@pytest.fixture
def viewer() -> Desk:
    """Return somebody who may look at tables and nothing else."""
    return Desk("viewer", *(f"view_{name}" for name in LISTS))


@pytest.fixture
def chat() -> int:
    """Return a chat in which somebody said something."""
    ada, bob = make_users("ada", "bob")
    made = make_group(ada, bob)
    say(made, bob, "good morning", SECRET)
    return made


def event(chat: int, seq: int = 2) -> int:
    """Return the key of an event."""
    return Event.objects.get(chat=chat, seq=seq).pk


def deeds() -> list[str]:
    """Return what was written down."""
    return list(AuditEntry.objects.order_by("pk").values_list("deed", flat=True))


@pytest.mark.parametrize("table", LISTS)
def test_every_list_and_its_search_is_shown(boss: Desk, chat: int, table: str) -> None:
    bob = User.objects.get(username="bob").pk
    node = Node.objects.create(id="n1")
    Connection.objects.create(user_id=bob, connection="c1", device="phone", node=node)
    moderation.report_message(reporter=bob, chat=chat, seq=2, reason="rude")
    moderation.sign_out(actor=boss.user, user=bob)
    assert "0 results" not in boss.see(f"{table}/")
    for search in ("7", "7:3", "x", "9" * 40, "7:3:1", "' OR 1=1"):
        assert SECRET not in boss.see(f"{table}/?q={search}")


def test_who_is_not_of_the_staff_sees_a_login(chat: int) -> None:
    client = Client()
    client.force_login(User.objects.get(username="ada"))
    for name in LISTS:
        assert client.get(f"/admin/messaging/{name}/").status_code == 302


def test_the_tables_are_not_edited(boss: Desk, chat: int) -> None:
    for name in LISTS[1:]:
        boss.see(f"{name}/add/", status=403)
    key = event(chat)
    assert boss.send(f"event/{key}/change/", text="forged").status_code == 403
    assert boss.send(f"event/{key}/delete/", post="yes").status_code == 403
    assert Event.objects.get(pk=key).text == SECRET


def test_a_text_is_shown_on_request_and_written_down_each_time(boss: Desk, chat: int) -> None:
    page = f"event/{event(chat)}/change/"
    assert SECRET not in boss.see("event/") + boss.see(page)
    assert deeds() == []
    for _ in range(2):
        assert SECRET in boss.see(f"{page}?text=1")
    assert deeds() == [Deed.TEXT_SHOWN] * 2
    entry = AuditEntry.objects.last()
    assert entry is not None
    assert (entry.actor, entry.chat, entry.seq) == (boss.user, chat, 2)


def test_a_text_is_not_shown_without_the_permission(viewer: Desk, chat: int) -> None:
    page = f"event/{event(chat)}/change/"
    assert SECRET not in viewer.see(page) + viewer.see(f"{page}?text=1") + viewer.see("event/")
    moderation.report_message(reporter=User.objects.get(username="ada").pk, chat=chat, seq=2, reason="rude")
    report = Report.objects.get().pk
    assert SECRET not in viewer.see("report/") + viewer.see(f"report/{report}/change/")
    assert deeds() == []


@pytest.mark.parametrize(
    "path", ["event/?text__startswith=what", "event/?payload__isnull=0", "report/?context__icontains=what"]
)
def test_a_text_is_not_found_out_by_looking_for_it(boss: Desk, viewer: Desk, chat: int, path: str) -> None:
    moderation.report_message(reporter=User.objects.get(username="ada").pk, chat=chat, seq=2, reason="rude")
    for desk in (boss, viewer):
        assert SECRET not in desk.see(path, 400)
        assert SECRET not in desk.see("report/?state=all")


def test_a_report_is_shown_with_its_context_and_closed(boss: Desk, chat: int) -> None:
    report, _ = moderation.report_message(
        reporter=User.objects.get(username="ada").pk, chat=chat, seq=2, reason="<b>rude</b>"
    )
    page = boss.see(f"report/{report}/change/")
    assert SECRET in page
    assert "good morning" in page
    assert "<b>rude" not in page
    for act in ("delete", "remove", "deactivate", "close"):
        boss.send(f"report/{report}/act/", act=act)
    acts = [Deed.MESSAGE_DELETED, Deed.MEMBER_REMOVED, Deed.USER_DEACTIVATED, Deed.REPORT_CLOSED]
    assert [deed for deed in deeds() if deed != Deed.TEXT_SHOWN] == acts
    bob = User.objects.get(username="bob")
    assert not bob.is_active
    assert Membership.objects.get(chat=chat, user=bob).left_seq == 4
    assert SECRET not in boss.see(f"report/{report}/change/")
    assert boss.send(f"report/{report}/act/", act="delete").status_code == 404


def test_who_may_only_look_does_nothing(viewer: Desk, chat: int) -> None:
    ada, bob = (User.objects.get(username=name).pk for name in ("ada", "bob"))
    report, _ = moderation.report_message(reporter=ada, chat=chat, seq=2, reason="rude")
    assert "formaction" not in viewer.see(f"report/{report}/change/")
    assert viewer.send(f"report/{report}/act/", act="delete").status_code == 403
    viewer.do("event", "delete_messages", event(chat))
    viewer.do("membership", "remove", Membership.objects.get(chat=chat, user=bob).pk)
    viewer.do("user", "deactivate", bob)
    viewer.do("user", "sign_out", bob)
    assert deeds() == []
    assert User.objects.get(pk=bob).is_active


def test_a_moderator_acts_from_the_lists(chat: int) -> None:
    moderator = Desk("mod", "moderate", *(f"view_{name}" for name in LISTS))
    bob = User.objects.get(username="bob").pk
    node = Node.objects.create(id="n1")
    Connection.objects.create(user_id=bob, connection="c1", device="phone", node=node)
    assert "Done: 1." in moderator.do("event", "delete_messages", event(chat))
    assert "Done: 1." in moderator.do("connection", "disconnect", bob)
    assert "Done: 1." in moderator.do("membership", "remove", Membership.objects.get(chat=chat, user=bob).pk)
    assert "Done: 1." in moderator.do("user", "deactivate", bob)
    assert Account.objects.get(pk=bob).token_version == 1
    assert deeds() == [Deed.MESSAGE_DELETED, Deed.USER_SIGNED_OUT, Deed.MEMBER_REMOVED, Deed.USER_DEACTIVATED]


def test_an_action_is_for_a_page_and_never_for_a_whole_table(boss: Desk, chat: int) -> None:
    assert "A page at a time" in boss.do("event", "delete_messages", event(chat), select_across="1")
    assert deeds() == []


def test_nobody_rises_and_nobody_edits_those_who_work_here(chat: int) -> None:
    clerk = Desk("clerk", "view_user", "change_user")
    bob = User.objects.get(username="bob")
    form = {"username": "bob", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    clerk.send(f"user/{bob.pk}/change/", **form, date_joined_0="2026-11-22", date_joined_1="12:00:00")
    bob.refresh_from_db()
    assert (bob.date_joined.hour, bob.is_staff, bob.is_superuser) == (12, False, False)
    assert clerk.send(f"user/{clerk.user.pk}/change/", **form).status_code == 403
    boss = User.objects.create(username="boss", is_superuser=True)
    passwords = {"password1": "a whole new way", "password2": "a whole new way"}
    assert clerk.send(f"user/{boss.pk}/password/", **passwords).status_code == 403


def test_a_password_set_here_signs_its_user_out(boss: Desk, chat: int) -> None:
    bob = User.objects.get(username="bob")
    boss.send(f"user/{bob.pk}/password/", password1="a whole new way", password2="a whole new way")
    bob.refresh_from_db()
    assert bob.check_password("a whole new way")
    assert Account.objects.get(pk=bob.pk).token_version == 1


def test_the_login_of_the_admin_is_held_up_with_that_of_the_api(settings: Any) -> None:
    cache.clear()
    settings.ONESOCKET = {**settings.ONESOCKET, "LOGIN_WAITS": True}
    Desk("boss", superuser=True)
    client = Client()
    for _ in range(6):
        client.post("/api/token/", {"username": "boss", "password": "x"}, content_type="application/json")
    page = client.post("/admin/login/", {"username": "boss", "password": PASSWORD})
    assert "Too many tries" in page.content.decode()
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert elsewhere.post("/admin/login/", {"username": "boss", "password": PASSWORD}).status_code == 302


def test_a_form_of_another_site_is_refused(boss: Desk, chat: int) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(boss.user)
    bob = User.objects.get(username="bob").pk
    fields = {"action": "deactivate", "_selected_action": [bob]}
    assert strict.post("/admin/messaging/user/", fields).status_code == 403
    assert User.objects.get(pk=bob).is_active


@pytest.mark.parametrize("search", ["", "?q=7", "?q=7:3", "?p=2"])
@pytest.mark.parametrize("table", LISTS)
def test_no_list_counts_its_table(boss: Desk, chat: int, table: str, search: str) -> None:
    with CaptureQueriesContext(connection) as captured:
        boss.client.get(f"/admin/messaging/{table}/{search}")
    counts = [query["sql"] for query in captured if "COUNT(*)" in query["sql"]]
    assert counts or search
    assert all("LIMIT 5000" in sql for sql in counts)
    asked = [query["sql"] for query in captured if "messaging_event" in query["sql"]]
    assert not any('"messaging_event"."text"' in sql for sql in asked)
