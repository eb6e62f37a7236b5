"""Migrations that survive being killed, and nothing written before them.

MongoDB makes a collection outside any transaction, and this backend's CreateModel fails where the
collection is already there: a process killed in its first migration would leave a database that no
later start can migrate.
"""

from collections.abc import Iterator

from django.core.management.base import CommandError
from django.db.migrations import CreateModel
from django.db.migrations.executor import MigrationExecutor

from ecommerce.core.db import connection


def refuse_unprepared() -> None:
    """For a command that writes: rows from before the migrations are unguarded and keep them from running."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not prepared: run `manage.py prepare` first.")


def clear_half_made_collections() -> None:
    """Drop what unapplied migrations are about to make, where it is there and empty."""
    database = connection.database
    for name in set(_to_be_made()) & set(database.list_collection_names()):
        if database[name].find_one() is None:
            database[name].drop()


def _to_be_made() -> Iterator[str]:
    """The collections of every model that an unapplied migration creates."""
    executor = MigrationExecutor(connection)
    plan = [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    state = executor.loader.project_state([(each.app_label, each.name) for each in plan])
    for migration in plan:
        for operation in migration.operations:
            if isinstance(operation, CreateModel):
                model = state.apps.get_model(migration.app_label, operation.name)
                yield model._meta.db_table
                yield from (field.m2m_db_table() for field in model._meta.local_many_to_many)
