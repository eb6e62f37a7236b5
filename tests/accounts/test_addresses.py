"""Saved addresses on the account's pages and at the checkout."""

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


def create_address(user, fields=HOME):
    addresses.save_address(user, address=Address(**fields))
    return addresses.list_addresses(user)[0]


def addresses_of(user):
    return [each.address.as_dict() for each in addresses.list_addresses(user)]


def value_of(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1].replace("&#x27;", "'")


def test_an_address_is_added_changed_and_removed(client, customer):
    assert "No addresses yet" in client.get(PAGE).content.decode()
    assert client.post(NEW, HOME)["Location"] == PAGE
    assert addresses_of(customer) == [HOME]
    one = f"{PAGE}{SavedAddress.objects.get().pk}/"
    assert value_of(client.get(one).content.decode(), "line1") == HOME["line1"]
    client.post(one, WORK)
    assert addresses_of(customer) == [WORK]
    client.post(f"{one}remove/")
    client.post(f"{one}remove/")
    assert addresses_of(customer) == []


def test_an_invalid_address_shows_errors_and_is_not_saved(client, customer):
    response = client.post(NEW, HOME | {"city": "", "country": "XX", "line1": "x" * 201})
    assert response.status_code == 422
    assert "There is a problem" in response.content.decode()
    assert addresses_of(customer) == []


@pytest.mark.parametrize("address_id", ["none", "0" * 24, "../1"])
def test_an_unknown_address_is_not_found(client, address_id):
    assert client.get(f"{PAGE}{address_id}/").status_code == 404


def test_an_address_of_another_account_is_out_of_reach(customer, stranger):
    row = create_address(customer)
    other = client_of(stranger)
    assert other.get(f"{PAGE}{row.pk}/").status_code == 404
    assert other.post(f"{PAGE}{row.pk}/", WORK).status_code == 404
    for step in ("prefer", "remove"):
        other.post(f"{PAGE}{row.pk}/{step}/")
    assert addresses_of(customer) == [HOME]
    add_item(user=stranger, product_id=factories.product().product_id, qty=1)
    assert HOME["name"] not in other.get(f"{CHECKOUT}?address={row.pk}").content.decode()


def test_duplicates_are_not_saved_and_the_number_is_limited(customer):
    for _ in range(2):
        create_address(customer)
    assert addresses_of(customer) == [HOME]
    for number in range(addresses.MAX_ADDRESSES - 1):
        create_address(customer, HOME | {"line1": f"Street {number}"})
    with pytest.raises(addresses.TooManyAddresses):
        create_address(customer, WORK)
    assert len(addresses_of(customer)) == addresses.MAX_ADDRESSES


def check_concurrent_requests_save_one(customer, save):
    assert at_once(8, lambda: save(customer, address=Address(**HOME))) == [None] * 8
    assert addresses_of(customer) == [HOME]


def test_a_double_click_saves_one_address(customer):
    check_concurrent_requests_save_one(customer, addresses.save_address)


def test_control_reading_before_writing_saves_several(customer):
    """Negative control: the check above fails for code with a race."""
    numbers = count()

    def naive(user, address):
        if not SavedAddress.objects.filter(user=user).exists():
            sleep(0.2)
            SavedAddress.objects.create(user=user, address=address, key=f"{next(numbers)}")

    with pytest.raises(AssertionError):
        check_concurrent_requests_save_one(customer, naive)


def test_an_address_edited_into_a_duplicate_is_merged(client, customer):
    first = create_address(customer)
    create_address(customer, WORK)
    assert client.post(f"{PAGE}{first.pk}/", WORK)["Location"] == PAGE
    assert addresses_of(customer) == [WORK]


@pytest.fixture
def shopper(client, customer, product):
    add_item(user=customer, product_id=product.product_id, qty=1)
    return client


def test_the_checkout_is_prefilled_with_the_first_or_the_chosen_address(shopper, customer):
    first = create_address(customer)
    create_address(customer, WORK)
    assert value_of(shopper.get(CHECKOUT).content.decode(), "line1") == WORK["line1"]
    page = shopper.get(f"{CHECKOUT}?address={first.pk}").content.decode()
    assert value_of(page, "line1") == HOME["line1"]
    assert value_of(page, "email") == customer.email
    shopper.post(f"{PAGE}{first.pk}/prefer/")
    assert value_of(shopper.get(CHECKOUT).content.decode(), "line1") == HOME["line1"]


def test_typed_values_are_kept_until_the_order_is_placed(shopper, customer):
    create_address(customer)
    shopper.post(CHECKOUT, filled_in(shopper.get(CHECKOUT).content.decode(), line1="Typed 1", city=""))
    page = shopper.get(CHECKOUT).content.decode()
    assert value_of(page, "line1") == "Typed 1"
    shopper.post(CHECKOUT, filled_in(page, line1="Typed 1"))
    assert Order.objects.get().shipping_address.line1 == "Typed 1"
    add_item(user=customer, product_id=factories.product().product_id, qty=1)
    assert value_of(shopper.get(CHECKOUT).content.decode(), "line1") == HOME["line1"]


@pytest.mark.parametrize(("ticked", "number"), [({"keep": "on"}, 1), ({}, 0)])
def test_the_address_of_an_order_is_saved_if_the_box_is_ticked(shopper, customer, ticked, number):
    shopper.post(CHECKOUT, filled_in(shopper.get(CHECKOUT).content.decode(), **ticked))
    assert len(addresses_of(customer)) == number


def test_a_full_address_list_does_not_prevent_an_order(shopper, customer):
    for number in range(addresses.MAX_ADDRESSES):
        create_address(customer, HOME | {"line1": f"Street {number}"})
    fields = filled_in(shopper.get(CHECKOUT).content.decode(), line1="Another 1", keep="on")
    page = shopper.post(CHECKOUT, fields, follow=True).content.decode()
    assert Order.objects.get().shipping_address.line1 == "Another 1"
    assert "You can save at most 20 addresses." in page


def test_guests_are_not_offered_to_save_an_address(product):
    guest = Client()
    guest.post(f"/cart/add/{product.product_id}/", {"qty": 1})
    page = guest.get(CHECKOUT).content.decode()
    assert 'name="keep"' not in page
    guest.post(CHECKOUT, filled_in(page, keep="on"))
    assert Order.objects.exists()
    assert not SavedAddress.objects.exists()


def test_address_forms_are_prefilled_with_the_profile_name(shopper, customer):
    shopper.post("/account/profile/", {"name": "Ada Lovelace"})
    assert "Ada Lovelace" in shopper.get("/account/").content.decode()
    for page in (NEW, CHECKOUT):
        assert value_of(shopper.get(page).content.decode(), "name") == "Ada Lovelace"


def test_the_data_export_contains_the_addresses(customer):
    create_address(customer)
    assert export_account(customer)["addresses"] == [HOME]
