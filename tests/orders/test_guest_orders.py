"""Buying without an account, on the pages and in the API, and claiming the order with an account."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Product
from ecommerce.core.outbox import deliver_due
from orders.access.tokens import order_token
from orders.models import Order
from payments.services import confirm
from tests.cart.test_guest_carts import add, guest_api
from tests.orders.test_checkout_pages import CHECKOUT, filled_in
from tests.support import factories

pytestmark = pytest.mark.django_db
EMAIL = "guest@example.com"
ADDRESS = {
    "name": "Zoë Müller",
    "line1": "Hauptstraße 1",
    "city": "Köln",
    "postcode": "50667",
    "country": "DE",
}


@pytest.fixture
def visitor(product: Product) -> Client:
    client = Client()
    add(client, product, 2)
    return client


def buy(visitor: Client, email: str = EMAIL) -> Order:
    visitor.post(CHECKOUT, filled_in(visitor.get(CHECKOUT).content.decode(), email=email))
    order = Order.objects.get()
    visitor.post(reverse("payments:pay", args=[order.number]), {"outcome": "success"})
    return order


def create(api: APIClient, body: dict[str, Any], **headers: str) -> Any:
    return api.post("/api/v1/checkout/create-order", body, format="json", headers=headers)


@pytest.fixture
def guest(product: Product) -> APIClient:
    api = guest_api()
    api.post("/api/v1/cart/add", {"product_id": product.product_id, "qty": 2}, format="json")
    return api


@pytest.fixture
def holder(guest: APIClient) -> APIClient:
    """A client with the token of a guest's pending order."""
    client = APIClient()
    client.credentials(HTTP_X_ORDER_TOKEN=create(guest, {"email": EMAIL}).json()["order_token"])
    return client


def test_a_guest_buys_on_the_pages_and_sees_the_order(visitor: Client, fsck: Callable[[], None]) -> None:
    order = buy(visitor)
    page = visitor.get(reverse("orders:detail", args=[order.number])).content.decode()
    assert "Thank you" in page
    assert "Keep this order in an account" in page
    order.refresh_from_db()
    assert (order.status, order.user_id, order.email) == ("paid", None, EMAIL)
    fsck()


@pytest.mark.parametrize("name", ["orders:detail", "payments:pay", "payments:paid"])
def test_another_visitor_is_asked_to_sign_in(visitor: Client, name: str) -> None:
    page = reverse(name, args=[buy(visitor).number])
    assert Client().get(page)["Location"] == f"/account/login/?next={page}"


def test_another_user_gets_a_404(visitor: Client, stranger: User) -> None:
    order = buy(visitor)
    client = Client()
    client.force_login(stranger)
    assert client.get(reverse("orders:detail", args=[order.number])).status_code == 404


def test_the_link_in_the_mail_opens_the_order_in_any_browser(visitor: Client) -> None:
    order = buy(visitor)
    deliver_due()
    link = f"/orders/{order.number}/?token={order_token(order)}"
    assert link in mail.outbox[0].body
    elsewhere = Client()
    opened = elsewhere.get(link)
    assert opened["Location"] == f"/orders/{order.number}/"
    assert "Thank you" in elsewhere.get(opened["Location"]).content.decode()


@pytest.mark.parametrize("token", ["x", "x:y", "64b000000000000000000000:abc", "\x00", "ü"])
def test_a_forged_link_is_refused(visitor: Client, token: str) -> None:
    page = reverse("orders:detail", args=[buy(visitor).number])
    response = Client().get(page, {"token": token}, follow=True)
    assert response.redirect_chain[-1][0].startswith("/account/login/")


def test_the_link_of_one_order_does_not_open_another(
    visitor: Client, customer: User, product: Product
) -> None:
    token = order_token(buy(visitor))
    other = factories.order(customer, (product, 1))
    elsewhere = Client()
    elsewhere.get(f"/orders/{other.number}/", {"token": token})
    assert elsewhere.get(f"/orders/{other.number}/").status_code == 302


