"""The worker beside the shop: it delivers, it is started again, and it leaves nothing."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from ecommerce.devserver.file_lock import wait_until
from tests.runshop.buyer import buy, has_mail
from tests.runshop.shop import PROMISED, Processes, Shop, Start

CELERY, POOL = "-m celery", 4  # the worker, its two children and the timetable


def workers(shop: Shop) -> set[int]:
    """Its processes, the watcher that ends them apart."""
    shop.processes = Processes(shop.process.pid)
    with suppress(StopIteration):
        return Processes(shop.find(CELERY)).left()
    return set()


def test_it_delivers_is_started_again_and_ends_with_a_killed_shop(used_data_dir: Path, start: Start) -> None:
    shop = start(used_data_dir)
    assert has_mail(shop, buy(shop), 20)
    first = shop.find(CELERY)
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: "The worker ended by itself with exit code -9" in shop.said(), PROMISED)
    assert shop.open()
    assert has_mail(shop, buy(shop), 20)
    assert first not in workers(shop)
    assert len(workers(shop)) > POOL
    shop.send(signal.SIGKILL)
    assert shop.stopped_within(PROMISED)


def test_it_ends_with_the_shop(used_data_dir: Path, start: Start) -> None:
    shop = start(used_data_dir)
    assert wait_until(lambda: len(workers(shop)) > POOL, 20)
    shop.send(signal.SIGTERM)
    assert shop.stopped_within(PROMISED)
    assert shop.process.returncode == 0
    assert "Traceback" not in shop.said()


def test_without_redis_it_delivers_too(used_data_dir: Path, start: Start) -> None:
    shop = start(used_data_dir, REDIS_ENABLED="false")
    assert has_mail(shop, buy(shop), 20)
    shop.send(signal.SIGTERM)
    assert shop.stopped_within(PROMISED)
