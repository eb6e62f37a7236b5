"""The worker of a running shop, which is restarted when it dies and ends with the shop."""

import os
import signal
from pathlib import Path

import pytest

from ecommerce.devserver.file_lock import wait_until
from tests.runshop.buyer import buy, has_mail
from tests.runshop.shop import CELERY, PROMISED_SECONDS, Start

pytestmark = pytest.mark.kills


def test_a_worker_is_restarted_and_ends_with_a_killed_shop(used_data_dir: Path, start: Start) -> None:
    shop = start(used_data_dir)
    assert has_mail(shop, buy(shop), 20)
    first = shop.find(CELERY)
    os.kill(first, signal.SIGKILL)
    assert wait_until(
        lambda: "The worker ended by itself with exit code -9" in shop.output(), PROMISED_SECONDS
    )
    assert shop.is_open()
    assert has_mail(shop, buy(shop), 20)
    assert shop.has_all_workers()
    assert first not in shop.workers()
    shop.send(signal.SIGKILL)
    assert shop.stopped_within(PROMISED_SECONDS)


def test_mails_are_delivered_without_redis(used_data_dir: Path, start: Start) -> None:
    shop = start(used_data_dir, REDIS_ENABLED="false")
    assert has_mail(shop, buy(shop), 20)
    shop.send(signal.SIGTERM)
    assert shop.stopped_within(PROMISED_SECONDS)
    assert shop.process.returncode == 0
