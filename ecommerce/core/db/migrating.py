"""Protection of migrations against being interrupted, and against rows that were written before them.

MongoDB creates collections outside of transactions, and this backend's CreateModel fails if the collection
exists: a process killed in its first migration would leave a database that no later start can migrate.
"""

from collections.abc import Iterator

from django.core.management.base import CommandError
from django.db.migrations import CreateModel
from django.db.migrations.executor import MigrationExecutor
from django.db.models import ManyToManyField

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
