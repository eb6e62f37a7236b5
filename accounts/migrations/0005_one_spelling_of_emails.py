"""Store every e-mail in its one spelling: domains with other than ASCII letters are encoded by IDNA.

Of two accounts whose e-mails are the same then, the one in the old spelling stays as it is, and is named here
and by `fsck`: nothing is merged, and an admin can give it another e-mail.
"""

import sys
from typing import Any

from django.db import migrations

from ecommerce.core.text.emails import as_stored


def respell(apps: Any, schema_editor: Any) -> None:
    users = schema_editor.connection.database["users"]
    for user in users.find({"email": {"$regex": "[^\\x00-\\x7f]"}}, {"email": 1}):
        spelling = as_stored(user["email"])
        if spelling == user["email"]:
            continue
        if users.count_documents({"email": spelling}, limit=1):
            sys.stderr.write(f"Two accounts have the e-mail {spelling}: {user['_id']} stays unchanged.\n")
        else:
            users.update_one({"_id": user["_id"]}, {"$set": {"email": spelling}})


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_mailed_links_of_an_email")]
    operations = [migrations.RunPython(respell, migrations.RunPython.noop)]
