"""Create an admin or another member of staff from the command line."""

import getpass
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.serializers import Serializer

from accounts.models import User
from accounts.recovery import services as recovery
from accounts.roles import Role
from accounts.sign_in.serializers import Email, NewAccount, NewPassword
from accounts.users import services as users
from ecommerce.core.db.migrating import refuse_unprepared
from ecommerce.core.errors import DomainError, FieldError


class Command(BaseCommand):
    help = (
        "Create an admin (or other staff with --role), or promote the user with this e-mail (--promote). "
        "The password is read from ADMIN_PASSWORD or, in a terminal, asked for."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        staff = [role.value for role in Role if role != Role.USER]
        parser.add_argument("--role", choices=staff, default=Role.ADMIN.value)
        parser.add_argument(
            "--promote",
            action="store_true",
            help="give an existing account the role and this password, and end all its sessions",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_unprepared()
        email, role = _checked(Email, email=options["email"])["email"], Role(options["role"])
        try:
            if options["promote"]:
                self._promote(email, role)
            else:
                self._create(email, role)
        except FieldError as refusal:
            raise CommandError(f"{refusal.field}: {refusal.message}") from None
        except DomainError as refusal:
            raise CommandError(refusal.message) from None

    def _promote(self, email: str, role: Role) -> None:
        user = User.objects.filter(email=email).first()
        if user is None:
            raise users.UserNotFound
        if user.is_superuser:
            raise users.AlreadyAdmin
        fields = _checked(NewPassword, password=_password())
        recovery.promote(email=email, role=role, **fields)
        self.stdout.write(f"Promoted {email} with the new password; all its sessions are ended.")

    def _create(self, email: str, role: Role) -> None:
        if User.objects.filter(email=email).exists():
            raise CommandError("This e-mail has an account. --promote gives it the role and a new password.")
        fields = _checked(NewAccount, email=email, password=_password())
        user = users.create_user(**fields, role=role)
        self.stdout.write(f"Created the {role.label.lower()} {user.email}.")


def _checked(serializer: type[Serializer[Any]], **fields: str) -> dict[str, Any]:
    """Return the valid fields. Raises CommandError with the first error of each field."""
    form = serializer(data=fields)
    if not form.is_valid():
        raise CommandError(" ".join(f"{field}: {errors[0]}" for field, errors in form.errors.items()))
    return dict(form.validated_data)


def _password() -> str:
    if password := os.environ.get("ADMIN_PASSWORD"):
        return password
    try:
        first, second = getpass.getpass("Password: "), getpass.getpass("Again: ")
    except EOFError:
        raise CommandError("Without a terminal, set ADMIN_PASSWORD.") from None
    if first != second:
        raise CommandError("The two passwords differ.")
    return first
