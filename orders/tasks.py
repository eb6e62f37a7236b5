from datetime import timedelta

from django.conf import settings

from ecommerce.core.periodic import periodic
from orders import abandoned_accounts, co_purchases, services


@periodic(seconds=300)
def cancel_unpaid_orders() -> None:
    services.cancel_unpaid(older_than=timedelta(hours=settings.ORDER_PAYMENT_DEADLINE_HOURS))


@periodic(seconds=6 * 3600)
def delete_abandoned_accounts() -> None:
    abandoned_accounts.delete_abandoned()


@periodic(seconds=600)
def learn_demand() -> None:
    co_purchases.learn_demand()
