"""Django's groups, made from the table of roles for whoever looks for them.

Nobody edits them and nobody is put into one: what an account may do follows from its role.
"""

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

from accounts.roles import Role, permissions_of


def ensure_groups() -> None:
    """A group for each role of staff, with its permissions; `admin` has all. Repeated it changes nothing.

    Django makes the rows of permissions only after all migrations, and a migration runs this: so they are
    made here.
    """
    for app in apps.get_app_configs():
        create_permissions(app, verbosity=0)
    rows = Permission.objects.select_related("content_type")
    known = {f"{row.content_type.app_label}.{row.codename}": row for row in rows}
    for role in (Role.SUPPORT, Role.MANAGER, Role.ADMIN):
        group, _made = Group.objects.get_or_create(name=role.value)
        group.permissions.set(
            [known[name] for name in (known if role == Role.ADMIN else permissions_of(role))]
        )
