import pytest

from tests.support.answers import refused
from tests.support.api_clients import api_of

URL = "/api/v1/auth/promote-to-admin"


@pytest.mark.parametrize("email", ["customer@example.com", "Customer@EXAMPLE.com"])
def test_it_makes_a_user_an_admin(customer, staff_api, email):
    response = staff_api.post(URL, {"email": email})
    assert response.status_code == 200
    assert response.json() == staff_api.get("/api/v1/auth/me").json() | {
        "id": str(customer.pk),
        "email": customer.email,
        "role": "admin",
        "groups": ["admin"],
        "created_at": response.json()["created_at"],
    }
    customer.refresh_from_db()
    assert customer.is_superuser


def test_a_promoted_user_can_promote_after_signing_in_again(customer, customer_api, stranger, staff_api):
    refused(customer_api.post(URL, {"email": stranger.email}), 403)
    staff_api.post(URL, {"email": customer.email})
    refused(customer_api.post(URL, {"email": stranger.email}), 401)
    customer.refresh_from_db()
    assert api_of(customer).post(URL, {"email": stranger.email}).status_code == 200


def test_it_refuses_an_unknown_email(staff_api):
    refused(staff_api.post(URL, {"email": "unknown@example.com"}), 404, "User not found")


def test_it_refuses_an_existing_admin(staff, staff_api):
    refused(staff_api.post(URL, {"email": staff.email}), 400, "User is already an admin")


def test_only_admins_may_promote(customer, customer_api, api):
    refused(customer_api.post(URL, {"email": customer.email}), 403)
    refused(api.post(URL, {"email": customer.email}), 401)
    customer.refresh_from_db()
    assert not customer.is_superuser


@pytest.mark.parametrize("email", ["", "no-email", None, {"$ne": ""}, ["customer@example.com"], "a\0@b.de"])
def test_it_refuses_a_bad_email(staff_api, email):
    refused(staff_api.post(URL, {"email": email}), 400, field="email")
