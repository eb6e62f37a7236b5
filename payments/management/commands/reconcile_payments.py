from typing import Any

from django.core.management.base import BaseCommand

from payments import reconciliation


class Command(BaseCommand):
    help = "Release expired holds, refresh unsettled payments, and send outstanding refunds, once."

    def handle(self, *args: Any, **options: Any) -> None:
        reconciliation.release_expired_holds()
        reconciliation.reconcile()
