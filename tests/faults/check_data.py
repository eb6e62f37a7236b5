"""Check a shop's data in a process of its own: `python -m tests.faults.check_data [LEDGER]`."""

import sys
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from tests.payments.helpers import assert_money_adds_up  # noqa: E402
from tests.payments.stripe_standin import Standin  # noqa: E402

if __name__ == "__main__":
    call_command("fsck")
    if ledgers := sys.argv[1:]:
        assert_money_adds_up(Standin(Path(ledgers[0])))
