"""The errors of the API, which have one shape, reveal nothing and repeat no input."""

import logging

import pytest
from pymongo.errors import NetworkTimeout
from pymongo.synchronous.pool import Connection
from rest_framework.test import APIClient

from accounts.models import User
from tests.site.test_schema import PUBLIC, operations, schema  # noqa: F401  # a fixture
from tests.support.answers import refused

pytestmark = pytest.mark.django_db
ADD = "/api/v1/cart/add"
SECRET = "zq-the-value-that-was-sent-zq"


def post(api, body, url=ADD, content_type="application/json"):
    return api.post(url, body, content_type=content_type)


@pytest.fixture
def steady_api():
    """A client that returns a 500 instead of raising its exception."""
    return APIClient(raise_request_exception=False)


class TestUnknownRoutes:
    PATHS = (
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/products",
        "/api/v1/nothing",
        "/api/v1/products/",
        "/api/v1/products/x/",
        "/api/v1/products/x/y",
        "/api/v1/cart/",
        "/api/v1/auth",
        "/api/v1/orders/admin/",
        "/api/v1//products",
        "/api/v1/%00",
        "/api/v1/%ff%fe",
        "/api/v1/a%0Ab",
        "/api/v1/../admin",
    )

    @pytest.mark.parametrize("debug", [False, True])
    def test_every_method_gets_a_404(self, api, settings, debug):
        settings.DEBUG = debug
        for path in self.PATHS:
            for method in (api.get, api.post, api.put, api.patch, api.delete, api.options):
                refused(method(path), 404)

    def test_no_token_is_needed_and_a_bad_one_is_ignored(self, api):
        refused(api.get("/api/v1/nothing", HTTP_AUTHORIZATION="Bearer nonsense"), 404)

    def test_a_path_that_only_begins_like_the_api_gets_a_page(self, client):
        assert client.get("/apiary")["Content-Type"].startswith("text/html")


class TestMethods:
    def test_every_route_refuses_every_other_method(self, staff_api, schema):  # noqa: F811
        methods_of = {}
        for method, path, _ in operations(schema):
            methods_of.setdefault(path, set()).add(method)
        for path, methods in methods_of.items():
            url = path.replace("{id}", "5f5f5f5f5f5f5f5f5f5f5f5f").replace("{slug}", "x")
            url = url.replace("{order_id}", "5f5f5f5f5f5f5f5f5f5f5f5f")
            for method in {"get", "post", "put", "patch", "delete"} - methods:
                response = getattr(staff_api, method)(url)
                answer = refused(response, 405, "This route does not take this method.")
                assert answer["code"] == "method_not_allowed"
                assert {name.strip().lower() for name in response["Allow"].split(",")} >= methods

    def test_an_unknown_method_is_refused(self, staff_api):
        refused(staff_api.generic("BREW", "/api/v1/cart"), 405)


