"""The proxy of the fault tests: what each of its faults does to a connection, and that healing ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.proxy import Proxy
from tests.vocabulary import PATIENCE, SILENCE

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[Proxy], Awaitable[Ends]]


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """Yield a proxy in front of a server that says back what it hears."""
    upstream = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with Proxy("127.0.0.1", upstream.sockets[0].getsockname()[1]) as proxy:
        yield proxy
    upstream.close()


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    """Return a function that opens a connection through a proxy; all are closed when the test is over."""
    opened: list[Ends] = []

    async def open(proxy: Proxy) -> Ends:
        opened.append(await asyncio.open_connection("127.0.0.1", proxy.port))
        return opened[-1]

    yield open
    for _, writer in opened:
        writer.transport.abort()


async def _expect_echo(ends: Ends, text: bytes = b"hi") -> None:
    ends[1].write(text)
    assert await asyncio.wait_for(ends[0].readexactly(len(text)), PATIENCE) == text


async def _expect_silence(ends: Ends) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ends[0].read(1), SILENCE)


async def _expect_reset(ends: Ends) -> None:
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(ends[0].read(1), PATIENCE)


async def test_what_is_sent_arrives_whole_and_so_does_the_end(proxy, dial):
    ends = await dial(proxy)
    sent = bytes(range(256)) * 10_000
    ends[1].write(sent)
    ends[1].write_eof()
    assert await asyncio.wait_for(ends[0].read(), PATIENCE) == sent


async def test_severing_resets_what_is_open_and_lets_others_pass(proxy, dial):
    ends = await dial(proxy)
    await _expect_echo(ends)
    proxy.sever()
    await _expect_reset(ends)
    await _expect_echo(await dial(proxy))


async def test_cutting_resets_what_is_open_and_what_is_tried_until_it_heals(proxy, dial):
    ends = await dial(proxy)
    await _expect_echo(ends)
    proxy.cut()
    await _expect_reset(ends)
    await _expect_reset(await dial(proxy))
    proxy.heal()
    await _expect_echo(await dial(proxy))


async def test_stalling_passes_nothing_and_keeps_it_until_it_heals(proxy, dial):
    before = await dial(proxy)
    await _expect_echo(before)
    proxy.stall()
    during = await dial(proxy)
    for ends in (before, during):
        ends[1].write(b"kept")
        await _expect_silence(ends)
    proxy.heal()
    for ends in (before, during):
        assert await asyncio.wait_for(ends[0].readexactly(4), PATIENCE) == b"kept"


async def test_a_stalled_connection_takes_no_more_than_the_buffers_hold(proxy, dial):
    ends = await dial(proxy)
    await _expect_echo(ends)
    proxy.stall()
    ends[1].write(b"x" * 30_000_000)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ends[1].drain(), SILENCE)


async def test_delaying_holds_each_chunk_so_long_and_keeps_the_order(proxy, dial):
    ends = await dial(proxy)
    await _expect_echo(ends)
    proxy.delay(0.1)
    started = asyncio.get_running_loop().time()
    for n in range(10):
        ends[1].write(b"%d" % n)
        await asyncio.sleep(0.005)  # so that they are chunks of their own
    assert await asyncio.wait_for(ends[0].readexactly(10), PATIENCE) == b"0123456789"
    # There and back, once and not once a chunk.
    assert 0.2 <= asyncio.get_running_loop().time() - started < 1


async def test_an_upstream_that_is_not_there_resets_the_connection(proxy, dial):
    async with Proxy("127.0.0.1", proxy.port) as front:
        await proxy.close()
        await _expect_reset(await dial(front))
