"""Carts without an account: on the pages, in the API, merged by signing in, and deleted when old."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from cart.models import MAX_LINES, MAX_QTY, Cart, Guest
from cart.services import add_item, forget_old_guest_carts, get_cart, merge_carts
from catalog.models import Product
from tests.support import factories

pytestmark = pytest.mark.django_db
CREDENTIALS = {"email": "customer@example.com", "password": factories.PASSWORD}


def add(visitor: Client, product: Product, qty: int = 1) -> str:
    return visitor.post(f"/cart/add/{product.product_id}/", {"qty": str(qty)}, follow=True).content.decode()


def guest_api() -> APIClient:
    client = APIClient()
    client.credentials(HTTP_X_CART_TOKEN=client.post("/api/v1/cart/guest").json()["cart_token"])
    return client


def quantities(owner: User | Guest) -> dict[int, int]:
    return {item.product_id: item.qty for item in get_cart(user=owner).items}


def test_a_visitor_fills_a_cart_without_an_account(product: Product) -> None:
    visitor = Client()
    assert "is in your cart" in add(visitor, product, 2)
    assert 'value="2"' in visitor.get("/cart/").content.decode()
    cookie = visitor.cookies["cart"]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (30 * 86400, True, "Lax")


def test_under_https_no_other_host_of_the_domain_can_set_the_cookie(
    product: Product, settings: Settings
) -> None:
    settings.SESSION_COOKIE_SECURE = True
    visitor = Client()
    add(visitor, product, 2)
    cookie = visitor.cookies["__Host-cart"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
    assert 'value="2"' in visitor.get("/cart/").content.decode()
    del visitor.cookies["__Host-cart"]
    visitor.cookies["cart"] = cookie.value
    assert "Your cart is empty" in visitor.get("/cart/").content.decode()


def test_a_guest_changes_and_removes_a_line(product: Product) -> None:
    visitor = Client()
    add(visitor, product)
    visitor.post(f"/cart/update/{product.product_id}/", {"qty": "5"})
    assert 'value="5"' in visitor.get("/cart/").content.decode()
    visitor.post(f"/cart/remove/{product.product_id}/")
    assert "Your cart is empty" in visitor.get("/cart/").content.decode()


@pytest.mark.parametrize("action", ["update", "remove"])
def test_a_visitor_without_a_cart_changes_nothing(product: Product, action: str) -> None:
    assert Client().post(f"/cart/{action}/{product.product_id}/", {"qty": "3"}).status_code == 302
    assert not Cart.objects.exists()


def test_browsing_creates_no_cart(product: Product) -> None:
    visitor = Client()
    for page in ("/", "/cart/", f"/products/{product.slug}/"):
        visitor.get(page)
    assert "cart" not in visitor.cookies
    assert not Cart.objects.exists()


@pytest.mark.parametrize("token", ["", "x", "x:y", "\x00", "ü" * 50, "a:" * 5000])
def test_a_forged_cookie_is_ignored(product: Product, token: str) -> None:
    visitor = Client()
    visitor.cookies["cart"] = token
    assert "Your cart is empty" in visitor.get("/cart/").content.decode()


def test_guests_do_not_see_each_others_carts(product: Product) -> None:
    add(Client(), product)
    other = Client()
    add(other, factories.product())
    assert product.name not in other.get("/cart/").content.decode()


def test_the_secret_is_not_stored(product: Product) -> None:
    visitor = Client()
    add(visitor, product)
    assert visitor.cookies["cart"].value.split(":")[0] not in Cart.objects.get().owner


def test_a_guest_cart_of_the_api_works_like_a_users(product: Product) -> None:
    api = guest_api()
    assert api.get("/api/v1/cart").json()["items"] == []
    added = api.post("/api/v1/cart/add", {"product_id": product.product_id, "qty": 2}, format="json").json()
    assert added["items"] == [{"product_id": product.product_id, "qty": 2}]
    assert added["user_id"] is None
    assert added["id"] == api.get("/api/v1/cart").json()["id"]
    removed = api.post("/api/v1/cart/remove", {"product_id": product.product_id}, format="json")
    assert removed.json()["items"] == []


@pytest.mark.parametrize("token", ["", "x", "x:y", "ü", "x" * 5000])
def test_a_forged_cart_token_is_refused(api: APIClient, token: str) -> None:
    answer = api.get("/api/v1/cart", headers={"X-Cart-Token": token})
    assert (answer.status_code, answer.json()["code"]) == (401, "cart_token_not_valid")


def test_the_api_needs_a_cart_token_or_a_bearer_token(api: APIClient) -> None:
    assert api.get("/api/v1/cart").status_code == 401


def test_the_api_does_not_accept_the_cookie(product: Product) -> None:
    visitor = Client()
    add(visitor, product)
    assert visitor.get("/api/v1/cart").status_code == 401


def test_signing_in_on_the_page_merges_the_carts(customer: User, product: Product) -> None:
    other = factories.product()
    add_item(user=customer, product_id=product.product_id, qty=1)
    visitor = Client()
    add(visitor, product, 2)
    add(visitor, other, 3)
    guest = Guest.of_token(visitor.cookies["cart"].value)
    visitor.post("/account/login/", CREDENTIALS)
    assert quantities(customer) == {product.product_id: 3, other.product_id: 3}
    assert guest is not None
    assert quantities(guest) == {}


def test_signing_up_on_the_page_keeps_the_cart(product: Product) -> None:
    visitor = Client()
    add(visitor, product, 2)
    visitor.post("/account/signup/", {"email": "new@example.com", "password": factories.PASSWORD})
    assert quantities(User.objects.get(email="new@example.com")) == {product.product_id: 2}


@pytest.mark.parametrize("route", ["login", "signup"])
def test_signing_in_in_the_api_merges_the_cart_of_the_header(product: Product, route: str) -> None:
    email = "new@example.com"
    if route == "login":
        factories.user(email)
    api = guest_api()
    api.post("/api/v1/cart/add", {"product_id": product.product_id, "qty": 2}, format="json")
    body = {"email": email, "password": factories.PASSWORD}
    assert api.post(f"/api/v1/auth/{route}", body, format="json").status_code == 200
    assert quantities(User.objects.get(email=email)) == {product.product_id: 2}


def test_merging_again_adds_nothing(customer: User, product: Product) -> None:
    guest = Guest.new()
    add_item(user=guest, product_id=product.product_id, qty=2)
    for _ in range(3):
        merge_carts(guest=guest, user=customer)
    assert quantities(customer) == {product.product_id: 2}


def test_merging_stops_at_the_limit_of_a_line_and_tells_the_customer(
    customer: User, product: Product
) -> None:
    add_item(user=customer, product_id=product.product_id, qty=MAX_QTY - 1)
    visitor = Client()
    add(visitor, product, 5)
    page = visitor.post("/account/login/", {**CREDENTIALS, "next": "/cart/"}, follow=True).content.decode()
    assert f"Not all of {product.name} fitted into your cart." in page
    assert quantities(customer) == {product.product_id: MAX_QTY}


def test_merging_stops_at_the_number_of_lines(customer: User, product: Product) -> None:
    full = [{"product_id": 1000 + number, "qty": 1} for number in range(MAX_LINES)]
    Cart.objects.create(
        pk=customer.pk, owner=f"u:{customer.pk}", user_id=str(customer.pk), updated_at=timezone.now()
    )
    from ecommerce.core.db import collection

    collection(Cart).update_one({"_id": customer.pk}, {"$set": {"items": full}})
    guest = Guest.new()
    add_item(user=guest, product_id=product.product_id, qty=1)
    assert merge_carts(guest=guest, user=customer) == [product.product_id]
    assert len(quantities(customer)) == MAX_LINES


def test_guest_carts_are_deleted_after_30_days_and_users_carts_are_kept(
    customer: User, product: Product
) -> None:
    old, fresh = Guest.new(), Guest.new()
    for owner in (old, fresh, customer):
        add_item(user=owner, product_id=product.product_id, qty=1)
    long_ago = timezone.now() - timedelta(days=31)
    for owner in (old, customer):
        Cart.objects.filter(pk=get_cart(user=owner).pk).update(updated_at=long_ago)
    assert forget_old_guest_carts() == 1
    assert [len(quantities(owner)) for owner in (old, fresh, customer)] == [0, 1, 1]
