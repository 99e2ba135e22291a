"""The command after a restore."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from messaging.models import Store


@pytest.mark.django_db
def test_a_new_epoch_replaces_the_old_one() -> None:
    """There is one row, before and after."""
    before = Store.objects.get().epoch
    told = StringIO()
    call_command("new_epoch", stdout=told)
    after = Store.objects.get().epoch
    assert told.getvalue().strip() == after != before
