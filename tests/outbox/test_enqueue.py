"""An event is queued once, in the transaction of its change, without delaying the request."""

import socket
from time import perf_counter

import pytest

from ecommerce.celery import app
from ecommerce.core.db import run_tx
from ecommerce.core.models import OutboxMessage
from ecommerce.core.outbox import queue as outbox
from ecommerce.core.outbox import wakeup
from ecommerce.devserver.file_lock import wait_until
from tests.outbox.conftest import queue
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db


def rows():
    return list(OutboxMessage.objects.order_by("key").values_list("key", flat=True))


def test_the_same_event_is_queued_once():
    first = queue(1)
    outbox.enqueue(kind="other", key="test:1", payload={"number": 2})
    assert OutboxMessage.objects.get().payload == first.payload == {"number": 1}


def test_a_message_is_rolled_back_with_its_change():
    def fails():
        queue(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_tx(fails)
    assert rows() == []
    run_tx(lambda: queue(2))
    assert rows() == ["test:2"]


@pytest.mark.parametrize("way", ["in transactions", "outside"])
def test_of_20_concurrent_callers_one_queues_it_and_none_fails(way):
    enqueue = lambda: outbox.enqueue(kind="test", key="test:1", payload={})  # noqa: E731
    answers = at_once(20, (lambda: run_tx(enqueue)) if way == "in transactions" else enqueue)
    assert answers == [None] * 20
    assert rows() == ["test:1"]


class TestTheHint:
    """The hint to the workers, sent to Redis after the commit."""

    def test_reaches_the_workers_queue(self, hints):
        run_tx(lambda: queue(1))
        assert hints.has_arrived()

    def test_is_not_sent_without_a_commit(self, hints):
        with pytest.raises(ZeroDivisionError):
            run_tx(lambda: (queue(1), 1 / 0))
        assert not hints.has_arrived(within=0.5)

    def test_is_not_sent_without_redis(self, hints, settings):
        settings.REDIS_ENABLED = False
        queue(1)
        assert not hints.has_arrived(within=0.5)

    @pytest.mark.parametrize("way", ["refuses", "is silent"])
    def test_does_not_delay_the_request_while_redis_is_away(self, hints, monkeypatch, caplog, way):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            monkeypatch.setattr(app.conf, "broker_url", f"redis://127.0.0.1:{listener.getsockname()[1]}")
            if way == "refuses":
                listener.close()
            started = perf_counter()
            for _ in range(100):
                wakeup.wake_up()
            assert perf_counter() - started < 0.1
            assert wait_until(lambda: "No worker could be woken up" in caplog.text, 15)
        monkeypatch.setattr(app.conf, "broker_url", hints.server.url)
        wakeup.wake_up()
        assert hints.has_arrived(within=15)  # Redis is used again once it is back
