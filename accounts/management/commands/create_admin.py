"""Another admin, from the command line."""

import getpass
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from accounts.models import User
from accounts.serializers import Email, NewAccount
from ecommerce.lib.errors import FieldError
from ecommerce.lib.migrating import refuse_unprepared


class Command(BaseCommand):
    help = (
        "Create an admin, or promote the user who has this e-mail. The password is asked for; "
        "without a terminal it is read from ADMIN_PASSWORD."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_unprepared()
        email = _checked(Email, email=options["email"])["email"]
        if User.objects.filter(email=email).exists():
            self._promote(email)
        else:
            self._create(email)

    def _promote(self, email: str) -> None:
        try:
            user = services.promote_to_admin(email=email)
        except services.AlreadyAdmin as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write(f"Promoted {user.email}; the password stays as it was.")

    def _create(self, email: str) -> None:
        given = _checked(NewAccount, email=email, password=_password())
        try:
            user = services.make_user(**given, role=User.Role.ADMIN)
        except FieldError as refusal:
            raise CommandError(f"{refusal.field}: {refusal.message}") from None
        self.stdout.write(f"Created the admin {user.email}.")


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
