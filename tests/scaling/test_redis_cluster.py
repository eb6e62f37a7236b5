"""Redis Cluster refuses a command on keys of several slots, as every read of the cache is."""

import socket
from collections.abc import Iterator

import pytest
from redis import Redis
from redis.crc import key_slot
from redis.exceptions import ResponseError

from catalog.cache import NAMESPACE, slug_key
from ecommerce.core import cache, redis
from ecommerce.core.cache.entries import _Read
from ecommerce.core.web import ratelimit
from ecommerce.core.web.ratelimit import Allowance, Rate
from ecommerce.devserver.file_lock import wait_until
from tests.support.valkey import Valkey

CALLER = Allowance("products:ip:192.0.2.1", Rate.parse("100/m"))
ALL_SLOTS = (0, 16383)


@pytest.fixture(scope="module")
def cluster_server(tmp_path_factory) -> Iterator[Valkey]:
    """A cluster of one node, which has all slots and refuses what one of many nodes refuses."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        bus = free.getsockname()[1]
    options = ["--cluster-enabled", "yes", "--cluster-port", str(bus)]
    server = Valkey(tmp_path_factory.mktemp("cluster"), *options)
    server.start()
    with Redis(port=server.port) as client:
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", *ALL_SLOTS)
        assert wait_until(lambda: client.execute_command("CLUSTER INFO")["cluster_state"] == "ok", 60)
    yield server
    server.stop()


@pytest.fixture
def cluster(cluster_server, settings) -> Iterator[None]:
    """The shop's cache is in the cluster."""
    disconnect()
    default = settings.CACHES["default"] | {"LOCATION": cluster_server.url}
    settings.CACHES = settings.CACHES | {"default": default}
    yield
    disconnect()


def disconnect() -> None:
    redis._connection_of_this_thread().disconnect()
    redis.client().connection_pool.disconnect()


def keys_of_a_read() -> list[str]:
    return [redis.full_key(f"ratelimit:{CALLER.key}"), *_Read(NAMESPACE, slug_key("lamp")).keys]


def fills() -> int:
    """Return how many of three reads of one entry fill it."""
    filled = []
    for _ in range(3):
        cache.cached(NAMESPACE, "lamp", lambda: filled.append(1) or b"a lamp", allowance=CALLER)
        redis._open_until = 0.0  # the breaker would spare the server the next try
    return len(filled)


def test_the_keys_of_one_read_are_in_different_slots():
    keys = keys_of_a_read()
    assert len({key_slot(key.encode()) for key in keys}) == len(keys)


def test_a_cluster_refuses_them(cluster):
    for command in (
        lambda: redis.execute("MGET", *keys_of_a_read()),
        lambda: ratelimit.count_and_read(CALLER, keys_of_a_read()[1:]),
    ):
        with pytest.raises(ResponseError, match="hash to the same slot"):
            command()


def test_so_the_shop_does_without_its_cache(cluster):
    assert fills() == 3


def test_with_one_server_one_of_them_does():
    assert fills() == 1


def test_a_cluster_accepts_keys_with_one_hash_tag(cluster):
    tagged = [f"{{shop}}:{key}" for key in keys_of_a_read()]
    assert len({key_slot(key.encode()) for key in tagged}) == 1
    assert redis.execute("MGET", *tagged) == [None] * len(tagged)
