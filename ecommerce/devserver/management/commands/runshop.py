"""The whole shop for `make run`: the database, the static files, gunicorn and the worker."""

import os
import sys
import time
from contextlib import ExitStack, nullcontext, suppress
from io import TextIOWrapper
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ecommerce.core import shutdown
from ecommerce.devserver import webserver
from ecommerce.devserver.embedded.command_line import leases
from ecommerce.devserver.file_lock import FileLock, wait_until
from ecommerce.devserver.static_build import static_files_built
from ecommerce.devserver.worker import Worker

PUBLISHED_PASSWORD = "admin123"  # the documented default for development; no other password is printed
PREPARING = 5  # seconds that a signal waits for `prepare`, so that the shop stops within 10
STARTING = 60  # seconds until gunicorn must answer


class Command(BaseCommand):
    help = "Run the whole shop: servers where none are given, database, static files, gunicorn."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reload", action="store_true", help="Restart on change (make dev).")

    def handle(self, *args: Any, reload: bool, **options: Any) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)  # also when it is redirected to a file
        lock = FileLock(settings.DATA_DIR / "run" / f"shop-{settings.PORT}.lock")
        # The watcher of a shop that was just killed takes the lock for a moment, too.
        if not wait_until(lock.exclusive, PREPARING):
            raise CommandError(f"A shop on port {settings.PORT} is still running or stopping.")
        with ExitStack() as stack:
            stack.callback(lock.close)
            self.prepare(lock, collect=not reload)
            self.serve(stack, lock, reload=reload)

    def prepare(self, lock: FileLock, *, collect: bool) -> None:
        with static_files_built(lock) if collect else nullcontext():
            self.stdout.write("Preparing the database")
            with shutdown.finish_step_first(PREPARING):
                call_command("prepare", stdout=self.stdout)

    def serve(self, stack: ExitStack, lock: FileLock, *, reload: bool) -> None:
        self.stdout.write(f"Starting gunicorn on port {settings.PORT}")
        worker = Worker(lock, settings.BASE_DIR, self.stdout.write, redis=settings.REDIS_ENABLED)
        server = webserver.WebServer(lock, settings.BASE_DIR, reload=reload)
        stack.callback(server.stop, patience=webserver.GRACE + 1)
        stack.callback(worker.stop, patience=webserver.GRACE)
        stack.callback(self.request_stop, server, worker)
        if not wait_until(lambda: server.has_ended() or server.answers(), STARTING):
            raise CommandError(f"The shop did not answer within {STARTING} s.")
        worker.keep_alive()
        if not server.has_ended():
            self.stdout.write(self.addresses())
        self.watch(server, worker)

    def watch(self, server: webserver.WebServer, worker: Worker) -> None:
        """Keep the worker alive until a signal arrives or `make` is killed.

        Raises CommandError if one of the servers ends.
        """
        make = os.getppid() if "MAKELEVEL" in os.environ else None
        while not server.has_ended():
            for lease in leases:
                if not lease.alive():
                    raise CommandError(f"{lease.service.title} ended by itself; see {lease.files.log}.")
            if make and os.getppid() != make:
                return
            worker.keep_alive()
            time.sleep(0.5)
        raise CommandError(f"gunicorn ended by itself with exit code {server.process.returncode}.")

    def request_stop(self, server: webserver.WebServer, worker: Worker) -> None:
        """Ask both to stop at the same time, so that they take no longer than one of them."""
        with suppress(OSError):  # the terminal may be gone
            self.stdout.write("Stopping")
        server.request_stop()
        worker.request_stop()

    def addresses(self) -> str:
        shop = f"http://localhost:{settings.PORT}/"
        rows = {"Shop": shop, "API docs": f"{shop}docs", "Admin": f"{shop}admin/"}
        rows |= ({"Mails": f"{shop}dev/mails/"} if settings.APP_ENV == "dev" else {}) | sign_in()
        lines = "".join(f"\n  {name:<10}{value}" for name, value in rows.items())
        return f"The shop is open (Ctrl-C stops it):{lines}"


def sign_in() -> dict[str, str]:
    """Return how to sign in to the admin, with the password only if it is the published default."""
    if settings.APP_ENV == "production":
        return {}
    published = settings.DEFAULT_ADMIN_PASSWORD == PUBLISHED_PASSWORD
    password = PUBLISHED_PASSWORD if published else "the DEFAULT_ADMIN_PASSWORD you chose"
    return {"Sign in": f"{settings.DEFAULT_ADMIN_EMAIL} / {password}"}
