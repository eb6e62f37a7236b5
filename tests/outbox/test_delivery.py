"""Each message is delivered once by concurrent workers, retried with growing pauses, and never lost."""

import subprocess
import sys
from datetime import timedelta
from time import sleep

import pytest
from django.core.management import call_command
from django.utils import timezone

from ecommerce.core.models import OutboxMessage
from ecommerce.core.outbox import queue as outbox
from ecommerce.devserver.file_lock import wait_until
from tests.outbox.conftest import DEAD, PENDING, SENT, make_due, queue, reloaded
from tests.runshop.shop import ROOT
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(tmp_path):
    """Starts worker processes, which write the numbers that they deliver to the file `lines` in tmp_path."""
    started = []

    def start(mode=""):
        command = [sys.executable, "-m", "tests.outbox.worker", str(tmp_path / "lines"), mode]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def lines(tmp_path):
    file = tmp_path / "lines"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_a_due_message_is_delivered_and_marked_as_sent(delivered):
    message = queue(7)
    assert not outbox.deliver_due()
    assert delivered == [7]
    message = reloaded(message)
    assert (message.status, message.attempts, message.last_error) == (SENT, 1, "")
    assert message.sent_at >= message.created_at
    assert not outbox.deliver_due()
    assert delivered == [7]


def test_a_message_that_is_not_due_waits(delivered):
    queue(next_attempt_at=timezone.now() + timedelta(seconds=5))
    outbox.deliver_due()
    assert delivered == []


def test_the_caller_learns_that_messages_are_left_when_time_runs_out(delivered):
    for number in range(3):
        queue(number)
    assert outbox.deliver_due(seconds=0)
    assert not outbox.deliver_due()
    assert sorted(delivered) == [0, 1, 2]


def naive_deliver_due():
    """Read, deliver and save, without a claim."""
    for message in OutboxMessage.objects.due():
        outbox.handlers[message.kind](message)
        message.status, message.sent_at = SENT, timezone.now()
        message.save()


def check_that_each_is_delivered_once(delivered, deliver):
    for number in range(25):
        queue(number)
    slow = outbox.handlers["test"]
    outbox.handlers["test"] = lambda message: (sleep(0.01), slow(message))
    assert not any(at_once(8, deliver))
    assert sorted(delivered) == list(range(25))


def test_8_concurrent_workers_deliver_each_message_once(delivered):
    check_that_each_is_delivered_once(delivered, lambda: outbox.deliver_due(seconds=60))  # on a busy machine
    assert OutboxMessage.objects.filter(status=SENT, attempts=1).count() == 25


def test_naive_workers_deliver_some_messages_twice(delivered):
    with pytest.raises(AssertionError):
        check_that_each_is_delivered_once(delivered, naive_deliver_due)


def test_3_processes_deliver_each_message_once(worker, tmp_path):
    for number in range(60):
        queue(number)
    workers = [worker() for _ in range(3)]
    assert [process.stdout.readline() for process in workers] == ["ready\n"] * 3
    for process in workers:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.stdout.readline() for process in workers] == ["done\n"] * 3
    assert sorted(lines(tmp_path)) == list(range(60))


def test_the_message_of_a_killed_worker_is_delivered_when_its_lease_ends(
    worker, tmp_path, delivered, settings
):
    message = queue(1)
    killed = worker("hang")
    killed.stdin.write("\n")
    killed.stdin.flush()
    assert wait_until(lambda: lines(tmp_path) == [1], 20)
    killed.kill()
    outbox.deliver_due()
    assert delivered == []  # the killed worker still holds the lease
    lease = reloaded(message).next_attempt_at - timezone.now()
    assert timedelta(seconds=60) < lease <= timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)
    make_due(message)
    outbox.deliver_due()
    assert delivered == [1]
    assert (reloaded(message).status, reloaded(message).attempts) == (SENT, 2)


def test_a_worker_that_lost_its_lease_does_not_overwrite_the_next_ones_result(delivered):
    message = queue(1)

    def too_slow(claimed):
        make_due(claimed)
        outbox.handlers["test"] = lambda message: delivered.append(2)
        outbox.deliver_due()
        raise ZeroDivisionError

    outbox.handlers["test"] = too_slow
    outbox.deliver_due()
    assert (reloaded(message).status, reloaded(message).last_error, delivered) == (SENT, "", [2])


def test_a_message_that_kills_its_workers_ends_as_a_dead_letter(delivered, settings):
    message = queue(attempts=settings.OUTBOX_MAX_ATTEMPTS, claimed_by="a killed worker")
    outbox.deliver_due()
    assert (reloaded(message).status, delivered) == (DEAD, [])
    assert reloaded(message).last_error == (
        "LeaseRanOut: The worker ended or took too long at the last attempt."
    )


class TestAFailure:
    def test_is_retried_after_a_pause(self, broken, settings):
        message = queue(1)
        outbox.deliver_due()
        failed = reloaded(message)
        assert (failed.status, failed.attempts, failed.claimed_by) == (PENDING, 1, "")
        pause = (failed.next_attempt_at - timezone.now()).total_seconds()
        assert 0.7 < pause / settings.OUTBOX_BACKOFF_SECONDS < 1.3
        outbox.deliver_due()
        assert broken == [1]

    def test_is_recorded_with_its_type_and_place_but_not_its_text(self, broken, caplog):
        message = queue(1)
        outbox.deliver_due()
        assert reloaded(message).last_error.startswith("Broken in conftest.py, line ")
        assert "test:1 was not delivered at attempt 1: Broken in conftest.py" in caplog.text
        assert "hunter2" not in caplog.text
        assert "customer@example.com" not in caplog.text

    def test_does_not_delay_other_messages(self, broken):
        for number in range(3):
            queue(number)
        outbox.deliver_due()
        assert sorted(broken) == [0, 1, 2]

    def test_is_recorded_for_a_kind_without_a_handler(self, db):
        message = queue(1)
        outbox.deliver_due()
        assert (reloaded(message).status, reloaded(message).last_error[:8]) == (PENDING, "KeyError")

    def test_leads_to_pauses_that_double_up_to_a_limit_and_then_to_a_dead_letter(self, broken, settings):
        settings.OUTBOX_MAX_ATTEMPTS = 14
        message, pauses = queue(1), []
        while (now := reloaded(message)).status == PENDING:
            make_due(message)
            before = timezone.now()
            outbox.deliver_due()
            pauses.append((reloaded(message).next_attempt_at - before).total_seconds())
        assert (now.status, now.attempts, len(broken)) == (DEAD, 14, 14)
        expected = [min(30 * 2**n, 6 * 3600) for n in range(13)]
        assert all(0.7 < pause / planned < 1.3 for pause, planned in zip(pauses, expected, strict=False))

    def test_a_dead_letter_that_is_sent_again_has_all_its_attempts(self, broken, delivered, settings):
        settings.OUTBOX_MAX_ATTEMPTS = 1
        message = queue(1)
        outbox.deliver_due()
        assert reloaded(message).status == DEAD
        outbox.deliver_due()
        assert broken == [1]
        outbox.handlers["test"] = lambda message: delivered.append(2)
        assert outbox.resend(message)
        assert not outbox.resend(message)  # only the first of two clicks does it
        outbox.deliver_due()
        assert (reloaded(message).status, reloaded(message).attempts, delivered[-1]) == (SENT, 1, 2)


def test_the_command_delivers_due_messages_without_redis(delivered, settings):
    settings.REDIS_ENABLED = False
    queue(1)
    call_command("run_due_tasks")
    assert delivered == [1]
