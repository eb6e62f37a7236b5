"""Another admin, or another member of staff, from the command line."""

import getpass
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.roles import Role
from accounts.sign_in.serializers import Email, NewAccount
from accounts.users import services as users
from ecommerce.core.db.migrating import refuse_unprepared
from ecommerce.core.errors import FieldError


class Command(BaseCommand):
    help = (
        "Create an admin (with --role other staff), or promote the user who has this e-mail. "
        "The password is asked for; without a terminal it is read from ADMIN_PASSWORD."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        staff = [role.value for role in Role if role != Role.USER]
        parser.add_argument("--role", choices=staff, default=Role.ADMIN.value)

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_unprepared()
        email, role = _checked(Email, email=options["email"])["email"], Role(options["role"])
        user = User.objects.filter(email=email).first()
        try:
            if user:
                self._promote(user, role)
            else:
                self._create(email, role)
        except FieldError as refusal:
            raise CommandError(f"{refusal.field}: {refusal.message}") from None

    def _promote(self, user: User, role: Role) -> None:
        if user.role == Role.ADMIN:
            raise CommandError(users.AlreadyAdmin.message)
        users.set_role(email=user.email, role=role)
        self.stdout.write(f"Promoted {user.email}; the password stays as it was.")

    def _create(self, email: str, role: Role) -> None:
        given = _checked(NewAccount, email=email, password=_password())
        user = users.create_user(**given, role=role)
        self.stdout.write(f"Created the {role.label.lower()} {user.email}.")


def _checked(serializer: type[Email], **fields: str) -> dict[str, Any]:
    given = serializer(data=fields)
    if not given.is_valid():
        raise CommandError(" ".join(f"{field}: {errors[0]}" for field, errors in given.errors.items()))
    return dict(given.validated_data)


def _password() -> str:
    if given := os.environ.get("ADMIN_PASSWORD"):
        return given
    try:
        first, second = getpass.getpass("Password: "), getpass.getpass("Again: ")
    except EOFError:
        raise CommandError("Set ADMIN_PASSWORD where nobody can be asked.") from None
    if first != second:
        raise CommandError("The two passwords differ.")
    return first
