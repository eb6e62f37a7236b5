"""Pay orders in processes that kill themselves.

    python -m tests.faults.payer ADDRESS_OF_THE_STAND_IN

Each line of the input is a job. Each job runs in a fork, so that a kill does not require another start of
Django. The fork counts its kill points (before and after every call of the provider and every commit) and
kills itself at one of them: immediately, or some milliseconds later, in the middle of the next step.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen

import django

django.setup()

import stripe  # noqa: E402
from bson import ObjectId  # noqa: E402
from django.conf import settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from catalog import stock  # noqa: E402
from ecommerce.core.db import transactions  # noqa: E402
from ecommerce.core.db.status_transitions import transition  # noqa: E402
from orders.models import TRANSITIONS, Order  # noqa: E402
from payments import provider_sync, refunds  # noqa: E402
from payments.gateways import base, gateway  # noqa: E402
from payments.gateways import stripe as stripe_gateway  # noqa: E402
from payments.models import Payment  # noqa: E402
from payments.sale_lines import sale_lines  # noqa: E402
from payments.start import start_payment  # noqa: E402
from tests.payments.conftest import use_standin  # noqa: E402

CLIENT_TRIES = 3


class Killer:
    """Counts the kill points that this process passes, and kills it at one of them."""

    def __init__(self, at: int, delay_ms: float) -> None:
        self.at, self.delay_ms, self.passed = at, delay_ms, 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.at and self.delay_ms:
            threading.Timer(self.delay_ms / 1000, die).start()
        elif self.passed == self.at:
            die()

    def around(self, owner: Any, name: str) -> None:
        """Make the start and the end of a function kill points."""
        call = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.point()
            result = call(*args, **kwargs)
            self.point()
            return result

        setattr(owner, name, counted)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def with_retries(step: Any) -> Any:
    """Repeat a step a few times while the provider does not answer, as a client does."""
    for _ in range(CLIENT_TRIES - 1):
        with suppress(base.GatewayUnavailable):
            return step()
    return step()


def customer_pays(reference: str) -> None:
    urlopen(
        Request(f"{settings.STRIPE_API_BASE}/customer/pays/{reference}", method="POST"), timeout=120
    ).close()


def pay_with_shop(order: Order, plan: str) -> None:
    payment, _ = with_retries(lambda: start_payment(order, key=f"key-{order.pk}"))
    if plan == "leave":
        return
    customer_pays(payment.reference)
    if plan == "cancel":
        transition(Order.objects.filter(pk=order.pk), Order.Status.CANCELED, TRANSITIONS)
    with_retries(lambda: provider_sync.refresh(payment))
    if plan in ("partial", "full"):
        amount = Decimal("10.01") if plan == "partial" else None
        refund = refunds.refund_order(
            order=order, key=f"refund-{order.pk}", amount=amount, restock=plan == "full"
        )
        with_retries(lambda: refunds.send(refund))


def pay_naively(order: Order, plan: str) -> None:
    """Call the provider first and store the payment afterwards; a kill in between loses the money."""
    pk = ObjectId()
    fields: dict[str, Any] = {"amount": order.total, "currency": order.currency, "expires_at": timezone.now()}
    row = SimpleNamespace(pk=pk, order=order, return_url="https://x/", cancel_url="https://x/", **fields)
    row.expires_at += timedelta(minutes=35)
    row.reference = gateway("stripe").start(row).reference
    customer_pays(row.reference)
    state = gateway("stripe").retrieve(row)

    def write() -> None:
        transition(Order.objects.filter(pk=order.pk), Order.Status.PAID, TRANSITIONS, payment=pk)
        stock.sell(sale_lines(order), order=order.pk)
        captured = {"received": state.amount, "received_currency": state.currency, "status": "captured"}
        Payment.objects.create(
            pk=pk, order=order, gateway="stripe", paid_order=True, charge=state.charge, **fields, **captured
        )

    transactions.run_tx(write)


def run(job: dict[str, Any]) -> None:
    """Pay an order and kill this process at the planned point."""
    random.seed()
    killer = Killer(job["kill_at"], job["delay_ms"])
    killer.around(stripe.RequestsClient, "request")
    killer.around(transactions, "_commit")
    order = Order.objects.get(pk=ObjectId(job["order"]))
    pay = pay_naively if job["naive"] else pay_with_shop
    pay(order, job["plan"])
    if killer.passed >= killer.at:
        time.sleep(killer.delay_ms / 1000)  # until the timer kills this process


def main() -> None:
    use_standin(settings, sys.argv[1])
    stripe_gateway.RETRIES = 0
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            with suppress(base.GatewayUnavailable):
                run(json.loads(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
