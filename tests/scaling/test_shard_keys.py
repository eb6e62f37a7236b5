"""docs/scaling.md says how each collection would be sharded, and what becomes of its unique indexes."""

import re

from django.apps import apps
from django.db.models import Model
from django_mongodb_backend.models import EmbeddedModel

from tests.scaling.tables import PAGE, rows

APPS = ("ecommerce.core", "accounts", "catalog", "cart", "orders", "payments")
NOT_SHARDED = "none"


def documented() -> dict[str, list[str]]:
    """Return the cells of each collection; a row may name several."""
    table = rows(PAGE, "collection |")
    return {name: cells for names, cells in table.items() for name in re.findall(r"`(\w+)`", names)}


def unique_indexes(model: type[Model]) -> list[list[str]]:
    """Return the columns of each unique index but that of `_id`."""
    meta = model._meta
    single = [[field.column] for field in meta.concrete_fields if field.unique and not field.primary_key]
    constraints = [constraint.fields for constraint in meta.total_unique_constraints]
    return single + [[meta.get_field(name).column for name in names] for names in constraints]


def models() -> list[type[Model]]:
    ours = [app for app in apps.get_app_configs() if app.name in APPS]
    every = [model for app in ours for model in app.get_models()]
    return [model for model in every if not issubclass(model, EmbeddedModel)]


def test_every_collection_has_a_row():
    assert documented().keys() == {model._meta.db_table for model in models()}


def test_every_unique_index_stays_or_is_replaced():
    cells, wrong = documented(), []
    for model in models():
        _, shard_key, fate = cells[model._meta.db_table]
        for columns in unique_indexes(model):
            survives = shard_key == NOT_SHARDED or columns[0] == shard_key.strip("`")
            said = "all" if shard_key == NOT_SHARDED else f"`{', '.join(columns)}`"
            if not re.search(rf"{said} {'stays?' if survives else 'goes'}", fate):
                wrong.append((model._meta.db_table, columns, shard_key))
    assert not wrong
