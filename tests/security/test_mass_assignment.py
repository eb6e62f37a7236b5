"""A request writes the fields of its route. Other fields in its body are ignored."""

import json
from typing import Any

import pytest
from bson import Decimal128, ObjectId
from rest_framework.test import APIClient

from ecommerce.core.db import connection
from tests.security.bodies import BODIES, FORMS
from tests.security.routes import API
from tests.security.world import HEADERS, World, Worlds
from tests.support.admin_pages import office_of

pytestmark = pytest.mark.django_db
EXTRA: dict[str, Any] = {
    "id": "5f5f5f5f5f5f5f5f5f5f5f5f", "_id": "5f5f5f5f5f5f5f5f5f5f5f5f", "user": "x", "user_id": "x",
    "owner": "u:x", "role": "admin", "is_superuser": True, "groups": ["x"], "is_admin": True,
    "hashed_password": "x", "token_version": 7, "version": 7, "email_verified_at": "2020-01-01T00:00:00Z",
    "email_verified": True, "erased_at": "2020-01-01T00:00:00Z", "created_at": "2020-01-01T00:00:00Z",
    "on_hold": 7, "total": 0.01, "subtotal": 0.01, "discount": 7, "shipping": 0, "tax": 0, "unit_price": 0.01,
    "status": "paid", "paid_at": "2020-01-01T00:00:00Z", "items": [], "number": "AAAAAAAAAA",
    "refund_requested": 7, "received": 7, "refund_completed": 7, "fulfilment": "shipped", "failures": 0,
    "gateway": "x", "reference": "x", "redirect_url": "https://evil.example", "outcome": "success",
    "scopes": ["*"], "locked_until": 0, "$set": {"role": "admin"}, "items.0.unit_price": 0.01,
    "__class__": "x", "generation": 7, "counts": {},
}  # fmt: skip
# Only the routes that write products may write these.
PRODUCT_FIELDS = {"inventory": 777, "price": 0.01, "is_active": False, "slug": "x-x"}
REFUSED = {"POST payments/webhooks/<str:gateway>"}  # its body is not signed
VARYING = {"product_id", "changed", "search_terms"}  # of names with numbers in them
COLLECTIONS = (
    "users", "products", "orders", "payments", "refunds", "carts", "stock_movements", "token_families",
    "sign_in_attempts", "one_time_tokens", "email_changes", "audit_entries", "outbox",
)  # fmt: skip


def shape(value: Any, name: str = "") -> Any:
    """Return a stored value without the parts that differ between runs."""
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


def stored() -> dict[str, Any]:
    """Return the shape of every row in the collections."""
    return {
        name: sorted((shape(row) for row in connection.database[name].find()), key=repr)
        for name in COLLECTIONS
    }


@pytest.mark.exhaustive
def test_a_body_writes_only_the_fields_of_its_route(subtests: pytest.Subtests) -> None:
    worlds = Worlds()
    for row in sorted(BODIES):
        with subtests.test(route=row):
            plain = send_body(worlds.fresh(), row, {})
            assert plain[0] < 300 or row in REFUSED, plain[0]
            assert send_body(worlds.fresh(), row, extra_fields(row)) == plain


def extra_fields(row: str) -> dict[str, Any]:
    """Return the fields to add to a body of this route."""
    writes_products = row.endswith(("admin/products", "admin/products/<str:pk>"))
    return EXTRA if writes_products else EXTRA | PRODUCT_FIELDS


def send_body(world: World, row: str, extra: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Send the route's body with extra fields; return the status and everything that is stored."""
    caller = "admin" if "admin" in row or row == "POST auth/role" else "customer"
    method, route = row.split(" ", 1)
    url, body = world.path(API + route), BODIES[row](world)
    client = APIClient(raise_request_exception=False)
    answer = client.generic(
        method, url, json.dumps({**extra, **body}), "application/json", headers=HEADERS[caller](world)
    )
    return answer.status_code, stored()


def test_a_form_writes_only_its_own_fields(subtests: pytest.Subtests) -> None:
    worlds = Worlds(browsers=["customer"])
    extra = {name: value for name, value in (EXTRA | PRODUCT_FIELDS).items() if name != "outcome"}
    for row in sorted(FORMS):
        with subtests.test(route=row):
            assert send_form(worlds, row, extra) == send_form(worlds, row, {})


def send_form(worlds: Worlds, row: str, extra: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Send the route's form with extra fields; return the status and everything that is stored."""
    world = worlds.fresh()
    data = {name: str(value) for name, value in extra.items()} | FORMS[row](world)
    response = worlds.browser("customer").post(world.path(row.removeprefix("POST ")), data)
    return response.status_code, stored()


def test_the_back_office_writes_only_the_fields_that_its_page_shows(
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


def test_a_difference_would_be_noticed(product: Any) -> None:
    """The control for the tests above."""
    before = stored()
    connection.database["products"].update_one({"_id": product.pk}, {"$set": {"on_hold": 7}})
    assert stored() != before
    connection.database["products"].update_one({"_id": product.pk}, {"$set": {"on_hold": 0, "items.0": 1}})
    assert stored() != before
