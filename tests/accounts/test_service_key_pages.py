"""Admins create and revoke service keys in the admin."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ServiceKey
from accounts.service_keys import services as service_keys
from tests.support.admin_pages import Form, office_of, url

pytestmark = pytest.mark.django_db
ALL_ORDERS = "/api/v1/orders/admin/all"
ADD, LIST = url(ServiceKey, "add"), url(ServiceKey, "changelist")


@pytest.fixture
def office(staff):
    return office_of(staff)


@pytest.fixture
def key(staff):
    month = timezone.now() + timedelta(days=30)
    return service_keys.create_key(name="Warehouse", scopes=["orders:read"], expires_at=month, by=staff)[0]


def create_key(office, **fields):
    return Form(office, ADD).send(**{"name": "Warehouse", "scopes": ["orders:read"], "days": "90"} | fields)


def test_the_key_is_shown_once_and_works(office, api):
    response = create_key(office)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    text = re.search(r"Authorization: (Api-Key [0-9a-f]{12}\.[\w-]{43})", response.content.decode())[1]
    assert api.get(ALL_ORDERS, HTTP_AUTHORIZATION=text).status_code == 200
    secret = text.split(".")[1]
    assert secret not in str(response.cookies)
    key = ServiceKey.objects.get()
    for page in (LIST, url(ServiceKey, "change", key.pk), url(ServiceKey, "history", key.pk)):
        shown = office.get(page).content.decode()
        assert "Warehouse" in shown
        assert secret not in shown
        assert key.secret_hash not in shown


def test_a_key_stores_its_creator_and_its_expiry(office, staff):
    create_key(office, days="30")
    key = ServiceKey.objects.get()
    assert (key.name, key.scopes, key.created_by_id) == ("Warehouse", ["orders:read"], staff.pk)
    assert timedelta(days=29) < key.expires_at - timezone.now() <= timedelta(days=30)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"days": "9999"}, "days"),
        ({"days": ""}, "days"),
    ],
)
def test_invalid_input_is_reported_at_its_field_and_no_key_is_created(office, fields, field):
    response = create_key(office, **fields)
    assert field in response.context["adminform"].form.errors
    assert not ServiceKey.objects.exists()


def test_revoking_a_key_asks_for_confirmation(office, key):
    page = url(ServiceKey, "change", key.pk)
    revoke = page.replace("/change/", "/revoke/")
    assert revoke in office.get(page).content.decode()
    office.get(revoke)
    assert ServiceKey.objects.get().is_valid()
    assert Form(office, revoke).send().status_code == 302
    assert not ServiceKey.objects.get().is_valid()
    shown = office.get(page).content.decode()
    assert revoke not in shown
    assert "revoked" in shown


def test_an_expired_key_is_shown_as_expired(office, key):
    ServiceKey.objects.update(expires_at=timezone.now())
    assert "expired" in office.get(LIST).content.decode()


@pytest.mark.parametrize("role", ["support", "manager"])
def test_only_admins_may_manage_keys(key, request, role):
    office = office_of(request.getfixturevalue(role))
    pages = [LIST, ADD, url(ServiceKey, "change", key.pk)]
    revoke = url(ServiceKey, "change", key.pk).replace("/change/", "/revoke/")
    assert [office.get(page).status_code for page in [*pages, revoke]] == [403] * 4
    assert office.post(revoke).status_code == 403
    assert ServiceKey.objects.get().is_valid()
