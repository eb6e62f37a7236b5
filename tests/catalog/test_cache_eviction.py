"""Redis may evict every key that has a time to live, and no stale entry is served after it."""

import re

import pytest
import yaml
from django.conf import settings as live_settings
from django_redis import get_redis_connection

from ecommerce.core import cache, redis
from ecommerce.devserver.embedded.valkey import MEMORY
from tests.support.valkey import Valkey

ENTRY, STAMP = "ecommerce:cart:k", "ecommerce:cart:k:stamp"


def evict(*keys):
    for key in keys:
        assert get_redis_connection().ttl(key) != -1, "only keys with a time to live are evicted"
    get_redis_connection().delete(*keys)


def read(text=b"new"):
    return cache.cached("cart", "k", lambda: text)


def test_an_invalidated_entry_does_not_come_back_without_its_stamp():
    read(b"old")
    cache.invalidate_entry("cart", "k")
    evict(STAMP)
    assert read() == b"new"


def test_nor_does_one_that_was_being_filled():
    def overtaken():
        cache.invalidate_entry("cart", "k")
        return b"old"

    cache.cached("cart", "k", overtaken)
    evict(STAMP)
    assert read() == b"new"


def test_an_entry_stays_valid_after_an_invalidation_before_it():
    cache.invalidate_entry("cart", "k")
    read(b"filled")
    assert read() == b"filled"
    evict(STAMP)
    assert read() == b"new"


def test_all_that_validates_a_whole_namespace_is_never_evicted():
    read()
    cache.invalidate("cart")
    cache.invalidate_stock("cart")
    stored = get_redis_connection()
    kept = {key.decode() for key in stored.scan_iter() if stored.ttl(key) == -1}
    assert kept == {"ecommerce:cart:generation", "ecommerce:cart:stock"}


@pytest.fixture
def small(tmp_path, settings):
    """A Valkey of the shop's configuration with little memory, as the shop's cache."""
    options = [
        part for name, value in (MEMORY | {"maxmemory": "4mb"}).items() for part in (f"--{name}", value)
    ]
    server = Valkey(tmp_path, *options)
    server.start()
    default = settings.CACHES["default"] | {"LOCATION": server.url}
    settings.CACHES = settings.CACHES | {"default": default}
    client = get_redis_connection()
    yield client
    redis._connection_of_this_thread().disconnect()
    client.connection_pool.disconnect()
    server.stop()


def test_entries_go_before_the_memory_does_and_queues_stay(small):
    small.rpush("celery:celery", "message")
    failures = redis.failures()
    cache.invalidate("products")
    for number in range(600):
        cache.cached("products", f"list:{number}", lambda: b"x" * 20_000)
    assert redis.failures() == failures
    assert 0 < len(small.keys("ecommerce:products:list:*")) < 300
    assert small.exists("celery:celery", "ecommerce:products:generation") == 2


def test_docker_compose_limits_the_memory_in_the_same_way():
    text = (live_settings.BASE_DIR / "docker-compose.yml").read_text()
    command = yaml.safe_load(text)["services"]["redis"]["command"]
    assert {name: command[command.index(f"--{name}") + 1] for name in MEMORY} == MEMORY
    assert re.fullmatch(r"\d+mb", MEMORY["maxmemory"])
