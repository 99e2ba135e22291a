"""How the cache keeps its values: nothing in Redis is ever run."""

import pickle

import msgspec
import pytest

from project import stores
from project.cache import JsonSerializer


@pytest.mark.parametrize("value", [0, 7, 1.5, "text", True, {"device": "phone", "chats": [1, 2]}])
def test_a_value_comes_back_as_it_was(value):
    kept = JsonSerializer().dumps(value)
    assert JsonSerializer().loads(kept if isinstance(kept, bytes) else str(kept).encode()) == value


def test_an_integer_is_kept_so_that_redis_counts_with_it():
    assert JsonSerializer().dumps(7) == 7
    assert JsonSerializer().dumps(True) == b"true"


def test_a_pickle_that_somebody_left_is_not_opened():
    with pytest.raises(msgspec.DecodeError):
        JsonSerializer().loads(pickle.dumps({"device": "phone"}))


def test_the_cache_in_redis_keeps_its_values_so():
    options = stores.configure_caches("redis://host/1")["default"]["OPTIONS"]
    assert options["serializer"] == "project.cache.JsonSerializer"
