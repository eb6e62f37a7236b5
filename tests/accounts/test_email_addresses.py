"""New e-mail addresses are ASCII or IDNA, in one spelling; stored ones keep working."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from ecommerce.core.db import collection, connection
from ecommerce.core.text.emails import BadEmail, as_stored, normalize
from ecommerce.core.text.letters import is_plain
from tests.support import factories
from tests.support.admin_pages import Form, office_of, url
from tests.support.answers import refused
from tests.support.api_clients import api_of
from tests.support.factories import PASSWORD

AUTH = "/api/v1/auth"
IDNA, UNICODE = "ada@xn--bcher-kva.example", "ada@bücher.example"
REFUSED = {
    "quoted": '"a b"@example.com',
    "literal": "ada@[127.0.0.1]",
    "control": "ada\x01@example.com",
    "zero width space": "ada@exam\u200bple.com",
    "soft hyphen": "ada@exam\u00adple.com",
    "bidirectional": "ada@\u202emoc.elpmaxe",
    "filler": "ada@exam\u3164ple.com",
    "selector": "ada@example\ufe0f.com",
    "wide letter": "ada@ｅxample.com",
    "ligature": "ada@ﬁx.example",
    "wide at": "ada＠example.com",
    "accent before the @": "adá@example.com",
    "cyrillic before the @": "аda@example.com",
    "surrogate": "ada\ud800@example.com",
    "no name": "@example.com",
    "two dots": "a..b@example.com",
    "long": f"{'a' * 65}@example.com",
}
TAKEN = {
    "Ada.Lovelace+shop@Example.COM": "ada.lovelace+shop@example.com",
    "o'brien@example.com": "o'brien@example.com",
    UNICODE: IDNA,
    "ada@BÜCHER.example": IDNA,
    "ada@bu\u0308cher.example": IDNA,  # the same letter in two characters
    "ADA@XN--BCHER-KVA.example": IDNA,
    "ada@faß.example": "ada@xn--fa-hia.example",
    "boss@shop.local": "boss@shop.local",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_odd_addresses_are_refused(kind):
    with pytest.raises(BadEmail):
        normalize(REFUSED[kind])


def test_each_address_has_one_spelling():
    assert {text: normalize(text) for text in TAKEN} == TAKEN
    assert {text: as_stored(text) for text in TAKEN} == TAKEN
    assert {as_stored(text) for text in TAKEN.values()} == set(TAKEN.values())


def test_only_texts_that_show_what_they_hold_are_plain():
    assert all(map(is_plain, ["", "Größe 5", "mu\u0308sli", "日本", "a b"]))
    assert not any(
        map(is_plain, ["a\tb", "a\u2028b", "ﬁ", "\u200b", "\u115f", "x\U000e0101", "Ａ", "\ue000"])
    )


def sign_up(email):
    return APIClient().post(f"{AUTH}/signup", {"email": email, "password": PASSWORD})


def sign_up_on_page(email):
    return Client().post("/account/signup/", {"email": email, "password": PASSWORD})


def test_sign_up_takes_only_these(db):
    for email in REFUSED.values():
        if "\ud800" not in email:
            refused(sign_up(email), 400, field="email")
            assert sign_up_on_page(email).status_code == 422
    assert not User.objects.exists()


def test_one_address_has_one_account_whatever_its_spelling(api, db):
    assert sign_up(UNICODE).status_code == 200
    assert User.objects.get().email == IDNA
    refused(sign_up("ada@BÜCHER.example"), 400, "Email already registered", field="email")
    refused(sign_up(IDNA), 400, "Email already registered", field="email")
    for email in (UNICODE, IDNA, "Ada@Bücher.Example"):
        assert api.post(f"{AUTH}/login", {"email": email, "password": PASSWORD}).status_code == 200
        page = Client().post("/account/login/", {"email": email, "password": PASSWORD})
        assert page.status_code == 302


def test_the_other_ways_to_store_an_address_take_only_these(customer, customer_api, staff, product):
    bad = REFUSED["zero width space"]
    body = {"email": bad, "password": PASSWORD}
    refused(customer_api.post(f"{AUTH}/email/change", body), 400, field="email")
    customer_api.post("/api/v1/cart/add", {"product_id": product.product_id, "qty": 1})
    refused(customer_api.post("/api/v1/checkout/create-order", {"email": bad}), 400, field="email")
    placed = customer_api.post("/api/v1/checkout/create-order", {"email": UNICODE})
    order = customer_api.get(f"/api/v1/orders/{placed.json()['order_id']}").json()
    assert order["email"] == IDNA
    office = office_of(staff)
    assert Form(office, url(User, "change", customer.pk)).send(email=bad).status_code == 200
    assert User.objects.get(pk=customer.pk).email == customer.email
    assert Form(office, url(User, "change", customer.pk)).send(email=UNICODE).status_code == 302
    assert User.objects.get(pk=customer.pk).email == IDNA


class TestStoredBefore:
    """Accounts that older rules let in."""

    @pytest.fixture(params=['"a!b"@example.com', "ada@[127.0.0.1]", "ada@exam\u200bple.com"])
    def odd(self, request, db):
        user = factories.user("plain@example.com")
        User.objects.update(email=request.param)
        user.refresh_from_db()
        return user

    def test_they_sign_in_and_are_promoted_as_before(self, api, odd, staff):
        login = {"email": odd.email.upper(), "password": PASSWORD}
        assert api.post(f"{AUTH}/login", login).status_code == 200
        assert Client().post("/account/login/", login).status_code == 302
        assert api.post(f"{AUTH}/password/forgot", {"email": odd.email}).status_code == 202
        answer = api_of(staff).post(f"{AUTH}/role", {"email": odd.email, "role": "support"})
        assert answer.status_code == 200

    def test_an_admin_changes_them_without_touching_the_address(self, odd, staff):
        page = Form(office_of(staff), url(User, "change", odd.pk)).send(role="support")
        assert page.status_code == 302
        assert User.objects.get(pk=odd.pk).role == "support"

    def migrate(self):
        migration = import_module("accounts.migrations.0005_one_spelling_of_emails")
        migration.respell(None, SimpleNamespace(connection=connection))

    def test_the_migration_gives_them_their_one_spelling(self, api, odd):
        other = factories.user("other@example.com")
        collection(User).update_one({"_id": other.pk}, {"$set": {"email": UNICODE}})
        self.migrate()
        assert [User.objects.get(pk=each.pk).email for each in (odd, other)] == [odd.email, IDNA]
        login = {"email": UNICODE, "password": PASSWORD}
        assert api.post(f"{AUTH}/login", login).json()["access_token"]

    def test_the_migration_names_collisions_and_merges_nothing(self, customer, stranger, capsys):
        for user, email in ((customer, UNICODE), (stranger, IDNA)):
            collection(User).update_one({"_id": user.pk}, {"$set": {"email": email}})
        self.migrate()
        assert (
            f"Two accounts have the e-mail {IDNA}: {customer.pk} stays unchanged." in capsys.readouterr().err
        )
        assert [User.objects.get(pk=each.pk).email for each in (customer, stranger)] == [UNICODE, IDNA]
