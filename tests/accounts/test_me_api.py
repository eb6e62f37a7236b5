import re

from tests.support.answers import refused

URL = "/api/v1/auth/me"


def test_it_shows_the_signed_in_user(customer, customer_api):
    answer = customer_api.get(URL).json()
    assert answer.keys() == {"id", "email", "email_verified", "role", "groups", "created_at"}
    assert (answer["id"], answer["email"], answer["role"]) == (str(customer.pk), customer.email, "user")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer["created_at"])


def test_it_shows_the_role_of_an_admin(staff_api):
    assert staff_api.get(URL).json()["role"] == "admin"


def test_it_needs_a_token(api, db):
    response = api.get(URL)
    refused(response, 401)
    assert response["WWW-Authenticate"] == "Bearer"
