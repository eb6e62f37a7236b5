"""Does the database keep every promise about money and stock?"""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

import accounts.invariants
import cart.invariants
import catalog.invariants
import ecommerce.core.invariants
import orders.invariants
import payments.invariants

CHECKS = (
    accounts.invariants.violations,
    catalog.invariants.violations,
    cart.invariants.violations,
    orders.invariants.violations,
    payments.invariants.violations,
    ecommerce.core.invariants.violations,
)


class Command(BaseCommand):
    help = "Check every invariant of the stored data; exit 1 and name each violation."

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(_violations())
        for violation in found:
            self.stderr.write(violation)
        if found:
            raise CommandError(f"{len(found)} violations.")
        self.stdout.write("No violations.")


def _violations() -> Iterator[str]:
    for check in CHECKS:
        yield from check()
