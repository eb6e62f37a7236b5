"""docs/retention.md has a row for each collection, and names tasks that exist."""

import re

from django.apps import apps
from django_mongodb_backend.models import EmbeddedModel

from ecommerce.celery import app
from ecommerce.core.periodic import intervals
from tests.runshop.shop import ROOT

ROW = re.compile(r"^\| (`[^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "retention.md").read_text())
DOCUMENTED = {name for row in ROWS for name in re.findall(r"`(\w+)`", row[0])}
RAW = re.compile(r'database\["(\w+)"\]')
TASK = re.compile(r"`([\w.]+\.tasks\.\w+)`")


def test_every_model_has_a_row_and_every_row_a_model_or_a_reason():
    models = [
        model for model in apps.get_models(include_auto_created=True) if not issubclass(model, EmbeddedModel)
    ]
    assert DOCUMENTED - {"locks", "django_migrations"} == {model._meta.db_table for model in models}


def test_every_collection_that_is_no_model_has_a_row():
    apps_of_ours = [
        ROOT / name for name in ("accounts", "cart", "catalog", "ecommerce", "orders", "payments")
    ]
    sources = [file.read_text() for folder in apps_of_ours for file in folder.rglob("*.py")]
    named = {name for source in sources for name in RAW.findall(source)}
    assert "locks" in named
    assert named - DOCUMENTED == set()


def test_the_named_tasks_run_periodically():
    app.autodiscover_tasks(force=True)
    named = {task for row in ROWS for task in TASK.findall(row[3])}
    assert len(named) > 5
    assert named - set(intervals) - {"orders.tasks.learn_demand"} == set()


def test_the_table_names_what_removes_the_rows_that_anyone_can_cause():
    for names, who, _much, removed_by in ROWS:
        if re.search("any|guest|buyer|users|customer", who):
            assert TASK.search(removed_by) or removed_by.startswith(
                ("their owner", "with the order", "those of")
            ), names
