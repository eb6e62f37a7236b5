"""The schema describes the API as it is, and its documentation pages load nothing from other hosts."""

import re
import threading
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from cart.serializers import cart_as_dict
from cart.services import get_cart
from catalog.product_fields import product_as_dict
from ecommerce import api_urls
from ecommerce.site import schema as site_schema
from payments.start import start_payment
from tests.support import factories
from tests.support.threads import at_once

PUBLIC = {
    ("post", "/api/v1/auth/signup"),
    ("post", "/api/v1/auth/login"),
    ("post", "/api/v1/cart/guest"),
    ("post", "/api/v1/auth/refresh"),
    ("post", "/api/v1/auth/verify-email"),
    ("post", "/api/v1/auth/password/forgot"),
    ("post", "/api/v1/auth/password/reset"),
    ("post", "/api/v1/auth/email/confirm"),
    ("get", "/api/v1/products"),
    ("get", "/api/v1/products/{slug}"),
    ("post", "/api/v1/payments/webhooks/{gateway}"),
}
EITHER_WAY = {"/api/v1/auth/logout"}  # with an access token or a refresh token
CREDENTIALS = {"/api/v1/auth/login", "/api/v1/auth/refresh"}


@pytest.fixture(scope="module")
def schema():
    response = Client().get("/openapi.json")
    assert response.status_code == 200
    return response.json()


def operations(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def keys_of(schema, name):
    return schema["components"]["schemas"][name]["properties"].keys()


@pytest.fixture
def builds(monkeypatch):
    """The threads that build a schema, each of which waits for the others; the first has yet to come."""
    threads, together, build = [], Barrier(4), SchemaGenerator.get_schema

    def counted(self, *args, **kwargs):
        threads.append(threading.get_ident())
        with suppress(BrokenBarrierError):
            together.wait(0.2)
        return build(self, *args, **kwargs)

    monkeypatch.setattr(SchemaGenerator, "get_schema", counted)
    site_schema._build.cache_clear()
    yield threads
    site_schema._build.cache_clear()


def test_of_several_first_requests_at_once_one_builds_the_schema(builds):
    answers = at_once(4, lambda: Client().get("/openapi.json"))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.content for answer in answers}) == len(builds) == 1
    Client().get("/openapi.json")
    assert len(builds) == 1


def test_without_a_lock_each_of_them_builds_it(builds):
    """The control of the test above."""
    at_once(4, site_schema._build)
    assert len(builds) == 4


def test_a_client_that_has_the_schema_is_told_so():
    etag = Client().get("/openapi.json")["ETag"]
    answer = Client().get("/openapi.json", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert Client().get("/openapi.json", headers={"Accept-Language": "de"})["ETag"] == etag


def test_the_schema_is_valid(schema):
    validate_schema(schema)


def test_the_schema_has_every_route_and_method(schema):
    routed = {
        (method, "/api/v1/" + re.sub(r"<str:(\w+)>", r"{\1}", str(route.pattern)))
        for route in api_urls.urlpatterns
        for method in route.callback.view_class.http_method_names
        if hasattr(route.callback.view_class, method) and method != "options"
    }
    shown = {(method, path.replace("{id}", "{pk}")) for method, path, _ in operations(schema)}
    assert shown == routed


def test_every_operation_has_a_unique_id_a_tag_and_a_description(schema):
    shown = [operation for _, _, operation in operations(schema)]
    assert len({operation["operationId"] for operation in shown}) == len(shown)
    assert all(operation["tags"] and operation["description"] for operation in shown)


CART_TOKEN = {"/api/v1/cart", "/api/v1/cart/add", "/api/v1/cart/remove", "/api/v1/checkout/create-order"}
ORDER_TOKEN = {
    "/api/v1/orders/{order_id}",
    "/api/v1/orders/{order_id}/cancel",
    "/api/v1/payments/start",
    "/api/v1/payments/confirm",
    "/api/v1/payments/{payment_id}",
}


PRODUCTS = {"/api/v1/products", "/api/v1/products/{slug}"}
SERVICE_KEY = PRODUCTS | {
    "/api/v1/orders/admin/all",
    "/api/v1/orders/{order_id}",
    "/api/v1/admin/products",
    "/api/v1/admin/products/{id}",
    *(
        f"/api/v1/admin/orders/{{order_id}}/{step}"
        for step in ("pack", "ship", "correct-parcel", "deliver", "cancel", "refund")
    ),
}
TOKENS = {"cartToken": CART_TOKEN, "orderToken": ORDER_TOKEN, "serviceKey": SERVICE_KEY}


def test_each_route_declares_its_credentials(schema):
    assert schema["components"]["securitySchemes"] == {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cartToken": {"type": "apiKey", "in": "header", "name": "X-Cart-Token"},
        "orderToken": {"type": "apiKey", "in": "header", "name": "X-Order-Token"},
        "serviceKey": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": schema["components"]["securitySchemes"]["serviceKey"]["description"],
        },
    }
    for method, path, operation in operations(schema):
        public = (method, path) in PUBLIC
        schemes = [] if public else ["bearer"]
        schemes += [name for name, paths in TOKENS.items() if path in paths]
        schemes += [""] if path in EITHER_WAY | PRODUCTS else []
        declared = [next(iter(scheme), "") for scheme in operation.get("security", [])]
        assert sorted(declared) == sorted(schemes), path
        checks = not public or path in CREDENTIALS | PRODUCTS
        assert ("401" in operation["responses"]) == checks, path


