"""Django's groups of the roles, with their permissions."""

from typing import Any

from django.db import migrations


def make_groups(apps: Any, schema_editor: Any) -> None:
    from accounts.groups import ensure_groups

    ensure_groups()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0001_initial"),
        ("contenttypes", "0001_initial"),
    ]
    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
