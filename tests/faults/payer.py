"""Pay orders in processes that are killed: `python -m tests.faults.payer ADDRESS_OF_THE_STAND-IN`.

Each line of the input is a job. A fork does it, so that Django need not start again after a kill. The fork
counts its points (before and after every call of the provider and every commit) and kills itself at one of
them: at once, or some milliseconds later, in the middle of the next step.
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
from ecommerce.core.db.status import transition  # noqa: E402
from orders.models import TRANSITIONS, Order  # noqa: E402
from payments import provider_sync, refunds  # noqa: E402
from payments.gateways import base, gateway  # noqa: E402
from payments.gateways import stripe as stripe_gateway  # noqa: E402
from payments.models import Payment  # noqa: E402
from payments.sale_lines import lines_of  # noqa: E402
from payments.start import start_payment  # noqa: E402
from tests.payments.conftest import use  # noqa: E402

CLIENT_TRIES = 3


class Killer:
    """Kills this process at a point, or some milliseconds after it."""

    def __init__(self, at: int, delay_ms: float) -> None:
        self.at, self.delay_ms, self.passed = at, delay_ms, 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.at and self.delay_ms:
            threading.Timer(self.delay_ms / 1000, die).start()
        elif self.passed == self.at:
            die()

    def around(self, owner: Any, name: str) -> None:
        """Count a point before and after every call of the named function."""
        call = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.point()
            result = call(*args, **kwargs)
            self.point()
            return result

        setattr(owner, name, counted)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def retried(step: Any) -> Any:
    """Run the step again if the provider does not answer, a few times, as a client does."""
    for _ in range(CLIENT_TRIES - 1):
        with suppress(base.GatewayUnavailable):
            return step()
    return step()


def customer_pays(reference: str) -> None:
    urlopen(
        Request(f"{settings.STRIPE_API_BASE}/customer/pays/{reference}", method="POST"), timeout=120
    ).close()


def properly(order: Order, plan: str) -> None:
    """Pay the order with the shop's own code, and do what the plan says."""
    payment, _ = retried(lambda: start_payment(order=order, key=f"key-{order.pk}"))
    if plan == "leave":
        return
    customer_pays(payment.reference)
    if plan == "cancel":
        transition(Order.objects.filter(pk=order.pk), Order.Status.CANCELED, TRANSITIONS)
    retried(lambda: provider_sync.refresh(payment))
    if plan in ("partial", "full"):
        amount = Decimal("10.01") if plan == "partial" else None
        due = refunds.refund_order(
            order=order, key=f"refund-{order.pk}", amount=amount, restock=plan == "full"
        )
        retried(lambda: refunds.send(due))


def naively(order: Order, plan: str) -> None:
    """Call the provider first and write the row afterwards, so that a kill in between loses the payment."""
    pk = ObjectId()
    fields: dict[str, Any] = {"amount": order.total, "currency": order.currency, "expires_at": timezone.now()}
    row = SimpleNamespace(pk=pk, order=order, return_url="https://x/", cancel_url="https://x/", **fields)
    row.expires_at += timedelta(minutes=35)
    row.reference = gateway("stripe").start(row).reference
    customer_pays(row.reference)
    state = gateway("stripe").retrieve(row)

    def write() -> None:
        transition(Order.objects.filter(pk=order.pk), Order.Status.PAID, TRANSITIONS, payment=pk)
        stock.sell(order.pk, lines_of(order))
        taken = {"received": state.amount, "received_currency": state.currency, "status": "captured"}
        Payment.objects.create(
            pk=pk, order=order, gateway="stripe", paid_order=True, charge=state.charge, **fields, **taken
        )

    transactions.run_tx(write)


def work(job: dict[str, Any]) -> None:
    """Do one job, and get killed at its point."""
    random.seed()
    killer = Killer(job["kill_at"], job["delay_ms"])
    killer.around(stripe.RequestsClient, "request")
    killer.around(transactions, "_commit")
    order = Order.objects.get(pk=ObjectId(job["order"]))
    (naively if job["naive"] else properly)(order, job["plan"])
    if killer.passed >= killer.at:
        time.sleep(killer.delay_ms / 1000)  # the timer is running


def main() -> None:
    use(settings, sys.argv[1])
    stripe_gateway.RETRIES = 0
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            with suppress(base.GatewayUnavailable):
                work(json.loads(line))
            os._exit(0)
        _, how = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(how)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
