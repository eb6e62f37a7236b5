"""Check of the stored data, of money and stock above all."""

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
        violations = [violation for check in CHECKS for violation in check()]
        for violation in violations:
            self.stderr.write(violation)
        if violations:
            raise CommandError(f"{len(violations)} violations.")
        self.stdout.write("No violations.")
