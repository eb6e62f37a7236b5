"""Mark the entries that staff wrote before the mark existed, by the history of their roles in the same log."""

from typing import Any

from bson import ObjectId
from django.db import migrations, models

ROLES = {"action": "user.set_role"}


def mark_entries_of_staff(apps: Any, schema_editor: Any) -> None:
    entries = schema_editor.connection.database["audit_entries"]
    for account in entries.distinct("object_id", ROLES):
        since = None
        for change in entries.find({**ROLES, "object_id": account}).sort("at"):
            since = since or change["at"]
            if change["after"].get("role") == "user":
                _mark(entries, account, {"$gte": since, "$lte": change["at"]})
                since = None
        if since is not None:
            _mark(entries, account, {"$gte": since})


def _mark(entries: Any, account: str, period: dict[str, Any]) -> None:
    of_actor = {"actor_id": ObjectId(account), "at": period}
    entries.update_many(of_actor, {"$set": {"by_staff": True}})


class Migration(migrations.Migration):
    dependencies = [("ecommerce", "0002_indexes")]
    operations = [
        migrations.AddField("auditentry", "by_staff", models.BooleanField(default=False)),
        migrations.RunPython(mark_entries_of_staff, migrations.RunPython.noop),
    ]
