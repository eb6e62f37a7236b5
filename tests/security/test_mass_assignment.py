"""A body changes what its route is for. What else it names is ignored, and never written."""

import json
from typing import Any

import pytest
from bson import Decimal128, ObjectId
from rest_framework.test import APIClient

from ecommerce.core.db import connection
from tests import conftest
from tests.security.bodies import BODIES, FORMS
from tests.security.routes import API
from tests.security.world import BROWSERS, HEADERS, World
from tests.support.admin_pages import office_of

pytestmark = pytest.mark.django_db
EXTRA: dict[str, Any] = {
    "id": "5f5f5f5f5f5f5f5f5f5f5f5f", "_id": "5f5f5f5f5f5f5f5f5f5f5f5f", "user": "x", "user_id": "x",
    "owner": "u:x", "role": "admin", "is_superuser": True, "groups": ["x"], "is_admin": True,
    "hashed_password": "x", "token_version": 7, "version": 7, "email_verified_at": "2020-01-01T00:00:00Z",
    "email_verified": True, "erased_at": "2020-01-01T00:00:00Z", "created_at": "2020-01-01T00:00:00Z",
    "on_hold": 7, "total": 0.01, "subtotal": 0.01, "discount": 7, "shipping": 0, "tax": 0, "unit_price": 0.01,
    "status": "paid", "paid_at": "2020-01-01T00:00:00Z", "items": [], "number": "AAAAAAAAAA", "refunded": 7,
    "received": 7, "paid_back": 7, "fulfilment": "shipped", "failures": 0, "gateway": "x", "reference": "x",
    "redirect_url": "https://evil.example", "outcome": "success", "scopes": ["*"], "locked_until": 0,
    "$set": {"role": "admin"}, "items.0.unit_price": 0.01, "__class__": "x", "generation": 7, "counts": {},
}  # fmt: skip
# What a product has is an admin's to write, and no other route's.
OF_PRODUCTS = {"inventory": 777, "price": 0.01, "is_active": False, "slug": "x-x"}
COLLECTIONS = (
    "users", "products", "orders", "payments", "refunds", "carts", "stock_movements", "token_families",
    "sign_in_attempts", "one_time_tokens", "email_changes", "audit_entries", "outbox",
)  # fmt: skip


def shape(value: Any, name: str = "") -> Any:
    """A stored value without what differs from one run to the next."""
    if name in VARYING:
        return "varying"
    if isinstance(value, dict):
        return {key: shape(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each, name) for each in value]
    if isinstance(value, str) and name in (
        "role",
        "status",
        "fulfilment",
        "refund_status",
        "kind",
        "currency",
    ):
        return value
    return value if isinstance(value, bool | int | float | Decimal128 | None) else type(value).__name__


VARYING = {"product_id", "changed", "search_terms"}  # of names with numbers in them


def stored() -> dict[str, Any]:
    return {
        name: sorted((shape(row) for row in connection.database[name].find()), key=repr)
        for name in COLLECTIONS
    }


def after(row: str, extra: dict[str, Any], who: str) -> tuple[int, dict[str, Any]]:
    """The answer's status and all that is stored, in a world of its own."""
    conftest.empty_database()
    world, api = World(), APIClient(raise_request_exception=False)
    method, route = row.split(" ", 1)
    url, body = world.path(API + route), BODIES[row](world)
    answer = api.generic(
        method, url, json.dumps({**extra, **body}), "application/json", headers=HEADERS[who](world)
    )
    return answer.status_code, stored()


@pytest.mark.parametrize("row", sorted(BODIES))
def test_a_body_writes_what_its_route_is_for_and_nothing_else(row: str) -> None:
    of_admins = "admin" in row or row == "POST auth/role"
    extra = EXTRA | ({} if row.endswith(("admin/products", "admin/products/<str:pk>")) else OF_PRODUCTS)
    who = "admin" if of_admins else "customer"
    plain = after(row, {}, who)
    assert plain[0] < 300 or row in REFUSED, plain[0]
    assert after(row, extra, who) == plain


REFUSED = {"POST payments/webhooks/<str:gateway>"}


@pytest.mark.parametrize("row", sorted(FORMS))
def test_a_form_writes_its_fields_and_nothing_else(row: str) -> None:
    def sent(extra: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        conftest.empty_database()
        world = World()
        data = {name: str(value) for name, value in extra.items()} | FORMS[row](world)
        response = BROWSERS["customer"](world).post(world.path(row.removeprefix("POST ")), data)
        return response.status_code, stored()

    extra = {name: value for name, value in (EXTRA | OF_PRODUCTS).items() if name != "outcome"}
    assert sent(extra) == sent({})


def test_the_back_office_writes_no_field_that_its_page_does_not_show(
    staff: Any, product: Any, customer: Any
) -> None:
    office = office_of(staff)
    office.post(
        f"/admin/catalog/product/{product.pk}/change/", {"on_hold": "7", "created_at_0": "2020-01-01"}
    )
    page = f"/admin/accounts/user/{customer.pk}/change/"
    office.post(
        page,
        {
            "email": customer.email,
            "role": "user",
            "is_active": "on",
            "token_version": "7",
            "password": "x",
            "is_superuser": "on",
        },
    )
    product.refresh_from_db()
    stored = connection.database["users"].find_one({"_id": ObjectId(customer.pk)})
    assert product.on_hold == 0
    assert (stored["role"], stored["hashed_password"]) == ("user", customer.password)
    assert stored["token_version"] < 7


def test_a_difference_would_be_seen(product: Any) -> None:
    """The control."""
    before = stored()
    connection.database["products"].update_one({"_id": product.pk}, {"$set": {"on_hold": 7}})
    assert stored() != before
    connection.database["products"].update_one({"_id": product.pk}, {"$set": {"on_hold": 0, "items.0": 1}})
    assert stored() != before
