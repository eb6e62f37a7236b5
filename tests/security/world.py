"""A small shop, and every kind of caller: the columns of the matrix."""

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.addresses.services import list_addresses, save_address
from accounts.models import Address, SavedAddress, User
from accounts.roles import Scope
from accounts.service_keys.services import create_key, revoke_key
from accounts.sessions import services as sessions
from cart.models import Guest
from cart.services import add_item
from catalog.models import Product
from ecommerce.core.web.http import Device
from orders.access.tokens import order_token
from orders.fulfilment import services as fulfilment
from orders.models import Order
from orders.services import Contact
from payments.services import confirm
from payments.start import start_payment
from tests import conftest
from tests.security.routes import API
from tests.support import factories
from tests.support.database import Snapshot, log

DAY = timedelta(days=1)
ADDRESS = {"name": "Ada", "line1": "1 Mill Lane", "postcode": "10115", "city": "Berlin", "country": "DE"}
DEVICE = Device(ip="203.0.113.1", agent="curl/8")


class World:
    """The shop, with rows that belong to the customer, and the other callers."""

    def __init__(self, rows: dict[type, Any] | None = None) -> None:
        """Create the shop; `rows` are one row of every model, for the pages of the back office."""
        self.rows = rows or {}
        self.customer = factories.user("customer@example.com")
        self.stranger = factories.user("stranger@example.com")
        self.admin = factories.user("admin@example.com", role=User.Role.ADMIN)
        self.support = factories.user("support@example.com", role=User.Role.SUPPORT)
        self.manager = factories.user("manager@example.com", role=User.Role.MANAGER)
        self.product = factories.product(category="Kitchen")
        self.order = factories.order(self.customer, (self.product, 1))
        self.guest, self.other_guest = Guest.new(), Guest.new()
        contact = Contact("guest@example.com")
        self.guest_order = factories.order(self.other_guest, (self.product, 1), contact=contact)
        for buyer in (self.customer, self.stranger, self.admin, self.guest):
            add_item(user=buyer, product_id=self.product.product_id, qty=1)
        self.payment, _ = start_payment(order=self.order)
        self._address()
        self.session = sessions.start_session(self.customer, device=DEVICE).refresh_token.partition(".")[0]
        self._writes = (-1, -1)

    def refresh(self) -> None:
        """Reload what earlier requests may have changed.

        Sessions end when the token version rises, and a deleted product is replaced for the next request.
        """
        writes = (log.writes["products"], log.writes["users"])
        if writes == self._writes:
            return
        if not Product.objects.filter(pk=self.product.pk).exists():
            self.product = factories.product()
        users = [self.customer, self.stranger, self.support, self.manager, self.admin]
        stored = User.objects.in_bulk([user.pk for user in users])
        for user in users:
            if user.pk in stored:
                user.token_version, user.password = stored[user.pk].token_version, stored[user.pk].password
        self._writes = (log.writes["products"], log.writes["users"])

    def parameters(self) -> dict[str, str]:
        """Return the parameters of paths, all of which belong to the customer."""
        return {
            "slug": self.product.slug,
            "product_id": str(self.product.product_id),
            "order_id": str(self.order.pk),
            "number": self.order.number,
            "payment_id": str(self.payment.pk),
            "gateway": "simulated",
            "session_id": self.session,
            "import_id": "0" * 24,  # of a file that was never uploaded
            "pk": str(self.product.pk),
            "name": "a-mail",
            "file": f"{'0' * 32}-640.webp",  # of a picture that was never uploaded
            "part": "1",
            "app_label": "catalog",
            "rest": "/nothing",
            "url": "nothing",
            "id": str(self.stranger.pk),
            "content_type_id": str(ContentType.objects.get_for_model(Product).pk),
        }

    def path(self, route: str) -> str:
        """Return the route with its parameters filled in."""
        parameters = self.parameters() | {"object_id": self._row_of(route)}
        if "address_id" in route:
            parameters["address_id"] = str(self._address().pk)
        if f"{API}admin/orders/" in route:
            order = self.shipped_order if route.endswith("correct-parcel") else self.paid_order
            parameters["order_id"] = str(order.pk)
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: parameters[match[1]], route.lstrip("/"))

    @cached_property
    def admin_bearer(self) -> str:
        return bearer(self.admin)["Authorization"]

    @cached_property
    def paid_order(self) -> Order:
        paid = factories.order(self.customer, (self.product, 1))
        return confirm(paid, outcome="success", by=self.customer)

    def _address(self) -> SavedAddress:
        """Return the customer's saved address, and save it again if a request has removed it."""
        saved = list_addresses(self.customer)
        if not saved:
            save_address(self.customer, address=Address(**ADDRESS))
        return saved.get()

    @cached_property
    def shipped_order(self) -> Order:
        return fulfilment.ship(self.paid_order, by=self.admin, carrier="UPS", tracking_number="2")

    def _row_of(self, route: str) -> str:
        """Return the key of a row of the model that this page of the back office shows."""
        for model, row in self.rows.items():
            if f"/admin/{model._meta.app_label}/{model._meta.model_name}/" in route:
                return str(row.pk)
        return str(self.product.pk)


