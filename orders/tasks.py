from datetime import timedelta

from django.conf import settings

from ecommerce.celery import app
from orders import baskets, services


@app.task
def cancel_unpaid_orders() -> None:
    services.cancel_unpaid(older_than=timedelta(hours=settings.ORDER_PAYMENT_DEADLINE_HOURS))


@app.task
def learn_demand() -> None:
    baskets.learn_demand()
