from typing import Any

from django.core.management.base import BaseCommand

from payments import reconciling


class Command(BaseCommand):
    help = (
        "Release expired holds, ask the provider about unsettled payments, send refunds that are due. Once."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        reconciling.release_expired_holds()
        reconciling.reconcile()
