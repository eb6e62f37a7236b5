"""Real Celery workers. The work is stored in MongoDB, so losing Redis loses nothing."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from ecommerce.celery import app
from ecommerce.core.models import OutboxMessage
from ecommerce.core.periodic import intervals
from ecommerce.devserver.file_lock import wait_until
from ecommerce.devserver.worker import CELERY
from payments.services import confirm
from tests.outbox.conftest import SENT
from tests.runshop.shop import ROOT
from tests.support import factories
from tests.support.valkey import Valkey

pytestmark = pytest.mark.django_db


@pytest.fixture
def redis(tmp_path):
    folder = tmp_path / "redis"
    folder.mkdir()
    server = Valkey(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def workers(tmp_path, redis):
    """Two workers, each with its own beat."""
    variables = {"REDIS_URL": redis.url, "OUTBOX_INTERVAL_SECONDS": "1", "DATA_DIR": str(tmp_path)}
    environment = os.environ | variables | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, *CELERY]
    started = [subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True) for _ in range(2)]
    yield started
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def pay(customer, product):
    order = factories.order(customer, (product, 1))
    confirm(order, outcome="success", by=customer)


def all_sent():
    return not OutboxMessage.objects.exclude(status=SENT).exists()


def test_no_mail_is_lost_when_redis_loses_all_its_data(customer, product, workers, redis, tmp_path, fsck):
    pay(customer, product)
    assert wait_until(all_sent, 30)
    redis.stop()
    shutil.rmtree(tmp_path / "redis" / "appendonlydir")
    for _ in range(3):
        pay(customer, product)
    assert not all_sent()
    redis.start()
    assert wait_until(all_sent, 30)
    assert OutboxMessage.objects.filter(attempts=1).count() == len(list(tmp_path.glob("mails/*.eml"))) == 4
    fsck()


def test_every_periodic_task_of_every_app_is_scheduled():
    app.loader.import_default_modules()
    assert len(intervals) == 10
    assert set(intervals) <= set(app.tasks)
    assert set(app.conf.beat_schedule) == set(intervals)


def test_a_lease_outlives_every_task(settings):
    """Otherwise two workers could deliver a message at the same time."""
    assert app.conf.task_time_limit + settings.EMAIL_TIMEOUT < settings.OUTBOX_LEASE_SECONDS


def test_only_json_is_accepted():
    assert app.conf.accept_content == ["json"]