def test_an_account_made_on_the_order_page_claims_the_order(visitor: Client) -> None:
    order = buy(visitor)
    page = reverse("orders:detail", args=[order.number])
    fields = {"email": EMAIL, "password": factories.PASSWORD, "next": page}
    assert visitor.post("/account/signup/", fields)["Location"] == page
    order.refresh_from_db()
    assert order.user == User.objects.get(email=EMAIL)
    assert order.number in visitor.get("/orders/").content.decode()


def test_the_guests_cookie_does_not_open_a_claimed_order(visitor: Client) -> None:
    order = buy(visitor)
    visitor.post("/account/signup/", {"email": EMAIL, "password": factories.PASSWORD})
    visitor.post("/account/logout/")
    assert visitor.get(reverse("orders:detail", args=[order.number])).status_code == 302


class TestTheNextPersonAtThatBrowser:
    """A guest buys, makes an account and signs out; then someone else adds to the cart and checks out."""

    @pytest.fixture
    def left(self, visitor: Client) -> Client:
        self.order = buy(visitor)
        self.token = visitor.cookies["cart"].value
        visitor.post("/account/signup/", {"email": EMAIL, "password": factories.PASSWORD})
        assert not visitor.cookies["cart"].value  # deleted
        visitor.post("/account/logout/")
        return visitor

    def checkout(self, browser: Client) -> str:
        add(browser, factories.product(), 1)
        return browser.get(CHECKOUT).content.decode()

    def test_the_checkout_shows_nothing_of_the_last_customer(self, left: Client) -> None:
        assert not known_to(self.checkout(left))

    def test_a_copy_of_the_guests_cookie_tells_nothing_of_a_claimed_order(self, left: Client) -> None:
        left.cookies["cart"] = self.token
        assert not known_to(self.checkout(left))

    def test_a_guest_who_is_still_there_is_known(self, visitor: Client) -> None:
        buy(visitor)
        assert known_to(self.checkout(visitor))

    def test_signing_out_ends_a_guest_who_came_after_signing_in(self, left: Client) -> None:
        left.post("/account/login/", {"email": EMAIL, "password": factories.PASSWORD})
        left.cookies["cart"] = self.token
        left.post("/account/logout/")
        assert not left.cookies["cart"].value


def known_to(page: str) -> list[str]:
    """Return what a checkout has already filled in of the guest's contact."""
    return [value for value in (EMAIL, "Ada Lovelace", "SW1Y 4JH", "London") if f'value="{value}"' in page]


def test_an_account_with_another_email_claims_nothing(visitor: Client) -> None:
    order = buy(visitor)
    visitor.post("/account/signup/", {"email": "next@example.com", "password": factories.PASSWORD})
    order.refresh_from_db()
    assert order.user is None


def test_an_account_with_only_the_email_claims_nothing(visitor: Client) -> None:
    order = buy(visitor)
    Client().post("/account/signup/", {"email": EMAIL, "password": factories.PASSWORD})
    order.refresh_from_db()
    assert order.user is None


def test_a_guest_orders_and_pays_in_the_api(
    guest: APIClient, holder: APIClient, fsck: Callable[[], None]
) -> None:
    order = Order.objects.get()
    answer = holder.get(f"/api/v1/orders/{order.pk}").json()
    assert (answer["user_id"], answer["email"], answer["status"]) == (None, EMAIL, "pending")
    started = holder.post("/api/v1/payments/start", {"order_id": str(order.pk)}, format="json")
    assert started.status_code == 201
    assert holder.get(f"/api/v1/payments/{started.json()['payment_id']}").status_code == 200
    paid = holder.post(f"/api/v1/payments/confirm?order_id={order.pk}")
    assert paid.json()["status"] == "paid"
    fsck()


def test_the_payment_page_opens_in_another_browser(holder: APIClient) -> None:
    order = Order.objects.get()
    started = holder.post("/api/v1/payments/start", {"order_id": str(order.pk)}, format="json").json()
    opened = Client().get(started["redirect_url"].removeprefix("http://localhost:8000"), follow=True)
    assert opened.redirect_chain == [(reverse("payments:pay", args=[order.number]), 302)]
    assert opened.status_code == 200


