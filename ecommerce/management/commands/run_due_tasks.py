"""The worker's periodic tasks without Celery and Redis: for cron, and for a shop that has no Redis."""

import logging
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ecommerce.celery import PERIODIC_S, app
from ecommerce.lib import shutdown

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
    """The names of those that failed; each runs whatever became of the others."""
    with shutdown.deferred(PATIENCE):
        return [name for name in PERIODIC_S if not _succeeds(name)]


def _succeeds(name: str) -> bool:
    try:
        app.tasks[name]()
    except Exception:
        logger.exception("%s failed.", name)
        return False
    return True
