"""A customer who keeps buying while the shop is killed, and remembers what the shop said."""

import random
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from threading import Event

from tests.payments.helpers import WEBHOOK
from tests.payments.stripe_standin import Standin, signed
from tests.races.client import Answer, Client, Product, Request, send

GIVES_UP = 0.2  # probability of giving up after a request without an answer
SENDS_EVENT = 0.7  # probability that the provider's event about a payment reaches the shop


class GaveUp(Exception):
    """The customer closed the browser; the shop has to end the purchase by itself."""


class Customer:
    def __init__(self, port: int, client: Client, product: Product, seed: int) -> None:
        self.port, self.client, self.product = port, client, product
        self.chance = random.Random(seed)
        self.orders: set[str] = set()  # that the shop has acknowledged
        self.paid: set[str] = set()  # that the shop has acknowledged as paid
        self.surprises: list[Answer] = []

    def buy_until(self, end: Event, pay: "Pay") -> None:
        while not end.is_set():
            with suppress(GaveUp):
                self.buy(pay)

    def buy(self, pay: "Pay") -> None:
        self.ask(self.client.add(self.product))
        order = self.ask(self.client.create_order(uuid.uuid4().hex)).json["order_id"]
        self.orders.add(order)
        if pay(self, order):
            self.paid.add(order)

    def ask(self, request: Request) -> Answer:
        """Repeat the request until it is answered; a server that is down answers nothing, or 503."""
        while True:
            with suppress(OSError, HTTPException):
                answer = send(self.port, request)
                if answer.status < 300:
                    return answer
                if answer.status != 503:
                    self.surprises.append(answer)
                    raise GaveUp
            if self.chance.random() < GIVES_UP:
                raise GaveUp
            time.sleep(0.05)


Pay = Callable[[Customer, str], bool]


def confirm(customer: Customer, order: str) -> bool:
    """Pay with the simulated provider; return whether the shop says that the order is paid."""
    return bool(customer.ask(customer.client.confirm(order)).json["status"] == "paid")


class AtStripe:
    """Pays on the provider's page. The event about it may get lost, or is repeated while it fails."""

    def __init__(self, standin: Standin) -> None:
        self._standin = standin

    def __call__(self, customer: Customer, order: str) -> bool:
        start = customer.client.request("POST", "/payments/start", {"order_id": order})
        payment = customer.ask(start).json["payment_id"]
        session = self._standin.session_of(payment)["id"]
        if not self._standin.pay(session):
            return False
        if customer.chance.random() < SENDS_EVENT:
            event = self._standin.event("checkout.session.completed", session)
            customer.ask(Request("POST", WEBHOOK, event, {"Stripe-Signature": signed(event)[1]}))
        payment = customer.ask(customer.client.request("GET", f"/payments/{payment}")).json
        return bool(payment["status"] == "captured")
