"""The examples of docs/host.md run, from the first to the last, and the table has the calls as they are."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from messaging import host
from messaging.conf import Limits, Settings
from messaging.models import Chat, Event
from messaging.signals import event_stored
from tests.docs.markdown import Document, codes
from tests.messaging.world import make_users

HOST = Document("docs/host.md")
# What stands under the name of a file is of the project that tests/end_to_end/test_own_project.py makes.
EXAMPLES = re.findall(r"^```python\n(?!# \w+/)(.*?)^```$", HOST.text, re.MULTILINE | re.DOTALL)


def run(example: str, names: dict[str, Any]) -> None:
    """Run an example, which may await."""
    code = compile(example, HOST.path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    waiting = eval(code, names)  # noqa: S307 -- our own document

    async def wait() -> None:
        await waiting

    if inspect.iscoroutine(waiting):
        async_to_sync(wait)()


@pytest.mark.django_db(transaction=True)
def test_the_examples_run():
    people = ("ada", "grace", "linus", "margaret")
    names: dict[str, Any] = dict(zip(people, make_users(*people), strict=True))
    for example in EXAMPLES:
        run(example, names)
    event_stored.disconnect(names["notice_the_shop"], sender=Chat)
    assert list(Event.objects.order_by("seq").values_list("kind", "text")) == [
        ("message.created", "The parcel is packed."),
        ("member.added", ""),
        ("member.removed", ""),
        ("message.created", "It is on its way."),
        ("message.created", "Paid, thank you."),
        ("message.created", "@shop, when will it come?"),
    ]


def test_the_table_has_every_call_with_its_parameters():
    named = {codes(call)[0] for call, _ in HOST.rows("The calls")}
    calls = [name for name in host.__all__ if f"a{name}" in host.__all__]
    assert named == {f"{name}({_parameters(getattr(host, name))})" for name in calls}
    assert len(host.__all__) == 2 * len(calls)


def _parameters(call: Any) -> str:
    signature = inspect.signature(call)
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))[1:-1].replace("'", '"')


def test_the_bound_in_the_prose_is_the_default():
    assert f"`NOTIFY_BYTES` ({Limits().notify_bytes // 1024} KiB)" in HOST.text


def test_every_setting_is_named():
    assert {field.upper() for field in Settings.__struct_fields__} <= set(codes(HOST.prose))
