"""Protection of migrations against being interrupted, and against rows that were written before them.

MongoDB creates collections outside of transactions, and this backend's CreateModel fails if the collection
exists: a process killed in its first migration would leave a database that no later start can migrate.
"""

from collections.abc import Iterator

from django.core.management.base import CommandError
from django.db.migrations import CreateModel
from django.db.migrations.executor import MigrationExecutor

from ecommerce.core.db import connection


def refuse_unprepared() -> None:
    """Raise CommandError if migrations are missing. For commands that write.

    Rows written before the migrations have no unique indexes, and keep CreateModel from running.
    """
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not prepared: run `manage.py prepare` first.")


def clear_half_made_collections() -> None:
    """Drop the empty collections that unapplied migrations are about to create."""
    database = connection.database
    for name in set(_collections_to_create()) & set(database.list_collection_names()):
        if database[name].find_one() is None:
            database[name].drop()


def _collections_to_create() -> Iterator[str]:
    """Yield the collections of every model that an unapplied migration creates."""
    executor = MigrationExecutor(connection)
    plan = [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    state = executor.loader.project_state([(each.app_label, each.name) for each in plan])
    for migration in plan:
        for operation in migration.operations:
            if isinstance(operation, CreateModel):
                model = state.apps.get_model(migration.app_label, operation.name)
                yield model._meta.db_table
                yield from (field.m2m_db_table() for field in model._meta.local_many_to_many)
