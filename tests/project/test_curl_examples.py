"""The curl examples of the specification work when only their base URL is changed."""

import shlex
from types import SimpleNamespace

import pytest
from rest_framework.test import APIClient

from catalog.samples import seed_samples

BASE = "http://localhost:8000"
SIGNUP = """
curl -X POST http://localhost:8000/auth/signup \\
  -H "Content-Type: application/json" \\
  -d '{
    "email": "john@example.com",
    "password": "SecurePass123"
  }'
"""
LOGIN = """
curl -X POST http://localhost:8000/auth/login \\
  -H "Content-Type: application/json" \\
  -d '{
    "email": "john@example.com",
    "password": "SecurePass123"
  }'
"""
ME = """
curl -X GET http://localhost:8000/auth/me \\
  -H "Authorization: Bearer YOUR_TOKEN_HERE"
"""
ALL_PRODUCTS = "curl http://localhost:8000/products"
SEARCH = 'curl "http://localhost:8000/products?q=laptop&skip=0&limit=10"'
PRODUCT = "curl http://localhost:8000/products/gaming-laptop-pro"
ADD = """
curl -X POST http://localhost:8000/cart/add \\
  -H "Authorization: Bearer YOUR_TOKEN_HERE" \\
  -H "Content-Type: application/json" \\
  -d '{
    "product_id": 1,
    "qty": 2
  }'
"""
CART = """
curl http://localhost:8000/cart \\
  -H "Authorization: Bearer YOUR_TOKEN_HERE"
"""
ORDER = """
curl -X POST http://localhost:8000/checkout/create-order \\
  -H "Authorization: Bearer YOUR_TOKEN_HERE"
"""
CONFIRM = """
curl -X POST "http://localhost:8000/payments/confirm?order_id=507f1f77bcf86cd799439014&outcome=success" \\
  -H "Authorization: Bearer YOUR_TOKEN_HERE"
"""
ORDERS = """
curl http://localhost:8000/orders \\
  -H "Authorization: Bearer YOUR_TOKEN_HERE"
"""
CREATE = """
curl -X POST http://localhost:8000/admin/products \\
  -H "Authorization: Bearer ADMIN_TOKEN_HERE" \\
  -H "Content-Type: application/json" \\
  -d '{
    "product_id": 101,
    "name": "New Product",
    "slug": "new-product",
    "description": "Product description",
    "price": 99.99,
    "image": "https://example.com/image.jpg",
    "inventory": 50,
    "category": "Electronics",
    "is_active": true
  }'
"""
# The specification abbreviates the other fields by three dots.
UPDATE = """
curl -X PATCH http://localhost:8000/admin/products/507f1f77bcf86cd799439012 \\
  -H "Authorization: Bearer ADMIN_TOKEN_HERE" \\
  -H "Content-Type: application/json" \\
  -d '{
    "product_id": 101,
    "name": "Updated Product Name",
    "slug": "new-product",
    "description": "Product description",
    "price": 99.99,
    "image": "https://example.com/image.jpg",
    "inventory": 50,
    "category": "Electronics",
    "is_active": true
  }'
"""
DELETE = """
curl -X DELETE http://localhost:8000/admin/products/507f1f77bcf86cd799439012 \\
  -H "Authorization: Bearer ADMIN_TOKEN_HERE"
"""


def run(command, **replacements):
    """Run the example against this API with these words replaced, and return the parsed answer."""
    for word, value in replacements.items():
        assert word in command
        command = command.replace(word, value)
    request = parsed(command)
    sent = {"data": request.body, "content_type": request.headers.pop("Content-Type", "")}
    client = APIClient(headers=request.headers)
    response = client.generic(request.method, request.url.replace(BASE, "/api/v1"), **sent)
    assert response.status_code in (200, 201), response.content
    return response.json()


def parsed(command):
    """Return the request that a shell would make of the command."""
    request = SimpleNamespace(method="GET", url="", headers={}, body="")
    words = iter(shlex.split(command.replace("\\\n", " "))[1:])
    for word in words:
        if word == "-X":
            request.method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            request.headers[name] = value
        elif word == "-d":
            request.body = next(words)
        else:
            request.url = word
    return request


@pytest.fixture
def shop(db):
    seed_samples()


def test_the_examples_for_customers_work(shop, fsck):
    signed_up, logged_in = run(SIGNUP), run(LOGIN)
    assert signed_up.keys() == logged_in.keys() >= {"access_token", "token_type"}
    assert logged_in["token_type"] == "bearer"
    mine = {"YOUR_TOKEN_HERE": logged_in["access_token"]}

    me = run(ME, **mine)
    assert me.keys() >= {"id", "email", "role", "created_at"}
    assert (me["email"], me["role"]) == ("john@example.com", "user")

    assert len(run(ALL_PRODUCTS)) == 20
    assert "Gaming Laptop Pro" in [product["name"] for product in run(SEARCH)]
    laptop = run(PRODUCT)
    assert (
        laptop.items()
        >= {
            "product_id": 1,
            "name": "Gaming Laptop Pro",
            "slug": "gaming-laptop-pro",
            "price": 2499.99,
            "inventory": 15,
            "category": "Electronics",
            "is_active": True,
        }.items()
    )

    run(ADD, **mine)
    cart = run(CART, **mine)
    assert cart.keys() >= {"_id", "user_id", "items", "updated_at"}
    assert cart["user_id"] == me["id"]
    assert cart["items"][0].items() >= {"product_id": 1, "qty": 2}.items()

    order = run(ORDER, **mine)
    assert order == {"order_id": order["order_id"], "status": "pending", "total": 4999.98}
    paid = run(CONFIRM, **mine, **{"507f1f77bcf86cd799439014": order["order_id"]})
    assert paid == {"order_id": order["order_id"], "status": "paid"}
    (listed,) = run(ORDERS, **mine)
    assert (listed["id"], listed["status"]) == (order["order_id"], "paid")
    assert run(PRODUCT)["inventory"] in (13, 15), "what is cached may be a second old"
    fsck()


def test_the_examples_for_admins_work(shop, staff_api, fsck):
    run(SIGNUP)
    staff_api.post("/api/v1/auth/promote-to-admin", {"email": "john@example.com"})
    mine = {"ADMIN_TOKEN_HERE": run(LOGIN)["access_token"]}
    created = run(CREATE, **mine)
    assert (created["product_id"], created["price"], created["inventory"]) == (101, 99.99, 50)
    this = {"507f1f77bcf86cd799439012": created["_id"]}
    updated = run(UPDATE, **mine, **this)
    assert updated == created | {"name": "Updated Product Name"}
    deleted = run(DELETE, **mine, **this)
    assert deleted.keys() == {"message", "product_id", "slug", "name"}
    fsck()


def test_a_product_is_found_by_its_number(shop):
    """The specification's JavaScript looks up the product of each cart line like this."""
    (product,) = run("curl http://localhost:8000/products?product_id=5")
    assert product["product_id"] == 5
