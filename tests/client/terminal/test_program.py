"""How the program is started, what it keeps, and what it says where it cannot begin."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from client import CommandRefused, ConnectionEnded, End, RestError, SignInRefused, Tokens, TransportError, User
from client.rest import Rest
from client.terminal.arguments import Settings, add_arguments, read_settings
from client.terminal.errors import Failure, Problem, explain, lost
from client.terminal.people import People
from client.terminal.place import held, state_file
from tests.client.peer import Server
from tests.docs.markdown import ROOT, Document, codes


def parser() -> ArgumentParser:
    """Make the parser of the command line."""
    made = ArgumentParser()
    add_arguments(made)
    return made


@pytest.mark.parametrize(
    ("arguments", "environment", "settings"),
    [
        ([], {}, Settings("ada")),
        (["--url", "https://chat.example/base/"], {}, Settings("ada", "https://chat.example/base")),
        (["--password", "p", "--take"], {"ONESOCKET_PASSWORD": "q"}, Settings("ada", password="p", take=True)),
        (["--device", "tablet"], {"ONESOCKET_PASSWORD": "q"}, Settings("ada", password="q", device="tablet")),
        (["--log", "x"], {"ONESOCKET_PASSWORD": ""}, Settings("ada", log=Path("x"))),
    ],
)
def test_settings_are_read(arguments: list[str], environment: dict[str, str], settings: Settings) -> None:
    assert read_settings(vars(parser().parse_args(["--user", "ada", *arguments])), environment) == settings


def test_the_document_has_every_option() -> None:
    documented = {codes(row[0])[0].split()[0] for row in Document("docs/terminal.md").rows("Options")}
    assert documented == {action.option_strings[-1] for action in parser()._actions} - {"--help"}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--user", "ada", "--url", "http://127.0.0.1:9"], 1, "chat: nobody answers at http://127.0.0.1:9"),
        (["--user", "ada", "--password", ""], 2, "chat: no password: --password or ONESOCKET_PASSWORD"),
        (["--user", "ada", "--url", "ws://here"], 2, "'ws://here' is not like http://127.0.0.1:8000"),
        (["--user", "ada", "--url", "http://here:port"], 2, "is not like"),
        (["--user", "ada", "--device", "my phone"], 2, "a device has 1 to 64"),
        ([], 2, "the following arguments are required: --user"),
    ],
)
def test_what_is_wrong_at_the_start_is_said(tmp_path: Path, arguments: list[str], code: int, told: str) -> None:
    known = {"ONESOCKET_PASSWORD": "" if "--password" in arguments else "secret", "XDG_STATE_HOME": str(tmp_path)}
    command = [sys.executable, "-W", "error", "-m", "client.terminal", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | known, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr


def test_a_device_is_kept_per_server_user_and_name(tmp_path: Path) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    files = {
        state_file(Settings(user, url, device=device), environment).relative_to(tmp_path / "onesocket").as_posix()
        for user, url, device in [
            ("ada", "http://127.0.0.1:8000", None),
            ("ada", "http://127.0.0.1:8000", "tablet"),
            ("../a@b", "https://chat.example/base", None),
        ]
    }
    assert files == {"127.0.0.1:8000/ada.json", "127.0.0.1:8000/ada@tablet.json", "chat.example%2Fbase/..%2Fa%40b.json"}


def test_a_relative_state_home_is_ignored() -> None:
    file = state_file(Settings("ada"), {"XDG_STATE_HOME": "here"})
    assert file.is_relative_to(Path.home() / ".local/state/onesocket")


def test_a_file_is_for_one_run_and_for_nobody_else(tmp_path: Path) -> None:
    file = tmp_path / "onesocket/here/ada.json"
    with held(file), pytest.raises(Failure, match="--device"), held(file):
        pass
    with held(file):
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_place_where_nothing_can_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "onesocket").write_text("a file")
    with pytest.raises(Failure, match="nothing can be kept"), held(tmp_path / "onesocket/here/ada.json"):
        pass


async def test_names_are_asked_for_once(server: Server) -> None:
    async with Rest(server.base_url, tokens=Tokens("access", "refresh")) as rest:
        people = People(rest)
        people.meet([{"id": 3, "username": "ada"}, {"id": 9}])
        server.refuse("GET /api/users/", 503, "unavailable")
        server.reply("GET /api/users/", 200, {"results": [{"id": 4, "username": "grace"}], "next": None})
        for _ in range(3):
            await people.learn([3, 4, 5])
    assert [people.name(user) for user in (3, 4, 5)] == ["ada", "grace", "user 5"]
    assert [call.query["ids"] for call in server.called("GET /api/users/")] == ["4,5", "4,5"]


async def test_a_name_is_found_on_a_later_page(server: Server) -> None:
    pages = [
        ([{"id": 4, "username": "anna"}], "http://elsewhere/api/users/?after=4"),
        ([{"id": 5, "username": "Ann"}], None),
    ]
    for results, following in pages:
        server.reply("GET /api/users/", 200, {"results": results, "next": following})
    async with Rest(server.base_url, tokens=Tokens("access", "refresh")) as rest:
        assert await People(rest).find("ann") == User(5, "Ann")
        with pytest.raises(Problem, match="nobody called bob"):
            await People(rest).find("bob")


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("closed 4100", "the server stops"),
        ("closed None", "cut off"),
        ("closed 1006", "cut off"),
        ("no answer: ConnectError", "nobody answers"),
        ("refused 503 unavailable", "refused 503 unavailable"),
    ],
)
def test_a_lost_connection_has_a_reason(why: str, words: str) -> None:
    assert lost(why) == words


def test_every_error_has_words() -> None:
    errors = [
        RestError(403, "forbidden", "You may not do this."),
        CommandRefused(400, "frame_too_large"),
        SignInRefused(),
        TransportError("no answer: ConnectError"),
        ConnectionEnded(End(None)),
    ]
    assert [explain(error) for error in errors] == [
        "You may not do this",
        "frame too large",
        "you are signed out",
        "the server does not answer",
        "connection ended with None",
    ]
