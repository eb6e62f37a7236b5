"""The addresses of an account: on its pages and at the checkout."""

import re
from itertools import count
from time import sleep

import pytest
from django.test import Client

from accounts.addresses import services as addresses
from accounts.models import Address, SavedAddress
from accounts.privacy.services import export_account
from cart.services import add_item
from orders.models import Order
from tests.orders.test_checkout_pages import CHECKOUT, filled_in
from tests.support import factories
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
PAGE, NEW = "/account/addresses/", "/account/addresses/new/"
HOME = {"name": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "country": "GB"}
HOME |= {"postcode": "SW1Y 4JH", "line2": "", "region": "", "phone": ""}
WORK = HOME | {"line1": "Dorset Street 1", "name": "Charles Babbage"}


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client(customer):
    return client_of(customer)


def keep(user, fields=HOME):
    addresses.save_address(user, address=Address(**fields))
    return addresses.list_addresses(user)[0]


def kept(user):
    return [each.address.as_dict() for each in addresses.list_addresses(user)]


def value_of(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1].replace("&#x27;", "'")


def test_an_address_is_added_changed_and_removed(client, customer):
    assert "No addresses yet" in client.get(PAGE).content.decode()
    assert client.post(NEW, HOME)["Location"] == PAGE
    assert kept(customer) == [HOME]
    one = f"{PAGE}{SavedAddress.objects.get().pk}/"
    assert value_of(client.get(one).content.decode(), "line1") == HOME["line1"]
    client.post(one, WORK)
    assert kept(customer) == [WORK]
    client.post(f"{one}remove/")
    client.post(f"{one}remove/")
    assert kept(customer) == []


def test_what_is_missing_or_nonsense_is_said_and_nothing_is_kept(client, customer):
    response = client.post(NEW, HOME | {"city": "", "country": "XX", "line1": "x" * 201})
    assert response.status_code == 422
    assert "There is a problem" in response.content.decode()
    assert kept(customer) == []


@pytest.mark.parametrize("address_id", ["none", "0" * 24, "../1"])
def test_an_address_that_there_is_not_is_not_found(client, address_id):
    assert client.get(f"{PAGE}{address_id}/").status_code == 404


def test_nobody_reaches_anothers_address(customer, stranger):
    row = keep(customer)
    other = client_of(stranger)
    assert other.get(f"{PAGE}{row.pk}/").status_code == 404
    assert other.post(f"{PAGE}{row.pk}/", WORK).status_code == 404
    for step in ("prefer", "remove"):
        other.post(f"{PAGE}{row.pk}/{step}/")
    assert kept(customer) == [HOME]
    add_item(user=stranger, product_id=factories.product().product_id, qty=1)
    assert HOME["name"] not in other.get(f"{CHECKOUT}?address={row.pk}").content.decode()


def test_the_same_address_is_kept_once_and_there_is_an_end(customer):
    for _ in range(2):
        keep(customer)
    assert kept(customer) == [HOME]
    for number in range(addresses.MAX_ADDRESSES - 1):
        keep(customer, HOME | {"line1": f"Street {number}"})
    with pytest.raises(addresses.TooManyAddresses):
        keep(customer, WORK)
    assert len(kept(customer)) == addresses.MAX_ADDRESSES


def keeps_one(customer, keep_at_once):
    assert at_once(8, lambda: keep_at_once(customer, address=Address(**HOME))) == [None] * 8
    assert kept(customer) == [HOME]


def test_a_double_click_keeps_one(customer):
    keeps_one(customer, addresses.save_address)


def test_what_reads_first_and_then_keeps_would_keep_several(customer):
    """The control."""
    numbers = count()

    def naive(user, address):
        if not SavedAddress.objects.filter(user=user).exists():
            sleep(0.2)
            SavedAddress.objects.create(user=user, address=address, key=f"{next(numbers)}")

    with pytest.raises(AssertionError):
        keeps_one(customer, naive)


def test_one_that_is_changed_into_another_is_that_one(client, customer):
    first = keep(customer)
    keep(customer, WORK)
    assert client.post(f"{PAGE}{first.pk}/", WORK)["Location"] == PAGE
    assert kept(customer) == [WORK]


@pytest.fixture
def shopper(client, customer, product):
    add_item(user=customer, product_id=product.product_id, qty=1)
    return client


def test_the_checkout_has_the_first_one_filled_in_or_the_one_that_is_chosen(shopper, customer):
    first = keep(customer)
    keep(customer, WORK)
    assert value_of(shopper.get(CHECKOUT).content.decode(), "line1") == WORK["line1"]
    page = shopper.get(f"{CHECKOUT}?address={first.pk}").content.decode()
    assert value_of(page, "line1") == HOME["line1"]
    assert value_of(page, "email") == customer.email
    shopper.post(f"{PAGE}{first.pk}/prefer/")
    assert value_of(shopper.get(CHECKOUT).content.decode(), "line1") == HOME["line1"]


def test_what_was_typed_stays_until_the_order_is_placed(shopper, customer):
    keep(customer)
    shopper.post(CHECKOUT, filled_in(shopper.get(CHECKOUT).content.decode(), line1="Typed 1", city=""))
    page = shopper.get(CHECKOUT).content.decode()
    assert value_of(page, "line1") == "Typed 1"
    shopper.post(CHECKOUT, filled_in(page, line1="Typed 1"))
    assert Order.objects.get().shipping_address.line1 == "Typed 1"
    add_item(user=customer, product_id=factories.product().product_id, qty=1)
    assert value_of(shopper.get(CHECKOUT).content.decode(), "line1") == HOME["line1"]


@pytest.mark.parametrize(("ticked", "number"), [({"keep": "on"}, 1), ({}, 0)])
def test_the_address_of_an_order_is_kept_where_that_is_wanted(shopper, customer, ticked, number):
    shopper.post(CHECKOUT, filled_in(shopper.get(CHECKOUT).content.decode(), **ticked))
    assert len(kept(customer)) == number


def test_a_full_list_does_not_stop_an_order(shopper, customer):
    for number in range(addresses.MAX_ADDRESSES):
        keep(customer, HOME | {"line1": f"Street {number}"})
    fields = filled_in(shopper.get(CHECKOUT).content.decode(), line1="Another 1", keep="on")
    page = shopper.post(CHECKOUT, fields, follow=True).content.decode()
    assert Order.objects.get().shipping_address.line1 == "Another 1"
    assert "You can save at most 20 addresses." in page


def test_a_guest_is_not_asked(product):
    guest = Client()
    guest.post(f"/cart/add/{product.product_id}/", {"qty": 1})
    page = guest.get(CHECKOUT).content.decode()
    assert 'name="keep"' not in page
    guest.post(CHECKOUT, filled_in(page, keep="on"))
    assert Order.objects.exists()
    assert not SavedAddress.objects.exists()


def test_a_name_is_filled_in_where_an_address_is_asked_for(shopper, customer):
    shopper.post("/account/profile/", {"name": "Ada Lovelace"})
    assert "Ada Lovelace" in shopper.get("/account/").content.decode()
    for page in (NEW, CHECKOUT):
        assert value_of(shopper.get(page).content.decode(), "name") == "Ada Lovelace"


def test_they_are_taken_along(customer):
    keep(customer)
    assert export_account(customer)["addresses"] == [HOME]
