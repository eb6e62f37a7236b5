from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cart.services import get_cart
from catalog.models import Product
from catalog.services import delete_product
from ecommerce.core.outbox import queue as outbox
from orders.fulfilment import services as fulfilment
from orders.models import Order
from payments.refunds import refund_order
from payments.services import confirm
from payments.staff_actions import cancel_order
from tests.orders.conftest import PARCEL
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(customer: User, product: Product) -> Order:
    return factories.order(customer, (product, 2))


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, "Waiting for payment"),
        ("success", "Thank you"),
        ("failure", "Payment failed"),
        ("canceled", "Canceled"),
    ],
)
def test_the_page_shows_the_status(
    shopper: Client, customer: User, order: Order, outcome: str | None, words: str
) -> None:
    if outcome:
        confirm(order, outcome=outcome, by=customer)
    assert words in shopper.get(reverse("orders:detail", args=[order.number])).content.decode()


def test_an_order_stays_readable_after_its_product_is_deleted(
    shopper: Client, order: Order, product: Product
) -> None:
    delete_product(pk=product.pk)
    page = shopper.get(reverse("orders:detail", args=[order.number])).content.decode()
    assert product.name in page
    assert "$159.98" in page


@pytest.mark.parametrize("name", ["orders:detail", "payments:pay"])
def test_another_users_order_is_not_found(stranger: User, order: Order, name: str) -> None:
    client = Client()
    client.force_login(stranger)
    assert client.get(reverse(name, args=[order.number])).status_code == 404


@pytest.mark.parametrize("name", ["orders:buy_again", "payments:pay", "payments:cancel"])
def test_another_user_changes_nothing(stranger: User, order: Order, name: str) -> None:
    client = Client()
    client.force_login(stranger)
    response = client.post(reverse(name, args=[order.number]), {"outcome": "success"})
    assert response.status_code == 404
    order.refresh_from_db()
    assert order.status == Order.Status.PENDING


@pytest.mark.parametrize("number", ["NOPE", "0" * 300, "%00", "..%2f"])
def test_an_unknown_number_is_not_found(shopper: Client, number: str) -> None:
    assert shopper.get(f"/orders/{number}/").status_code == 404


def test_the_list_shows_only_own_orders(shopper: Client, stranger: User, order: Order) -> None:
    other = factories.order(stranger, (factories.product(), 1))
    page = shopper.get(reverse("orders:list")).content.decode()
    assert order.number in page
    assert other.number not in page


@pytest.mark.parametrize("page", ["999", "abc", "-1", "9" * 300])
def test_an_invalid_page_number_shows_a_page(shopper: Client, order: Order, page: str) -> None:
    assert order.number in shopper.get(f"/orders/?page={page}").content.decode()


def test_buying_again_puts_the_lines_into_the_cart(
    shopper: Client, customer: User, order: Order, product: Product
) -> None:
    confirm(order, outcome="failure", by=customer)
    response = shopper.post(reverse("orders:buy_again", args=[order.number]))
    assert response["Location"] == reverse("cart:detail")
    assert [(i.product_id, i.qty) for i in get_cart(user=customer).items] == [(product.product_id, 2)]


def test_buying_again_names_products_that_are_gone(shopper: Client, order: Order, product: Product) -> None:
    delete_product(pk=product.pk)
    page = shopper.post(reverse("orders:buy_again", args=[order.number]), follow=True).content.decode()
    assert f"{product.name} could not be added again." in page


class TestFulfilment:
    @pytest.fixture
    def page(self, shopper: Client, paid: Order) -> Any:
        return lambda: str(shopper.get(reverse("orders:detail", args=[paid.number])).content.decode())

    @pytest.fixture
    def rows(self, shopper: Client) -> Any:
        return lambda: str(shopper.get(reverse("orders:list")).content.decode())

    def test_a_paid_order_waits_to_be_packed(self, page: Any) -> None:
        for text in ("Order placed", "Payment received", "We are packing your order"):
            assert text in page()

    def test_each_step_is_shown_with_its_time(self, page: Any, rows: Any, paid: Order, staff: User) -> None:
        fulfilment.pack(paid, by=staff)
        assert "Waiting for the carrier" in page()
        fulfilment.ship(paid, by=staff, **PARCEL)
        shipped = page()
        assert f'<a href="{PARCEL["tracking_url"]}" rel="noreferrer">track parcel 1Z999</a>' in shipped
        assert "Waiting for the carrier" not in shipped
        fulfilment.deliver(paid, by=staff)
        assert page().count("UTC</time>") == 5
        assert "Delivered" in rows()

    def test_a_parcel_without_a_tracking_address_has_no_link(
        self, page: Any, paid: Order, staff: User
    ) -> None:
        fulfilment.ship(paid, by=staff, carrier="<b>UPS", tracking_number="<i>1")
        assert "&lt;b&gt;UPS, &lt;i&gt;1" in page()

    def test_a_refund_is_shown_while_it_is_on_its_way_and_after(
        self, page: Any, rows: Any, paid: Order, staff: User
    ) -> None:
        refund_order(order=paid, key="r1", by=staff, amount=Decimal("20.50"))
        assert "$20.50 is on its way back to you." in page()
        outbox.deliver_due()
        assert "on its way back" not in page()
        assert "$20.50" in page()
        assert "Partly refunded" in rows()

    def test_a_canceled_order_is_shown_without_thanks(
        self, page: Any, rows: Any, paid: Order, staff: User
    ) -> None:
        cancel_order(paid, by=staff)
        assert "Thank you" not in page()
        assert "We are packing" not in page()
        for text in ("Canceled", "Refunded"):
            assert text in page()
            assert text in rows()
