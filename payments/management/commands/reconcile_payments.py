from typing import Any

from django.core.management.base import BaseCommand

from payments import reconciliation


class Command(BaseCommand):
    help = (
        "Release expired holds, ask the provider about unsettled payments, send refunds that are due. Once."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        reconciliation.release_expired_holds()
        reconciliation.reconcile()
