import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cart.services import get_cart
from catalog.models import Product
from catalog.services import delete_product
from orders.models import Order
from payments.services import confirm
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def shopper(customer: User) -> Client:
    client = Client()
    client.force_login(customer)
    return client


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
def test_each_state_of_an_order_is_told(
    shopper: Client, customer: User, order: Order, outcome: str | None, words: str
) -> None:
    if outcome:
        confirm(user=customer, order_id=str(order.pk), outcome=outcome)
    assert words in shopper.get(reverse("orders:detail", args=[order.number])).content.decode()


def test_an_order_stays_readable_after_its_product_is_gone(
    shopper: Client, order: Order, product: Product
) -> None:
    delete_product(pk=product.pk)
    page = shopper.get(reverse("orders:detail", args=[order.number])).content.decode()
    assert product.name in page
    assert "$159.98" in page


@pytest.mark.parametrize("name", ["orders:detail", "payments:pay"])
def test_a_strangers_order_is_not_found(stranger: User, order: Order, name: str) -> None:
    client = Client()
    client.force_login(stranger)
    assert client.get(reverse(name, args=[order.number])).status_code == 404


@pytest.mark.parametrize("name", ["orders:buy_again", "payments:pay", "payments:cancel"])
def test_a_stranger_changes_nothing(stranger: User, order: Order, name: str) -> None:
    client = Client()
    client.force_login(stranger)
    response = client.post(reverse(name, args=[order.number]), {"outcome": "success"})
    assert response.status_code == 404
    order.refresh_from_db()
    assert order.status == Order.Status.PENDING


@pytest.mark.parametrize("number", ["NOPE", "0" * 300, "%00", "..%2f"])
def test_an_unknown_number_is_not_found(shopper: Client, number: str) -> None:
    assert shopper.get(f"/orders/{number}/").status_code == 404


def test_the_list_shows_own_orders_only(shopper: Client, stranger: User, order: Order) -> None:
    other = factories.order(stranger, (factories.product(), 1))
    page = shopper.get(reverse("orders:list")).content.decode()
    assert order.number in page
    assert other.number not in page


@pytest.mark.parametrize("page", ["999", "abc", "-1", "9" * 300])
def test_a_nonsense_page_of_the_list_is_a_page(shopper: Client, order: Order, page: str) -> None:
    assert order.number in shopper.get(f"/orders/?page={page}").content.decode()


def test_trying_again_puts_the_lines_back_into_the_cart(
    shopper: Client, customer: User, order: Order, product: Product
) -> None:
    confirm(user=customer, order_id=str(order.pk), outcome="failure")
    response = shopper.post(reverse("orders:buy_again", args=[order.number]))
    assert response["Location"] == reverse("cart:detail")
    assert [(i.product_id, i.qty) for i in get_cart(user=customer).items] == [(product.product_id, 2)]


def test_trying_again_says_what_is_gone(shopper: Client, order: Order, product: Product) -> None:
    delete_product(pk=product.pk)
    page = shopper.post(reverse("orders:buy_again", args=[order.number]), follow=True).content.decode()
    assert f"{product.name} could not be added again." in page
