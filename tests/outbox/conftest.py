from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import redis
from django.utils import timezone

from ecommerce.celery import app
from ecommerce.core.models import OutboxMessage
from ecommerce.core.outbox import queue as outbox
from ecommerce.core.outbox import wakeup
from ecommerce.devserver.file_lock import wait_until
from tests.support.mail_server import mail_server  # noqa: F401  # a fixture
from tests.support.valkey import Valkey

PENDING, SENT, DEAD = OutboxMessage.Status


def queue(number: int = 1, **fields: Any) -> OutboxMessage:
    """A row of the kind that the tests handle."""
    outbox.enqueue(kind="test", key=f"test:{number}", payload={"number": number})
    OutboxMessage.objects.filter(key=f"test:{number}").update(**fields)
    return OutboxMessage.objects.get(key=f"test:{number}")


def again(message: OutboxMessage) -> OutboxMessage:
    return OutboxMessage.objects.get(pk=message.pk)


def let_time_pass(message: OutboxMessage) -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def delivered(db: None) -> Iterator[list[int]]:
    """The numbers that were delivered by the handler of the tests' kind."""
    numbers: list[int] = []
    outbox.handlers["test"] = lambda message: numbers.append(message.payload["number"])
    yield numbers
    del outbox.handlers["test"]


class Broken(Exception):
    """As of a mail server that is away, with a text that nobody should read."""


@pytest.fixture
def broken(delivered: list[int]) -> list[int]:
    def handler(message: OutboxMessage) -> None:
        delivered.append(message.payload["number"])
        raise Broken("could not reach customer@example.com with password hunter2")

    outbox.handlers["test"] = handler
    return delivered


class Hints:
    """What arrives in the workers' queue, in a Redis of the test's own."""

    def __init__(self, server: Valkey) -> None:
        self.server = server

    def arrive(self, within: float = 5.0) -> bool:
        with redis.Redis(port=self.server.port) as client:
            return wait_until(lambda: client.llen("celery:celery") > 0, within)


@pytest.fixture
def hints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hints]:
    assert wait_until(lambda: not wakeup._wanted.is_set(), 20)  # of the test before
    sleep(0.2)
    server = Valkey(tmp_path)
    server.start()
    monkeypatch.setattr(app.conf, "broker_url", server.url)
    monkeypatch.setattr(wakeup, "PAUSE_S", 0.1)
    yield Hints(server)
    server.stop()
