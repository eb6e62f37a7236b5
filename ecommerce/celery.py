"""The worker and its timetable. Which work there is stands in MongoDB; Redis only says when to look.

So a lost or doubled message does no harm, results are not kept, and the timetable needs no file.
`celery -A ecommerce worker --beat` runs both; several workers and several beats may run at once.
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
    # Apart from the cache's keys, which begin with `ecommerce:`.
    broker_transport_options={"global_keyprefix": "celery:", "socket_connect_timeout": 2},
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    # Below OUTBOX_LEASE_SECONDS: a row is never given to another worker while its handler may still run.
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
    """Put what the apps declared on the timetable. The tasks are imported by now: see the line above."""
    app.conf.beat_schedule = {
        task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
        for task, seconds in intervals.items()
    }


# Its reason to warn of root is pickle, which is not accepted here.
warnings.simplefilter("ignore", SecurityWarning)


@setup_logging.connect
def keep_the_shops_logging(**_: Any) -> None:
    """As settings.LOGGING has it: without this Celery would replace it, and its redaction of secrets."""
