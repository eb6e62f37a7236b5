from ecommerce.core.periodic import periodic
from payments import reconciliation


@periodic(seconds=60)
def release_expired_holds() -> None:
    reconciliation.release_expired_holds()


@periodic(seconds=60)
def reconcile() -> None:
    reconciliation.reconcile()
