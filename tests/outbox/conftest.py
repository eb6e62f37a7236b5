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
    """Queue a message of the tests' own kind, and then set fields of its row."""
    outbox.enqueue(kind="test", key=f"test:{number}", payload={"number": number})
    OutboxMessage.objects.filter(key=f"test:{number}").update(**fields)
    return OutboxMessage.objects.get(key=f"test:{number}")


def reloaded(message: OutboxMessage) -> OutboxMessage:
    return OutboxMessage.objects.get(pk=message.pk)


def make_due(message: OutboxMessage) -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def delivered(db: None) -> Iterator[list[int]]:
    """The numbers in the messages that the handler of the tests' kind has delivered."""
    numbers: list[int] = []
    outbox.handlers["test"] = lambda message: numbers.append(message.payload["number"])
    yield numbers
    del outbox.handlers["test"]


class Broken(Exception):
    """An error like that of an unreachable mail server, with a text that must not be shown."""


@pytest.fixture
def broken(delivered: list[int]) -> list[int]:
    """The same numbers, from a handler that fails after each delivery."""

    def handler(message: OutboxMessage) -> None:
        delivered.append(message.payload["number"])
        raise Broken("could not reach customer@example.com with password hunter2")

    outbox.handlers["test"] = handler
    return delivered


class Hints:
    """The workers' queue in a Redis of the test's own."""

    def __init__(self, server: Valkey) -> None:
        self.server = server

    def has_arrived(self, within: float = 5.0) -> bool:
        with redis.Redis(port=self.server.port) as client:
            return wait_until(lambda: client.llen("celery:celery") > 0, within)


@pytest.fixture
def hints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hints]:
    assert wait_until(lambda: not wakeup._wanted.is_set(), 20)  # from the test before
    sleep(0.2)
    server = Valkey(tmp_path)
    server.start()
    monkeypatch.setattr(app.conf, "broker_url", server.url)
    monkeypatch.setattr(wakeup, "PAUSE_S", 0.1)
    yield Hints(server)
    server.stop()