class TestBodies:
    NO_JSON = (
        "",
        "{",
        "{}}",
        "{'a': 1}",
        '{"a": 1,}',
        "NaN",
        '{"qty": NaN}',
        '{"qty": Infinity}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "[" * 50_000 + "]" * 50_000,
        "1" * 100_000,
        '"\x00"',
        b"\xff\xfe{\x00}\x00",
        b'{"a": "\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        b"\x00",
    )

    def test_invalid_json_gets_a_400(self, customer_api, subtests):
        for body in self.NO_JSON:
            with subtests.test(body=body[:24]):
                refused(post(customer_api, body), 400)

    NO_OBJECT = ("[]", "[{}]", '"text"', "5", "1.5", "null", "true", '[["product_id", 1]]')

    def test_json_other_than_an_object_gets_a_400_on_every_route_with_a_body(self, staff_api, subtests):
        for url in ("/auth/signup", "/auth/login", "/auth/promote-to-admin", "/cart/add", "/cart/remove"):
            for body in self.NO_OBJECT:
                with subtests.test(url=url, body=body):
                    refused(post(staff_api, body, f"/api/v1{url}"), 400)

    NUMBERS = (
        "{}",
        '{"$gt": 0}',
        "[]",
        "[[1]]",
        '"\\ud800"',
        '"\\u0000"',
        "9223372036854775808",
        "-9223372036854775809",
        "1e400",
        "1e-400",
        "1" * 4299,
        "null",
        "true",
        '{"a":' * 500 + "1" + "}" * 500,
    )

    @pytest.mark.parametrize(("field", "other"), [("product_id", "qty"), ("qty", "product_id")])
    def test_an_invalid_number_gets_a_400_for_its_field(self, customer_api, field, other):
        for value in self.NUMBERS:
            refused(post(customer_api, f'{{"{field}": {value}, "{other}": 1}}'), 400, field=field)

    @pytest.mark.parametrize(
        "content_type",
        [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/json",
            "x",
        ],
    )
    def test_another_content_type_gets_a_415(self, customer_api, content_type):
        answer = refused(post(customer_api, "a=1", content_type=content_type), 415)
        assert answer["code"] == "unsupported_media_type"

    @pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
    def test_json_with_a_charset_or_in_capitals_is_accepted(self, customer_api, product, content_type):
        body = f'{{"product_id": {product.product_id}, "qty": 1}}'
        assert post(customer_api, body, content_type=content_type).status_code == 200

    @pytest.mark.parametrize("size", [1_000_001, 3_000_000])
    def test_a_body_over_a_megabyte_gets_a_413(self, customer_api, api, size):
        for client in (customer_api, api):
            refused(post(client, b" " * size), 413)
        refused(post(api, b" " * size, "/api/v1/nothing"), 413)

    @pytest.mark.parametrize("url", [ADD, "/api/v1/auth/login", "/api/v1/payments/webhooks/stripe"])
    def test_a_body_of_unknown_length_gets_a_411_and_does_not_count_as_empty(self, customer_api, url):
        chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
        refused(customer_api.post(url, {"product_id": 1, "qty": 1}, **chunked), 411)

    def test_a_body_of_a_megabyte_is_read(self, customer_api, product):
        body = f'{{"product_id": {product.product_id}, "qty": 1, "x": ""}}'
        body = body.replace('""', f'"{"x" * (1_000_000 - len(body))}"')
        assert len(body) == 1_000_000
        assert post(customer_api, body).status_code == 200

    @pytest.mark.parametrize("length", ["-1", "x", "", "\xb2", "1e9"])
    def test_a_content_length_that_is_not_a_number_is_ignored(self, customer_api, length):
        response = customer_api.post(ADD, "{}", content_type="application/json", CONTENT_LENGTH=length)
        refused(response, 400)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*;q=0.1", "nonsense", "*/*", ""])
def test_the_answer_is_json_for_every_accept_header(api, product, accept):
    response = api.get("/api/v1/products", HTTP_ACCEPT=accept)
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    refused(api.get("/api/v1/cart", HTTP_ACCEPT=accept), 401)


ECHOES = [
    ("post", "/auth/signup", {"email": SECRET, "password": "short"}),
    ("post", "/auth/signup", {"email": "a@example.com", "password": SECRET * 9}),
    ("post", "/auth/login", {"email": "a@example.com", "password": SECRET}),
    ("post", "/auth/login", {"email": SECRET}),
    ("post", "/auth/promote-to-admin", {"email": f"{SECRET}@example.com"}),
    ("get", f"/products?sort={SECRET}&limit={SECRET}&skip={SECRET}&min_price={SECRET}", None),
    ("get", f"/products?in_stock={SECRET}&product_id={SECRET}", None),
    ("get", f"/products/{SECRET}", None),
    ("post", "/cart/add", {"product_id": SECRET, "qty": SECRET}),
    ("post", "/cart/remove", {"product_id": {SECRET: SECRET}}),
    ("get", f"/orders/{SECRET}", None),
    ("get", f"/orders?limit={SECRET}", None),
    ("post", f"/payments/confirm?order_id={SECRET}", None),
    ("post", f"/payments/confirm?order_id=x&outcome={SECRET}", None),
    (
        "post",
        "/admin/products",
        {"price": SECRET, "slug": f"{SECRET} ", "image": SECRET, "is_active": SECRET},
    ),
    ("post", "/admin/products", {"product_id": SECRET, "slug": f"/{SECRET}", "inventory": SECRET}),
    ("post", "/admin/products", [SECRET]),
    ("patch", f"/admin/products/{SECRET}", {"name": SECRET}),
    ("delete", f"/admin/products/{SECRET}", None),
    ("get", f"/{SECRET}", None),
]


def test_no_error_repeats_its_input(staff_api, subtests):
    for method, path, body in ECHOES:
        with subtests.test(method=method, path=path, body=body):
            response = getattr(staff_api, method)(f"/api/v1{path}", body)
            assert 400 <= response.status_code < 500
            assert SECRET.encode() not in response.content
            refused(response, response.status_code)


def test_no_error_repeats_a_header(staff_api, api):
    for response in (
        post(staff_api, "{}", content_type=f"application/{SECRET}"),
        staff_api.generic(SECRET.upper(), "/api/v1/cart"),
        staff_api.post("/api/v1/checkout/create-order", HTTP_IDEMPOTENCY_KEY=f" {SECRET} é"),
        api.get("/api/v1/cart", HTTP_AUTHORIZATION=f"Bearer {SECRET}"),
        staff_api.get("/api/v1/cart", HTTP_HOST=f"{SECRET}.example"),
    ):
        refused(response, response.status_code)
        assert SECRET not in response.content.decode().lower()


class TestHeaders:
    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("products", 200),
            ("cart", 401),
            ("nothing", 404),
            ("auth/login", 405),
            ("products?limit=0", 400),
        ],
    )
    def test_every_answer_has_a_request_id_and_its_duration(self, api, path, status):
        response = api.get(f"/api/v1/{path}")
        assert response.status_code == status
        assert len(response["X-Request-ID"]) == 32
        assert float(response["X-Process-Time"].removesuffix("s")) >= 0

    def test_answers_that_reach_no_view_have_them_too(self, api, steady_api, monkeypatch):
        monkeypatch.setattr("catalog.queries._fill_list", raise_fault)
        for response, status in (
            (post(api, b" " * 1_000_001), 413),
            (api.get("/api/v1/products", HTTP_HOST="evil.example"), 400),
            (steady_api.get("/api/v1/products"), 500),
            (api.options("/api/v1/cart", HTTP_ORIGIN="x", HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET"), 200),
        ):
            assert response.status_code == status
            assert response["X-Request-ID"]
            assert response["X-Process-Time"].endswith("s")

    @pytest.mark.parametrize("request_id", ["abc-123", "A.b_c", "x" * 64])
    def test_a_valid_request_id_of_the_client_is_kept(self, api, request_id):
        assert api.get("/api/v1/products", HTTP_X_REQUEST_ID=request_id)["X-Request-ID"] == request_id

    def test_an_invalid_request_id_is_replaced(self, api, subtests):
        for given in ("", "x" * 65, "a b", "a\nb", "é", '"', "%0a"):
            with subtests.test(given=given):
                assert len(api.get("/api/v1/products", HTTP_X_REQUEST_ID=given)["X-Request-ID"]) == 32


def raise_fault(*args):
    raise RuntimeError(SECRET)


class TestFaults:
    def test_an_exception_gets_a_500_that_reveals_nothing(self, steady_api, monkeypatch, caplog):
        monkeypatch.setattr("catalog.queries._fill_list", raise_fault)
        response = steady_api.get("/api/v1/products")
        refused(response, 500, "Something went wrong on our side.")
        assert SECRET.encode() not in response.content
        (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
        assert SECRET in str(record.exc_info[1]), "the log has the stack trace"

    def test_another_host_gets_a_400(self, api):
        refused(api.get("/api/v1/products", HTTP_HOST="evil.example"), 400)

    def test_every_route_gets_a_503_with_retry_after_while_mongodb_is_away(
        self, api, customer_api, staff_api, product, mongodb_away
    ):
        number = product.product_id
        credentials = {"email": "a@example.com", "password": "SecurePass123"}
        fields = {"name": "A", "slug": "a", "price": 5}
        for response in (
            api.get("/api/v1/products"),
            api.get("/api/v1/products?q=x"),
            api.get(f"/api/v1/products/{product.slug}"),
            api.post("/api/v1/auth/signup", credentials),
            api.post("/api/v1/auth/login", credentials),
            customer_api.get("/api/v1/auth/me"),
            customer_api.get("/api/v1/cart"),
            customer_api.post(ADD, {"product_id": number, "qty": 1}),
            customer_api.post("/api/v1/cart/remove", {"product_id": number}),
            customer_api.post("/api/v1/checkout/create-order"),
            customer_api.get("/api/v1/orders"),
            customer_api.post(f"/api/v1/payments/confirm?order_id={product.pk}"),
            staff_api.post("/api/v1/admin/products", fields),
            staff_api.patch(f"/api/v1/admin/products/{product.pk}", {"name": "B"}),
            staff_api.delete(f"/api/v1/admin/products/{product.pk}"),
        ):
            answer = refused(response, 503)
            assert answer["code"] == "busy"
            assert int(response["Retry-After"]) >= 1

    def test_cached_answers_are_served_while_mongodb_is_away(self, api, product, request):
        before = api.get("/api/v1/products").content
        request.getfixturevalue("mongodb_away")
        assert api.get("/api/v1/products").content == before

    @pytest.mark.parametrize("command", ["find", "update", "insert", "commitTransaction"])
    def test_a_broken_connection_gets_a_503_or_a_success(self, staff_api, product, monkeypatch, command):
        """The driver retries where it may; no request ends as a 500."""
        send, breaks_left = Connection.command, [2]

        def breaking(self, dbname, spec, *args, **kwargs):
            if command in spec and breaks_left[0]:
                breaks_left[0] -= 1
                self.close_conn(None)
                error = NetworkTimeout("the connection broke")
                error._add_error_label("RetryableWriteError")
                raise error
            return send(self, dbname, spec, *args, **kwargs)

        monkeypatch.setattr(Connection, "command", breaking)
        response = staff_api.patch(f"/api/v1/admin/products/{product.pk}", {"inventory": 5})
        assert response.status_code in (200, 503), response.content
        monkeypatch.setattr(Connection, "command", send)
        assert staff_api.patch(f"/api/v1/admin/products/{product.pk}", {"inventory": 7}).status_code == 200


def test_query_operators_in_the_input_never_reach_the_database(api, customer):
    """Bodies and parameters that would be operators in a query are refused or ignored."""
    for body in (
        {"email": {"$ne": ""}, "password": {"$ne": ""}},
        {"email[$ne]": "", "password[$ne]": ""},
        {"email": "customer@example.com", "password": {"$regex": ".*"}},
    ):
        refused(api.post("/api/v1/auth/login", body), 400)
    assert api.get("/api/v1/products?q[$ne]=x&category[$gt]=&slug[$regex]=.*").json() == []
    assert User.objects.count() == 1
