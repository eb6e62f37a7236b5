"""Migrations that survive being killed, and nothing written before them.

MongoDB makes a collection outside any transaction, and this backend's CreateModel fails where the
collection is already there: a process killed in its first migration would leave a database that no
later start can migrate.
"""

from collections.abc import Iterator

from django.core.management.base import CommandError
from django.db.migrations import CreateModel
from django.db.migrations.executor import MigrationExecutor
from django.db.models import ManyToManyField

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
    """Yield the collections of every model that an unapplied migration creates, renamed later or not."""
    executor = MigrationExecutor(connection)
    for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes()):
        for operation in migration.operations:
            if isinstance(operation, CreateModel):
                yield from _collections_of(migration.app_label, operation)


def _collections_of(app_label: str, operation: CreateModel) -> Iterator[str]:
    name = operation.options.get("db_table") or f"{app_label}_{operation.name_lower}"
    yield name
    for field_name, field in operation.fields:
        if isinstance(field, ManyToManyField):
            yield field.db_table or f"{name}_{field_name}"  # type: ignore[attr-defined]
