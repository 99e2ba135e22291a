"""`python -m client.conformance URL` judges a server; the exit status is 1 for a broken one, 2 where nobody can say."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys

from client.conformance.judge import Account, judge
from client.conformance.verdict import Verdict
from client.errors import ClientError
from client.rest import Rest

_PEOPLE = ("ann", "bob", "cat")


def main(arguments: list[str] | None = None) -> int:
    """Print the verdict on a server."""
    parser = argparse.ArgumentParser(prog="python -m client.conformance", description="Judge a server of chat.v1.")
    parser.add_argument("url", help="the address of the server, as http://127.0.0.1:8000")
    parser.add_argument(
        "--user",
        action="append",
        type=_read_account,
        metavar="NAME:PASSWORD",
        help="one of three accounts to talk with, given three times; without it three are registered",
    )
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    chosen = parser.parse_args(arguments)
    if chosen.user and len(chosen.user) != len(_PEOPLE):
        parser.error(f"--user is given {len(_PEOPLE)} times, or not at all")
    try:
        verdict = asyncio.run(_judge(chosen.url, chosen.user))
    except ClientError as error:
        print(f"no verdict on {chosen.url}: {error}", file=sys.stderr)
        return 2
    print(verdict.as_json() if chosen.json else verdict.as_text())
    return 0 if verdict.conforms else 1


async def _judge(url: str, accounts: list[Account] | None) -> Verdict:
    return await judge(url, accounts or await register(url))


async def register(url: str) -> list[Account]:
    """Make three accounts that nobody has yet; raises RestError where registration is closed."""
    run = secrets.token_hex(4)
    accounts = [(f"conformance-{run}-{name}", secrets.token_urlsafe(16)) for name in _PEOPLE]
    async with Rest(url) as plain:
        for name, password in accounts:
            await plain.register(name, password)
    return accounts


def _read_account(text: str) -> Account:
    name, colon, password = text.partition(":")
    if not name or not colon or not password:
        raise argparse.ArgumentTypeError("an account is NAME:PASSWORD")
    return name, password


if __name__ == "__main__":
    sys.exit(main())
