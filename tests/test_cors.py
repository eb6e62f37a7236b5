"""CORS: configured origins may call the API, and nothing else."""

import pytest

from tests.support.answers import refused

CONFIGURED = "http://localhost:3000"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"


def names(response, header):
    return {name.strip().lower() for name in response.get(header, "").split(",")}


def cors_headers(response):
    return [name for name in response.headers if name.startswith("Access-Control-")]


def preflight(api, path="/api/v1/cart/add", origin=CONFIGURED, **more):
    return api.options(path, HTTP_ORIGIN=origin, HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST", **more)


def test_a_preflight_of_a_configured_origin_needs_no_token(api):
    response = preflight(api, HTTP_ACCESS_CONTROL_REQUEST_HEADERS="authorization,content-type")
    assert response.status_code == 200
    assert response[ALLOW_ORIGIN] == CONFIGURED
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert names(response, "Access-Control-Allow-Methods") >= {"get", "post", "patch", "delete", "options"}
    allowed = names(response, "Access-Control-Allow-Headers")
    assert allowed >= {"authorization", "content-type", "accept", "idempotency-key", "x-request-id"}
    assert "*" not in allowed, "browsers ignore it beside credentials"


@pytest.mark.parametrize("origin", [CONFIGURED, "http://localhost:5173", "http://localhost:8080"])
@pytest.mark.django_db
def test_a_configured_origin_may_read_the_answer_and_our_headers(api, origin):
    response = api.get("/api/v1/products", HTTP_ORIGIN=origin)
    assert response[ALLOW_ORIGIN] == origin
    assert response["Access-Control-Allow-Credentials"] == "true"
    exposed = {"link", "x-total-count", "x-request-id", "x-process-time", "retry-after"}
    assert names(response, "Access-Control-Expose-Headers") == exposed
    assert "origin" in names(response, "Vary")


@pytest.mark.django_db
def test_a_configured_origin_may_read_errors(api):
    for response, status in (
        (api.get("/api/v1/cart", HTTP_ORIGIN=CONFIGURED), 401),
        (api.get("/api/v1/nothing", HTTP_ORIGIN=CONFIGURED), 404),
        (api.get("/api/v1/products?limit=0", HTTP_ORIGIN=CONFIGURED), 400),
        (api.post("/api/v1/cart/add", "x", content_type="text/plain", HTTP_ORIGIN=CONFIGURED), 401),
        (api.generic("POST", "/api/v1/auth/login", b" " * 1_000_001, HTTP_ORIGIN=CONFIGURED), 413),
    ):
        refused(response, status)
        assert response[ALLOW_ORIGIN] == CONFIGURED


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
def test_other_origins_get_no_header(api, origin):
    assert cors_headers(api.get("/api/v1/products", HTTP_ORIGIN=origin)) == []
    assert cors_headers(preflight(api, origin=origin)) == []


@pytest.mark.parametrize(
    "path", ["/", "/products/", "/cart/", "/admin/login/", "/health/live", "/openapi.json"]
)
@pytest.mark.django_db
def test_only_the_api_has_cors_headers(client, path):
    assert cors_headers(client.get(path, HTTP_ORIGIN=CONFIGURED)) == []
    assert cors_headers(preflight(client, path)) == []
