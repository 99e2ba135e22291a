"""One of our servers in front of an application that tries its ASGI extension; a process of `test_server`."""

import asyncio
import os
import sys

import django

from project import process

CHUNK = b"\x82\x7f" + (100_000).to_bytes(8, "big") + bytes(100_000)
CHUNKS = 200


async def application(scope, receive, send):
    """Do what the client says, and print what the extension answers."""
    transport = scope["extensions"]["onesocket"]
    print("connecting", transport.write(b"\x81\x05early"), flush=True)
    await receive()
    await send({"type": "websocket.accept"})
    print("accepted", transport.write(b"\x81\x08prepared"), flush=True)
    taken = 0
    while (event := await receive())["type"] == "websocket.receive":
        taken += 1
        if event["text"] == "hold":
            await asyncio.sleep(0.5)
            print("held", flush=True)
        elif event["text"] == "count":
            print("taken", taken, flush=True)
        elif event["text"] == "flood":
            for _ in range(CHUNKS):
                transport.write(CHUNK)
            print("flooded", transport.pending(), flush=True)
            await asyncio.sleep(0.3)
            print("later", transport.pending(), flush=True)
        elif event["text"] == "pending":
            print("pending", transport.pending(), flush=True)
        elif event["text"] == "client":
            print("client", scope["client"][0], flush=True)
        elif event["text"] == "abort":
            transport.abort()
        elif event["text"] == "leave":
            return
        elif event["text"] == "be cancelled":
            raise asyncio.CancelledError
    print("ended", transport.write(b"\x81\x04late"), event["code"], flush=True)
    transport.abort()


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
    django.setup()
    process.APPLICATION = "tests.project.stub_server:application"
    kind, *arguments = sys.argv[1:]
    if kind == "daphne":
        from project import server

        server.CommandLine().run(arguments)
    else:
        from project import uvicorn_server

        uvicorn_server.run(arguments)
