"""Django's Redis cache: how it keeps values, and its connections, one pool for a server or Sentinel's master."""

from typing import Any

import msgspec
from redis import ConnectionPool
from redis.sentinel import Sentinel, SentinelConnectionPool

from project.stores import has_sentinels, split_sentinels


class JsonSerializer:
    """Values as JSON, for Django would unpickle them: whoever reaches Redis could run what he likes in the server."""

    def dumps(self, value: Any) -> Any:
        """Return a value as Redis keeps it; an integer as it is, so that Redis can count with it."""
        return value if type(value) is int else msgspec.json.encode(value)

    def loads(self, data: bytes) -> Any:
        """Return a value that Redis kept; raises msgspec.DecodeError for what none of ours wrote."""
        return msgspec.json.decode(data)


_pools: dict[str, ConnectionPool] = {}


class SharedPool(ConnectionPool):
    """The pool that Django's cache asks for anew in each context, which under ASGI is each request.

    By itself it would open a connection for every request and leave it to the garbage collector (measured: 1,000
    requests, 1,001 connections, 300 of them open at a time).
    """

    @classmethod
    def from_url(cls, url: str, **options: Any) -> ConnectionPool:  # type: ignore[override]
        """Return the process's pool for the URL."""
        if url not in _pools:
            # Of two threads at the same moment the second's pool is dropped, unused.
            _pools.setdefault(url, _make_pool(url, options))
        return _pools[url]


def _make_pool(url: str, options: dict[str, Any]) -> ConnectionPool:
    if not has_sentinels(url):
        return ConnectionPool.from_url(url, **options)
    server = split_sentinels(url)
    addresses, patience, master = (server.pop(name) for name in ("sentinels", "sentinel_kwargs", "master_name"))
    sentinel = Sentinel(addresses, sentinel_kwargs=patience)  # type: ignore[no-untyped-call]
    return SentinelConnectionPool(master, sentinel, **options, **server)  # type: ignore[no-untyped-call]