class Worlds:
    """A world that is created once, and that each row of a matrix gets as it was at the beginning."""

    def __init__(self, *, browsers: Sequence[str] = ()) -> None:
        self._pristine = World()
        self._browsers = {name: BROWSERS[name](self._pristine) for name in browsers}
        self._snapshot = Snapshot()

    def fresh(self) -> World:
        """Restore the database, and return the world as it was created."""
        self._snapshot.restore()
        conftest.empty_caches()
        world = deepcopy(self._pristine)
        world.refresh()
        return world

    def browser(self, name: str) -> Client:
        """Return a browser with the cookies that this caller had at the beginning."""
        client = visitor()
        client.cookies.update(self._browsers[name].cookies)
        return client


def bearer(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {sessions.start_session(user, device=DEVICE).access_token}"}


def revoked_bearer(world: World) -> dict[str, str]:
    grant = sessions.start_session(world.customer, device=DEVICE)
    sessions.end_session(world.customer, session_id=grant.refresh_token.partition(".")[0])
    return {"Authorization": f"Bearer {grant.access_token}"}


def service_key(world: World, scopes: Sequence[str]) -> dict[str, str]:
    _, text = create_key(name="Warehouse", scopes=scopes, expires_at=timezone.now() + DAY, by=world.admin)
    return {"Authorization": f"Api-Key {text}"}


def revoked_key(world: World) -> dict[str, str]:
    key, text = create_key(name="Gone", scopes=list(Scope), expires_at=timezone.now() + DAY, by=world.admin)
    revoke_key(key_id=str(key.pk), by=world.admin)
    return {"Authorization": f"Api-Key {text}"}


# The API's columns in the order of their requests: callers with more permissions come later.
HEADERS: dict[str, Callable[[World], dict[str, str]]] = {
    "anonymous": lambda world: {},
    "revoked token": revoked_bearer,
    "another order's token": lambda world: {"X-Order-Token": order_token(world.guest_order)},
    "cart token": lambda world: {"X-Cart-Token": world.guest.token},
    "another customer": lambda world: bearer(world.stranger),
    "order token": lambda world: {"X-Order-Token": order_token(world.order)},
    "customer": lambda world: bearer(world.customer),
    "empty key": lambda world: service_key(world, []),
    "revoked key": revoked_key,
    "support": lambda world: bearer(world.support),
    "manager": lambda world: bearer(world.manager),
    "key": lambda world: service_key(world, list(Scope)),
    "admin": lambda world: bearer(world.admin),
}


def visitor() -> Client:
    return Client(raise_request_exception=False)


def signed_in(user: User) -> Client:
    client = visitor()
    client.force_login(user)
    return client


def signed_out_elsewhere(world: World) -> Client:
    """Return a browser whose session was ended from another browser."""
    client = signed_in(world.customer)
    sessions.end_all_sessions(world.customer)
    world.customer.refresh_from_db()
    return client


def guest_browser(world: World) -> Client:
    client = visitor()
    client.cookies["cart"] = world.guest.token
    return client


def link_browser(world: World) -> Client:
    """Return a browser that followed the link in the order's mail."""
    client = visitor()
    client.get(f"/orders/{world.order.number}/", {"token": order_token(world.order)})
    return client


BROWSERS: dict[str, Callable[[World], Client]] = {
    "anonymous": lambda world: visitor(),
    "ended session": signed_out_elsewhere,
    "guest": guest_browser,
    "another customer": lambda world: signed_in(world.stranger),
    "order link": link_browser,
    "customer": lambda world: signed_in(world.customer),
    "support": lambda world: signed_in(world.support),
    "manager": lambda world: signed_in(world.manager),
    "admin": lambda world: signed_in(world.admin),
}

OFFICES = {
    name: BROWSERS[name] for name in ("anonymous", "ended session", "customer", "support", "manager", "admin")
}


def cell(response: HttpResponse) -> str:
    """Return the cell for an answer: its status, or `login` for a redirect to a sign-in page."""
    target = response.headers.get("Location", "")
    if response.status_code == 302 and re.match(r"/(account|admin)/login/\?next=", target):
        return "login"
    return str(response.status_code)
