"""The Celery app: the worker and its schedule.

MongoDB holds the work to do, and Redis only tells when to look for it. So a lost or repeated message does no
harm, results are not stored, and the schedule needs no file. `celery -A ecommerce worker --beat` runs both;
several workers and several beats may run at once.
"""

import os
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import import_modules, setup_logging
from django.conf import settings

from ecommerce.core.periodic import intervals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecommerce.settings")

app = Celery("ecommerce")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Separates its keys from those of the cache, which begin with `ecommerce:`.
    broker_transport_options={"global_keyprefix": "celery:", "socket_connect_timeout": 2},
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    # Below OUTBOX_LEASE_SECONDS: no other worker claims a message while its handler may still run.
    task_soft_time_limit=60,
    task_time_limit=90,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    beat_scheduler="celery.beat:Scheduler",
)
app.autodiscover_tasks()


@import_modules.connect(weak=False)
def schedule_periodic_tasks(**_: Any) -> None:
    """Schedule the tasks of all apps, which `autodiscover_tasks` has imported by now."""
    app.conf.beat_schedule = {
        task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
        for task, seconds in intervals.items()
    }


# Celery warns of running as root because of pickle, which is not accepted here.
warnings.simplefilter("ignore", SecurityWarning)


@setup_logging.connect
def keep_the_shops_logging(**_: Any) -> None:
    """Keep settings.LOGGING: without this receiver Celery would replace it, and the redaction of secrets."""
