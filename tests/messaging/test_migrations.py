"""Migrations of a store that has been in use."""

import pytest
from django.core.management import call_command

from messaging.models import Chat
from messaging.selectors import read_changes
from tests.messaging.world import make_group, make_users

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_chats_of_an_older_store_have_not_all_changed_of_late():
    (ann,) = make_users("ann")
    older = make_group(ann)
    call_command("migrate", "messaging", "0002", verbosity=0)
    call_command("migrate", "messaging", verbosity=0)
    later = make_group(ann)
    assert [chat for chat, _head in read_changes(None, 30).heads] == [later]
    assert set(Chat.objects.values_list("pk", flat=True)) == {older, later}
