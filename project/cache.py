"""Django's Redis cache: how it keeps values, its one client for a server or Sentinel's master, and what it does at once."""

from functools import cached_property
from typing import Any

import msgspec
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import ConnectionPool
from redis.sentinel import Sentinel, SentinelConnectionPool

from project.stores import has_sentinels, split_sentinels

# A period and its count are one key: they end together.
_COUNT = """
local began = redis.call('HGET', KEYS[1], 'began')
if not began then
    began = ARGV[1]
    redis.call('HSET', KEYS[1], 'began', began)
    redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return {began, redis.call('HINCRBY', KEYS[1], 'count', 1)}
"""
_TAKE = """
local found = redis.call('GET', KEYS[1])
if not found or cjson.decode(found)[ARGV[1]] ~= ARGV[2] then
    return nil
end
redis.call('DEL', KEYS[1])
return found
"""


class JsonSerializer:
    """Values as JSON, for Django would unpickle them: whoever reaches Redis could run what he likes in the server."""

    def dumps(self, value: Any) -> Any:
        """Return a value as Redis keeps it; an integer as it is, so that Redis can count with it."""
        return value if type(value) is int else msgspec.json.encode(value)

    def loads(self, data: bytes) -> Any:
        """Return a value that Redis kept; raises msgspec.DecodeError for what none of ours wrote."""
        return msgspec.json.decode(data)


class Pool(ConnectionPool):
    """Connections to the server, or the Sentinel's master, that a URL names."""

    @classmethod
    def from_url(cls, url: str, **options: Any) -> ConnectionPool:  # type: ignore[override]
        """Return a pool for the URL."""
        if not has_sentinels(url):
            return ConnectionPool.from_url(url, **options)
        server = split_sentinels(url)
        addresses, patience, master = (server.pop(name) for name in ("sentinels", "sentinel_kwargs", "master_name"))
        sentinel = Sentinel(addresses, sentinel_kwargs=patience)  # type: ignore[no-untyped-call]
        return SentinelConnectionPool(master, sentinel, **options, **server)  # type: ignore[no-untyped-call]


class Client(RedisCacheClient):
    """Django's, which makes an object of redis-py's for each command; this one has one, and two scripts."""

    _serializer: JsonSerializer

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, **options)
        self._redis = super().get_client()
        self._count = self._redis.register_script(_COUNT)
        self._take = self._redis.register_script(_TAKE)

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """Return the client, which threads may share."""
        return self._redis

    def count(self, key: str, now: float, seconds: int) -> tuple[float, int]:
        """Count one more under `key`; return when its period began and the count in it."""
        began, count = self._count(keys=[key], args=[now, seconds])
        return float(began), count

    def take(self, key: str, member: str, value: str) -> Any:
        """Remove and return an object of which `member` is `value`; None where there is no such."""
        found = self._take(keys=[key], args=[member, value])
        return None if found is None else self._serializer.loads(found)


_clients: dict[str, Client] = {}


class Cache(RedisCache):
    """Django's cache, which is made anew in each context: under ASGI in each request. All of them share a client.

    By itself each would open a connection and leave it to the garbage collector (measured: 1,000 requests, 1,001
    connections, 300 of them open at a time).
    """

    _servers: list[str]
    _options: dict[str, Any]

    @cached_property
    def _cache(self) -> Client:
        (url,) = self._servers
        if url not in _clients:
            # Of two threads at the same moment the second's client is dropped, unused.
            _clients.setdefault(url, Client(self._servers, **self._options))
        return _clients[url]

    def count(self, key: str, now: float, seconds: int) -> tuple[float, int]:
        """Count one more in the period of `key`, which begins `now` and lasts `seconds` unless one has begun.

        Returns when it began, and the count.
        """
        return self._cache.count(self.make_and_validate_key(key), now, seconds)

    def take(self, key: str, member: str, value: str) -> Any:
        """Remove and return the object under `key` if its `member` is `value`, else None; of many at once one gets it."""
        return self._cache.take(self.make_and_validate_key(key), member, value)