def test_the_answer_of_the_rate_limit_has_its_own_shape(schema):
    for _, path, operation in operations(schema):
        limited = operation["responses"].get("429")
        assert limited["content"]["application/json"]["schema"]["$ref"].endswith("/TooManyRequests"), path
    assert keys_of(schema, "TooManyRequests") == {"error", "message", "detail", "code"}
    assert keys_of(schema, "ErrorAnswer") == {"detail", "code", "errors"}


@pytest.mark.django_db
def test_answers_have_the_keys_of_the_schema(schema, customer, product):
    order = factories.order(customer, (product, 1))
    shown = {
        "ProductAnswer": product_as_dict(product),
        "OrderAnswer": order.as_dict(),
        "OrderItemAnswer": order.as_dict()["items"][0],
        "CartAnswer": cart_as_dict(get_cart(user=customer)),
        "UserAnswer": customer.as_dict(),
        "PaymentAnswer": start_payment(order=order)[0].as_dict(),
    }
    for name, answer in shown.items():
        assert keys_of(schema, name) == answer.keys(), name
        assert set(schema["components"]["schemas"][name]["required"]) == set(answer), name


def test_the_schema_shows_the_limits_of_the_page_size(schema):
    (limit,) = [
        parameter["schema"]
        for parameter in schema["paths"]["/api/v1/products"]["get"]["parameters"]
        if parameter["name"] == "limit"
    ]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 100, 20)


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
class TestPages:
    def test_it_names_no_other_host_and_loads_only_our_files(self, client, page):
        response = client.get(page)
        assert response.status_code == 200
        html = response.content.decode()
        assert not re.search(r"(https?:)?//[a-z]", re.sub(r"(?m)^\s*//.*|https?://[^\s\"']*\s", "", html))
        files = re.findall(r'(?:src|href)="([^"]+)"', html)
        assert files
        for file in files:
            assert file.startswith("/static/"), file
            assert finders.find(file.removeprefix("/static/")), file

    def test_it_reads_our_schema(self, client, page):
        assert "/openapi.json" in client.get(page).content.decode()

    def test_it_ignores_a_bad_token(self, client, page):
        assert client.get(page, HTTP_AUTHORIZATION="Bearer nonsense").status_code == 200


def test_swagger_ui_does_not_send_our_address_to_a_validator(client):
    assert '"validatorUrl": null' in client.get("/docs").content.decode()


def test_redoc_does_not_load_the_logo_of_its_maker(client):
    assert "img-src 'self' data:;" in client.get("/redoc")["Content-Security-Policy"]


def test_no_route_of_the_api_ends_with_a_slash():
    assert not [route for route in api_urls.urlpatterns if str(route.pattern).endswith("/")]