def test_a_guest_cancels_in_the_api(holder: APIClient) -> None:
    order = Order.objects.get()
    for _ in range(2):
        answer = holder.post(f"/api/v1/orders/{order.pk}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "canceled")


def test_a_paid_order_is_not_canceled(customer: User, customer_api: APIClient, product: Product) -> None:
    order = factories.order(customer, (product, 1))
    confirm(order, outcome="success", by=customer)
    answer = customer_api.post(f"/api/v1/orders/{order.pk}/cancel")
    assert (answer.status_code, answer.json()["detail"]) == (409, "This order is already paid.")


def test_an_order_token_does_not_open_another_order(
    holder: APIClient, customer: User, product: Product
) -> None:
    other = factories.order(customer, (product, 1))
    assert holder.get(f"/api/v1/orders/{other.pk}").status_code == 404
    assert holder.post(f"/api/v1/payments/confirm?order_id={other.pk}").status_code == 404
    assert holder.post(f"/api/v1/orders/{other.pk}/cancel").status_code == 404
    assert holder.get("/api/v1/orders").status_code == 401


@pytest.mark.parametrize("token", ["", "x", "x:y"])
def test_a_forged_order_token_is_refused(holder: APIClient, api: APIClient, token: str) -> None:
    answer = api.get(f"/api/v1/orders/{Order.objects.get().pk}", headers={"X-Order-Token": token})
    assert (answer.status_code, answer.json()["code"]) == (401, "order_token_not_valid")


def test_an_order_without_an_email_is_refused_and_the_cart_is_unchanged(guest: APIClient) -> None:
    answer = create(guest, {})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["email"])
    assert guest.get("/api/v1/cart").json()["items"]


@pytest.mark.parametrize(
    "body",
    [
        {"email": "no-email"},
        {"email": EMAIL, "shipping_address": "here"},
        {"email": EMAIL, "shipping_address": {}},
        {"email": EMAIL, "shipping_address": {**ADDRESS, "country": "de"}},
        {"email": EMAIL, "shipping_address": {**ADDRESS, "country": ["DE"]}},
        {"email": EMAIL, "shipping_address": {**ADDRESS, "name": "x" * 101}},
        {"email": EMAIL, "shipping_address": {**ADDRESS, "city": "\x00"}},
        {"email": EMAIL, "shipping_address": {**ADDRESS, "city": "\ud800"}},
        [],
    ],
)
def test_an_invalid_contact_is_refused(guest: APIClient, body: Any) -> None:
    assert create(guest, body).status_code == 400
    assert not Order.objects.exists()


def test_the_order_stores_the_email_and_the_address(guest: APIClient) -> None:
    create(guest, {"email": "Guest@Example.com", "shipping_address": ADDRESS})
    order = Order.objects.get()
    assert order.email == EMAIL
    assert order.as_dict()["shipping_address"] == {**ADDRESS, "line2": "", "region": "", "phone": ""}


def test_a_repeat_returns_the_same_order_and_another_contact_is_refused(guest: APIClient) -> None:
    body = {"email": EMAIL, "shipping_address": ADDRESS}
    first = create(guest, body, **{"Idempotency-Key": "k1"})
    again = create(guest, body, **{"Idempotency-Key": "k1"})
    other = create(guest, {**body, "email": "x@example.com"}, **{"Idempotency-Key": "k1"})
    moved = {**body, "shipping_address": {**ADDRESS, "city": "Bonn"}}
    elsewhere = create(guest, moved, **{"Idempotency-Key": "k1"})
    assert [a.status_code for a in (first, again, other, elsewhere)] == [201, 200, 422, 422]
    assert first.json() == again.json()
    assert Order.objects.count() == 1


def test_a_users_order_has_the_email_of_the_account(
    customer: User, customer_api: APIClient, product: Product
) -> None:
    factories.order(customer, (product, 1))
    assert Order.objects.get().email == customer.email


def test_signing_up_in_the_api_with_the_order_token_claims_it(holder: APIClient) -> None:
    body = {"email": EMAIL, "password": factories.PASSWORD}
    assert holder.post("/api/v1/auth/signup", body, format="json").status_code == 200
    assert Order.objects.get().user == User.objects.get(email=EMAIL)
