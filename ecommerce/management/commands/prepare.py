"""Preparation of the database: migrations, groups, search terms, the first admin and sample products."""

import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from pymongo.errors import ConnectionFailure

from accounts.groups import ensure_groups
from accounts.users.services import ensure_default_admin
from catalog.samples import seed_samples
from catalog.search.indexing import store_terms
from ecommerce.core.db import connection
from ecommerce.core.db.lease import lease
from ecommerce.core.db.migrating import clear_half_made_collections

WAIT_S = 60


class Command(BaseCommand):
    help = (
        "Wait for MongoDB, migrate, and seed the first admin and the sample products. "
        "Safe to run at every start and by several processes at once."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self._wait_for_mongodb()
        with lease("prepare"):
            self._say("Migrating the database")
            clear_half_made_collections()
            call_command("migrate", verbosity=0, interactive=False)
            ensure_groups()
            self._store_search_terms()
            self._seed_admin()
            self._seed_samples()

    def _wait_for_mongodb(self) -> None:
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                return self._check_mongodb()
            except ConnectionFailure:
                if time.monotonic() > deadline:
                    raise CommandError(f"MongoDB did not answer for {WAIT_S} s.") from None
                self._say("Waiting for MongoDB")
                time.sleep(1)

    def _check_mongodb(self) -> None:
        connection.ensure_connection()
        hello = connection.connection.admin.command("hello")
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            raise CommandError(
                "This MongoDB is a standalone server, and orders need transactions. Start mongod with "
                "--replSet rs0 and run rs.initiate() once in mongosh."
            )

    def _store_search_terms(self) -> None:
        if stored := store_terms():
            self._say(f"Made {stored} products ready for the search")

    def _seed_admin(self) -> None:
        if settings.CREATE_DEFAULT_ADMIN and ensure_default_admin(
            email=settings.DEFAULT_ADMIN_EMAIL, password=settings.DEFAULT_ADMIN_PASSWORD
        ):
            self._say(f"Created the admin {settings.DEFAULT_ADMIN_EMAIL}")

    def _seed_samples(self) -> None:
        if settings.SEED_SAMPLE_PRODUCTS and (made := seed_samples()):
            self._say(f"Created {made} sample products")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
