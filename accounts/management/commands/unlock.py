"""Unlock an account from the command line, for an admin whom a stranger's failures keep out."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.users import services as users
from ecommerce.core.db.migrating import refuse_unprepared


class Command(BaseCommand):
    help = "Clear the failed sign-ins of the account with this e-mail, so that its password is checked again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_unprepared()
        try:
            user = users.unlock_email(options["email"])
        except users.UserNotFound as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write(f"Unlocked {user.email}.")
