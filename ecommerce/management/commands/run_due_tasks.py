"""The worker's periodic tasks without Celery and Redis: for cron, and for a shop that has no Redis."""

import logging
import time
from typing import Any

from django.apps import apps as django_apps
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ecommerce.celery import app
from ecommerce.core import shutdown
from ecommerce.core.periodic import intervals

logger = logging.getLogger("shop.tasks")
PATIENCE = 8  # seconds that a signal waits, rather than cut a delivery off before its record


class Command(BaseCommand):
    help = (
        "Run every periodic task once (or, with --every, again and again): mails, expired orders and so on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="Go on, with this pause between.")

    def handle(self, *args: Any, every: float | None, **options: Any) -> None:
        app.autodiscover_tasks(force=True)
        while every:
            run_all()
            time.sleep(every)
        if failed := run_all():
            raise CommandError(f"These failed: {', '.join(failed)}.")


def run_all() -> list[str]:
    """Run every task, whatever becomes of the others; return the names of those that failed."""
    with shutdown.finish_step_first(PATIENCE):
        return [name for name in in_order() if not _succeeds(name)]


def in_order() -> list[str]:
    """From the highest app down: an order is free to be canceled once its payment has expired.

    The outbox is the ground's, so the mails of all the others are delivered in the same run.
    """
    apps = [config.name for config in django_apps.get_app_configs()]
    by_app = {app: [name for name in intervals if name.startswith(f"{app}.tasks.")] for app in apps}
    return [name for app in reversed(apps) for name in by_app[app]]


def _succeeds(name: str) -> bool:
    try:
        app.tasks[name]()
    except Exception:
        logger.exception("%s failed.", name)
        return False
    return True
