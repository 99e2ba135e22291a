"""A project that is there already, with its own user model, carries the chat as docs/host.md says, on any ASGI server."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bench.ports import free_port
from tests.docs.markdown import Document
from tests.server import PATIENCE, ROOT, Person

# It brings an SQLite of its own.
pytestmark = pytest.mark.embedded

FILES = re.findall(r"^```python\n# (shop/\w+\.py)\n(.*?)^```$", Document("docs/host.md").text, re.MULTILINE | re.DOTALL)
# A user model without any `username`.
BY_MAIL = """
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from messaging.models import IsConnected


class Customers(BaseUserManager):
    def create_user(self, email, password):
        customer = self.model(email=email)
        customer.set_password(password)
        customer.save()
        return customer


class Customer(AbstractBaseUser):
    email = models.CharField(max_length=100, unique=True)
    is_active = models.BooleanField(default=True)
    is_ws_connected = IsConnected()
    objects = Customers()
    USERNAME_FIELD = "email"
"""


class Shop:
    """The project, in a folder of its own."""

    def __init__(self, folder: Path, models: str | None) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._folder = folder
        self._environment = os.environ | {"SECRET_KEY": secrets.token_hex(), "DJANGO_SETTINGS_MODULE": "shop.settings"}
        self._environment["PYTHONPATH"] = f"{folder}:{ROOT}"
        files = dict(FILES) | {"shop/__init__.py": "", "shop/migrations/__init__.py": ""}
        if models is not None:
            files["shop/models.py"] = models
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a module of Python's in the project."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *arguments),
            cwd=self._folder,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def manage(self, *arguments: str) -> str:
        """Run a command of Django's, which ends well; return what it printed."""
        process = await self.start("django", *arguments)
        printed, _ = await process.communicate()
        assert process.returncode == 0, printed.decode()
        return printed.decode()

    async def is_connected(self, person: Person) -> bool:
        """Ask the user itself."""
        code = f"from shop.models import Customer; print(Customer.objects.get(pk={person.id}).is_ws_connected)"
        return (await self.manage("shell", "--no-imports", "-c", code)).strip() == "True"


@pytest.fixture
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """Return the project, migrated and served."""
    shop = Shop(tmp_path, request.param)
    await shop.manage("makemigrations", "shop")
    await shop.manage("migrate")
    server = await shop.start("uvicorn", "shop.asgi:application", "--port", shop.url.rpartition(":")[2])
    try:
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as http:
            while not await _answers(http, shop.url):  # noqa: ASYNC110 -- it tells nobody
                await asyncio.sleep(0.05)
        yield shop
    finally:
        server.terminate()
        await server.communicate()


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/api/")).status_code == 404
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("shop", [None, BY_MAIL], ids=["as in the document", "by mail"], indirect=True)
async def test_two_people_of_another_project_chat(shop, sign_up):
    ann, bob = await sign_up(shop, "ann@example.com", "bob@example.com")
    assert [user.id for user in (await ann.rest.users(search="BOB@")).results] == [bob.id]
    chat = (await ann.rest.create_chat("group", [bob.id])).id
    one, two = await ann.join(), await bob.join()
    await one.expect_ack(await one.say(chat, "Is the parcel packed, @bob@example.com?"), seq=1)
    await two.expect_event(chat, 1, sender=ann.id)
    assert await shop.is_connected(bob)
    await two.connection.close()
    assert not await shop.is_connected(bob)
    await shop.manage("check", "--deploy", "--tag", "database", "--database", "default")
