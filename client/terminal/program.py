"""The program from its start to its exit code: the password, the file of the device, the console, and then the chat."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from getpass import getpass
from http import HTTPStatus
from pathlib import Path

from client.answers import Tokens
from client.client import Client
from client.errors import RestError, TransportError
from client.options import Options
from client.rest import Rest
from client.store import JsonFile
from client.terminal.arguments import PASSWORD_VARIABLE, Settings, add_arguments, read_settings
from client.terminal.console import Console, PlainConsole
from client.terminal.errors import FAILED, USAGE, Failure, explain
from client.terminal.place import held, state_file
from client.terminal.terminal import Terminal

_TRIES = 3
_REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program as a command line asks for it."""
    parser = ArgumentParser("python -m client.terminal", description="Chat in a terminal.")
    add_arguments(parser)
    return run(read_settings(vars(parser.parse_args(arguments)), os.environ))


def run(settings: Settings) -> int:
    """Run the program and return its exit code."""
    _log_to(settings.log)
    try:
        file = state_file(settings, os.environ)
        with held(file):
            tokens = _sign_in(settings)
            return asyncio.run(_chat(settings, file, tokens))
    except Failure as failure:
        print(f"chat: {failure}", file=sys.stderr)
        return failure.code
    except BrokenPipeError:
        # Nobody reads any more; what is left in the buffer must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        # A full disk, or a terminal that is gone.
        print(f"chat: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return FAILED


async def _chat(settings: Settings, file: Path, tokens: Tokens) -> int:
    async with _make_client(settings, file, tokens) as client:
        return await Terminal(client, _make_console(), user=settings.user, url=settings.url).run()


def _make_client(settings: Settings, file: Path, tokens: Tokens) -> Client:
    # Without the password: who was signed out everywhere is to be asked. Chats are read when they are opened.
    options = Options(history_page=0)
    try:
        return Client(
            settings.url,
            settings.user,
            device=settings.device,
            store=JsonFile(file),
            tokens=tokens,
            take=settings.take,
            options=options,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"{file} cannot be read: {error}") from error


def _make_console() -> Console:
    for stream in (sys.stdout, sys.stderr):
        # A terminal of another encoding shows question marks, instead of nothing ever again.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    keyboard = sys.stdin.isatty()
    if keyboard and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        from client.terminal.tty import TtyConsole

        return TtyConsole(sys.stdin.fileno(), sys.stdout)
    return PlainConsole(sys.stdin.fileno(), sys.stdout, interactive=keyboard)


def _sign_in(settings: Settings) -> Tokens:
    """Get tokens for the password; one that is typed may be wrong twice."""
    if settings.password is not None:
        return asyncio.run(_log_in(settings, settings.password))
    if not sys.stdin.isatty():
        raise Failure(f"no password: --password or {PASSWORD_VARIABLE}", USAGE)
    for left in reversed(range(_TRIES)):
        try:
            # Outside of any event loop, whose own handling of Ctrl-C would not end the question.
            return asyncio.run(_log_in(settings, getpass(f"Password of {settings.user}: ")))
        except EOFError:
            break
        except Failure as failure:
            if not left or not isinstance(failure.__cause__, RestError):
                raise
            print(f"chat: {failure}", file=sys.stderr)
    raise Failure("no password")


async def _log_in(settings: Settings, password: str) -> Tokens:
    try:
        async with Rest(settings.url) as rest:
            return await rest.login(settings.user, password)
    except TransportError as error:
        silent = str(error).startswith("no answer")
        what = f"nobody answers at {settings.url}" if silent else f"what answers at {settings.url} is no chat server"
        raise Failure(what) from error
    except RestError as error:
        refused = error.status in _REFUSALS
        raise Failure("wrong name or password" if refused else f"not signed in: {explain(error)}") from error


def _log_to(file: Path | None) -> None:
    if file is None:
        # The screen belongs to the chat, standard error too.
        logging.disable()
    else:
        form = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
        logging.basicConfig(filename=file, level=logging.INFO, format=form, force=True)
