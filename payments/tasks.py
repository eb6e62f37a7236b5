from ecommerce.core.periodic import periodic
from payments import reconciliation, unpaid_orders


@periodic(seconds=60)
def release_expired_holds() -> None:
    reconciliation.release_expired_holds()


@periodic(seconds=60)
def reconcile() -> None:
    reconciliation.reconcile()


@periodic(seconds=3600)
def delete_unpaid_orders() -> None:
    unpaid_orders.delete_unpaid()
    unpaid_orders.delete_old_starts()
