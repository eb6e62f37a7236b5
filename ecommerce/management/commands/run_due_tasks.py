"""The periodic tasks without a Celery worker: for cron, and for a shop without Redis."""

import logging
import time
from typing import Any

from django.apps import apps as django_apps
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ecommerce.celery import app
from ecommerce.core import shutdown
from ecommerce.core.periodic import intervals

logger = logging.getLogger("shop.tasks")
PATIENCE = 8  # seconds that a signal waits, so that a delivery is recorded


class Command(BaseCommand):
    help = (
        "Run every periodic task once (or, with --every, again and again): mails, expired orders and so on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="Repeat with this pause between.")

    def handle(self, *args: Any, every: float | None, **options: Any) -> None:
        app.autodiscover_tasks(force=True)
        while every:
            run_all()
            time.sleep(every)
        if failed := run_all():
            raise CommandError(f"These failed: {', '.join(failed)}.")


def run_all() -> list[str]:
    """Run every task, even if others fail; return the names of those that failed."""
    with shutdown.finish_step_first(PATIENCE):
        return [name for name in names_in_order() if not _succeeds(name)]


def names_in_order() -> list[str]:
    """Return the names of all tasks, those of the highest app first.

    So an order can be canceled in the same run in which its payment expires, and the outbox, which belongs to
    the lowest app, delivers the mails of all other tasks.
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
