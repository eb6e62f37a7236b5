"""Data export and account erasure: orders are kept, but without personal data."""

import json

import pytest
from django.test import Client

from accounts.addresses.services import save_address
from accounts.models import Address, EmailChange, OneTimeToken, TokenFamily, User, WebSession
from accounts.privacy import personal_data
from accounts.privacy.services import HasRole, erase_account
from accounts.sessions import services as sessions
from accounts.sign_in.services import sign_up
from accounts.users.services import set_name, set_role
from cart.models import Cart
from cart.services import add_item
from ecommerce.core import audit
from ecommerce.core.models import AuditEntry
from ecommerce.core.web.http import Device
from orders.models import Order
from orders.services import Contact
from payments.services import confirm
from tests.accounts.mails import delivered
from tests.support import factories
from tests.support.answers import refused
from tests.support.api_clients import api_of
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db
ME, EXPORT = "/api/v1/auth/me", "/api/v1/auth/export"


@pytest.fixture
def order(customer, product):
    address = Address(name="Ada Lovelace", line1="12 St James's Square", city="London", country="GB")
    contact = Contact(email="ada@example.com", shipping_address=address)
    return factories.order(customer, (product, 2), contact=contact, key="written by a client")


@pytest.fixture
def page(customer):
    client = Client()
    client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
    return client


def delete(api, password=PASSWORD):
    return api.delete(ME, {"password": password})


def test_the_export_contains_all_personal_data(customer, customer_api, order, product, page):
    add_item(user=customer, product_id=product.product_id, qty=3)
    response = customer_api.get(EXPORT)
    assert response["Content-Disposition"] == 'attachment; filename="account.json"'
    exported = response.json()
    assert exported.keys() == {"exported_at", "account", "sessions", *personal_data.holders}
    assert exported["account"]["email"] == customer.email
    assert [each["number"] for each in exported["orders"]] == [order.number]
    assert exported["orders"][0]["shipping_address"]["name"] == "Ada Lovelace"
    assert exported["cart"] == [{"product_id": product.product_id, "qty": 3}]
    assert [each["kind"] for each in exported["sessions"]] == ["web"]
    downloaded = json.loads(page.get("/account/export/").content)
    assert downloaded | {"exported_at": 0} == exported | {"exported_at": 0}


def test_the_export_contains_no_data_of_others(customer, stranger_api, order):
    assert stranger_api.get(EXPORT).json()["orders"] == []


def test_the_export_contains_no_credentials(customer, customer_api, page):
    text = customer_api.get(EXPORT).content.decode()
    assert customer.password not in text
    assert page.session.session_key not in text


@pytest.mark.parametrize("interface", ["api", "page"])
def test_erasure_keeps_orders_but_no_personal_data(
    api, customer, customer_api, order, product, page, fsck, interface
):
    grant = sessions.start_session(customer, device=Device("203.0.113.7", "curl/8"))
    confirm(order, outcome="success", by=customer)
    add_item(user=customer, product_id=product.product_id, qty=1)
    save_address(customer, address=order.shipping_address)
    set_name(customer, name="Ada Lovelace")
    if interface == "api":
        assert delete(customer_api).status_code == 204
    else:
        assert page.post("/account/delete/", {"password": PASSWORD})["Location"] == "/"
    kept_order = Order.objects.get()
    assert (kept_order.status, kept_order.total, kept_order.idempotency_key) == ("paid", order.total, None)
    stored = str(list(User.objects.values())) + str(list(Order.objects.values()))
    for personal in ("customer@", "ada@", "Lovelace", "James", "written by"):
        assert personal not in stored
    assert customer.password not in stored
    for model in (Cart, TokenFamily, OneTimeToken, EmailChange):
        assert not model.objects.exists(), model
    assert not WebSession.objects.filter(user=customer.pk).exists()
    refused(customer_api.get(ME), 401)
    refused(api.post("/api/v1/auth/refresh", {"refresh_token": grant.refresh_token}), 401)
    assert page.get("/account/").status_code == 302
    refused(api.post("/api/v1/auth/login", {"email": customer.email, "password": PASSWORD}), 401)
    fsck()


def test_pending_mails_of_an_erased_account_are_not_sent(customer, customer_api, order):
    confirm(order, outcome="success", by=customer)
    delete(customer_api)
    assert delivered() == []


def test_the_email_of_an_erased_account_can_sign_up_again(customer, customer_api):
    delete(customer_api)
    assert sign_up(email=customer.email, password=PASSWORD).pk != customer.pk


def test_erasure_requires_the_password(customer, customer_api, page):
    refused(delete(customer_api, "SecurePass124"), 400, "This is not your password.", field="password")
    refused(customer_api.delete(ME), 400, field="password")
    assert page.post("/account/delete/", {"password": "SecurePass124"}).status_code == 422
    assert page.get("/account/delete/").status_code == 200
    assert customer_api.get(ME).status_code == 200


@pytest.mark.parametrize("role", ["support", "manager", "admin"])
def test_staff_cannot_delete_themselves_while_they_have_a_role(role):
    member = factories.user(role=role)
    refused(delete(api_of(member)), 409)
    client = Client()
    client.force_login(member)
    answer = client.post("/account/delete/", {"password": PASSWORD})
    assert "Staff cannot delete their account." in answer.content.decode()
    assert User.objects.get() == member
    assert User.objects.get().role == role


def test_a_role_that_was_given_meanwhile_prevents_the_erasure(customer):
    """The request has read the account before."""
    User.objects.update(role="support")
    with pytest.raises(HasRole):
        erase_account(customer, password=PASSWORD, ip="203.0.113.1")
    assert User.objects.get().email == customer.email


def test_former_staff_can_delete_themselves_but_stay_named_in_their_work(product, staff):
    """What they did as customers becomes anonymous."""
    friend = factories.user("friend@example.com", role="support")
    audit.record(actor=friend, action="order.refund", obj=product, before={}, after={})
    set_role(email=friend.email, role=User.Role.USER, by=staff)
    friend.refresh_from_db()
    assert delete(api_of(friend)).status_code == 204
    names = dict(AuditEntry.objects.filter(actor_id=friend.pk).values_list("action", "actor"))
    assert names == {"order.refund": "friend@example.com", "user.erase": "erased account"}


def test_a_failed_erasure_is_rolled_back(customer, customer_api, product, monkeypatch):
    add_item(user=customer, product_id=product.product_id, qty=1)

    def fail(user):
        raise ZeroDivisionError

    broken = personal_data.Holder(export=lambda user: None, erase=fail)
    monkeypatch.setitem(personal_data.holders, "zz", broken)
    with pytest.raises(ZeroDivisionError):
        delete(customer_api)
    assert Cart.objects.exists()
    assert User.objects.get().email == customer.email
