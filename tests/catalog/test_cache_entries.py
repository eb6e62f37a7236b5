"""An entry is filled once, and is valid as long as its stamps are."""

import threading
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from django_redis import get_redis_connection

from ecommerce.core import cache
from ecommerce.core.cache import entries, stamps


class TestGenerations:
    def test_a_slow_fill_that_began_before_a_change_leaves_no_stale_entry(self):
        def fill_while_it_changes():
            cache.invalidate("products")  # after the fill has read from the database
            return b"old"

        cache.cached("products", "k", fill_while_it_changes)
        assert cache.cached("products", "k", lambda: b"new") == b"new"

    def test_the_negative_control_without_a_change_the_entry_is_served(self):
        cache.cached("products", "k", lambda: b"old")
        assert cache.cached("products", "k", lambda: b"new") == b"old"

    def test_an_emptied_redis_begins_a_new_generation(self):
        cache.cached("products", "k", lambda: b"old")
        get_redis_connection().flushdb()
        assert cache.cached("products", "k", lambda: b"new") == b"new"
        assert cache.cached("products", "k", lambda: b"newer") == b"new"

    def test_an_entry_does_not_survive_the_loss_of_its_generation(self):
        """Redis may evict any key, even the generation."""
        cache.cached("products", "k", lambda: b"old")
        get_redis_connection().delete("ecommerce:products:generation")
        assert cache.cached("products", "k", lambda: b"new") == b"new"

    def test_a_new_process_does_not_trust_existing_entries(self):
        """It may replace a process that was killed between its commit and the invalidation."""
        cache.cached("products", "k", lambda: b"old")
        stamps._trusted.clear()  # as after a start
        assert cache.cached("products", "k", lambda: b"new") == b"new"

    @pytest.mark.parametrize("junk", [b"", b"x", b"\n", b"a b c\nold", b"  \nold", b"\xff\n"])
    def test_a_foreign_entry_is_refilled(self, junk):
        cache.cached("products", "k", lambda: b"old")
        get_redis_connection().set("ecommerce:products:k", junk)
        assert cache.cached("products", "k", lambda: b"new") == b"new"


class TestConcurrentMisses:
    def test_only_one_of_several_concurrent_misses_fills(self):
        fills, barrier = [], threading.Barrier(8)

        def fill():
            fills.append(1)
            sleep(0.2)
            return b"filled"

        def miss():
            barrier.wait(10)
            return cache.cached("products", "k", fill)

        with ThreadPoolExecutor(8) as pool:
            results = [future.result(20) for future in [pool.submit(miss) for _ in range(8)]]
        assert set(results) == {b"filled"}
        assert len(fills) == 1

    def test_only_one_of_those_that_waited_fills_again_after_a_change(self):
        fills, barrier = [], threading.Barrier(8)

        def fill():
            fills.append(1)
            if len(fills) == 1:
                sleep(0.2)  # until the others wait
                cache.invalidate("products")
                return b"old"
            sleep(0.1)
            return b"new"

        def miss():
            barrier.wait(10)
            return cache.cached("products", "k", fill)

        with ThreadPoolExecutor(8) as pool:
            results = [future.result(20) for future in [pool.submit(miss) for _ in range(8)]]
        assert sorted(results) == [b"new"] * 7 + [b"old"]
        assert len(fills) == 2

    def test_others_do_not_wait_for_a_fill_that_fails(self, monkeypatch):
        """Concurrent requests for an unknown slug would otherwise delay each other."""
        monkeypatch.setattr(entries, "WAIT_S", 600)
        monkeypatch.setattr(entries, "FILL_LOCK_MS", 600_000)
        filling, fail = threading.Event(), threading.Event()

        def failing_fill():
            filling.set()
            fail.wait(10)
            raise LookupError

        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(cache.cached, "products", "k", failing_fill)
            assert filling.wait(10)
            second = pool.submit(cache.cached, "products", "k", lambda: b"filled")
            sleep(0.1)
            fail.set()
            assert second.result(20) == b"filled"
            with pytest.raises(LookupError):
                first.result(20)

    def test_waiting_for_a_killed_process_ends(self, monkeypatch):
        monkeypatch.setattr(entries, "WAIT_S", 0.1)
        get_redis_connection().set("ecommerce:products:k:filling", "1")
        assert cache.cached("products", "k", lambda: b"filled") == b"filled"

    def test_a_process_frees_only_its_own_lock(self, monkeypatch):
        """A process whose lock has expired must not free the lock of the next one."""
        redis_client = get_redis_connection()

        def slow_fill():
            redis_client.set("ecommerce:products:k:filling", "next")
            return b"filled"

        cache.cached("products", "k", slow_fill)
        assert redis_client.get("ecommerce:products:k:filling") == b"next"


class TestSales:
    """After a sale one request fills, and the others are shown the stock of the last second meanwhile."""

    @pytest.fixture(autouse=True)
    def _entries_are_filled_after_each_sale(self, monkeypatch):
        monkeypatch.setattr(entries, "REFILL_S", 0)
        monkeypatch.setattr(entries, "OLDEST_STOCK_S", 600)
        cache.cached("products", "k", lambda: b"old")
        cache.cached("products", "all", lambda: b"old", shows_stock=False)

    def read_during_fill(self, *, change):
        """Return what a request reads while another one fills the entry."""
        filling, go_on = threading.Event(), threading.Event()

        def slow_fill():
            filling.set()
            go_on.wait(20)
            return b"filled"

        cache.invalidate_stock("products")
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(cache.cached, "products", "k", slow_fill)
            assert filling.wait(10)
            change()
            meanwhile = cache.cached("products", "k", lambda: b"by itself")
            go_on.set()
            assert first.result(20) == b"filled"
        return meanwhile

    def test_others_get_the_old_entry_at_once(self):
        assert self.read_during_fill(change=lambda: None) == b"old"
        assert cache.cached("products", "k", lambda: b"new") == b"filled"

    def test_no_reader_gets_it_after_another_change(self, monkeypatch):
        monkeypatch.setattr(entries, "WAIT_S", 0.1)
        assert self.read_during_fill(change=lambda: cache.invalidate("products")) == b"by itself"

    def test_no_reader_gets_it_once_it_is_too_old(self, monkeypatch):
        monkeypatch.setattr(entries, "WAIT_S", 0.1)
        too_old = lambda: monkeypatch.setattr(entries, "OLDEST_STOCK_S", 0)  # noqa: E731
        assert self.read_during_fill(change=too_old) == b"by itself"

    def test_an_entry_without_stock_stays_until_another_change(self):
        cache.invalidate_stock("products")
        assert cache.cached("products", "all", lambda: b"new", shows_stock=False) == b"old"
        cache.invalidate("products")
        assert cache.cached("products", "all", lambda: b"new", shows_stock=False) == b"new"
