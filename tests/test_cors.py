"""Other sites may call the API when they are named, and nothing but the API."""

import pytest

from tests.support.answers import refused

OURS = "http://localhost:3000"
ALLOW = "Access-Control-Allow-Origin"


def names(response, header):
    return {name.strip().lower() for name in response.get(header, "").split(",")}


def cors_headers(response):
    return [name for name in response.headers if name.startswith("Access-Control-")]


def preflight(api, path="/api/v1/cart/add", origin=OURS, **more):
    return api.options(path, HTTP_ORIGIN=origin, HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST", **more)


def test_a_preflight_of_a_named_origin_is_answered_without_a_token(api):
    response = preflight(api, HTTP_ACCESS_CONTROL_REQUEST_HEADERS="authorization,content-type")
    assert response.status_code == 200
    assert response[ALLOW] == OURS
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert names(response, "Access-Control-Allow-Methods") >= {"get", "post", "patch", "delete", "options"}
    allowed = names(response, "Access-Control-Allow-Headers")
    assert allowed >= {"authorization", "content-type", "accept", "idempotency-key", "x-request-id"}
    assert "*" not in allowed, "browsers ignore it beside credentials"


@pytest.mark.parametrize("origin", [OURS, "http://localhost:5173", "http://localhost:8080"])
@pytest.mark.django_db
def test_a_named_origin_may_read_the_answer_and_our_headers(api, origin):
    response = api.get("/api/v1/products", HTTP_ORIGIN=origin)
    assert response[ALLOW] == origin
    assert response["Access-Control-Allow-Credentials"] == "true"
    exposed = {"x-total-count", "x-request-id", "x-process-time", "retry-after"}
    assert names(response, "Access-Control-Expose-Headers") == exposed
    assert "origin" in names(response, "Vary")


@pytest.mark.django_db
def test_it_may_read_errors_too(api):
    for response, status in (
        (api.get("/api/v1/cart", HTTP_ORIGIN=OURS), 401),
        (api.get("/api/v1/nothing", HTTP_ORIGIN=OURS), 404),
        (api.get("/api/v1/products?limit=0", HTTP_ORIGIN=OURS), 400),
        (api.post("/api/v1/cart/add", "x", content_type="text/plain", HTTP_ORIGIN=OURS), 401),
        (api.generic("POST", "/api/v1/auth/login", b" " * 1_000_001, HTTP_ORIGIN=OURS), 413),
    ):
        refused(response, status)
        assert response[ALLOW] == OURS


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://localhost:3000",
        "http://localhost:3001",
        "http://localhost",
        "http://localhost:3000.evil.example",
        "http://evil.example#http://localhost:3000",
        "null",
        "",
        "*",
    ],
)
@pytest.mark.django_db
def test_any_other_origin_gets_no_header(api, origin):
    assert cors_headers(api.get("/api/v1/products", HTTP_ORIGIN=origin)) == []
    assert cors_headers(preflight(api, origin=origin)) == []


@pytest.mark.parametrize(
    "path", ["/", "/products/", "/cart/", "/admin/login/", "/health/live", "/openapi.json"]
)
@pytest.mark.django_db
def test_nothing_but_the_api_is_open(client, path):
    assert cors_headers(client.get(path, HTTP_ORIGIN=OURS)) == []
    assert cors_headers(preflight(client, path)) == []
