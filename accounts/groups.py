"""Django's groups, derived from the roles.

They are for information only: an account has no groups of its own, its permissions follow from its role.
"""

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

from accounts.roles import Role, permissions_of


def ensure_groups() -> None:
    """Create a group with its permissions for each role of staff; idempotent.

    Django creates the permissions only after all migrations, but a migration calls this function, so it
    creates them itself.
    """
    for app in apps.get_app_configs():
        create_permissions(app, verbosity=0)
    rows = Permission.objects.select_related("content_type")
    by_name = {f"{row.content_type.app_label}.{row.codename}": row for row in rows}
    for role in (Role.SUPPORT, Role.MANAGER, Role.ADMIN):
        group, _created = Group.objects.get_or_create(name=role.value)
        names = by_name if role == Role.ADMIN else permissions_of(role)
        group.permissions.set([by_name[name] for name in names])
