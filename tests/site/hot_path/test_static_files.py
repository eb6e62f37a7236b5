"""Static files are sent whole, in parts and as 304; all other paths are left to Django."""

import pytest

from ecommerce.site.hot_path.application import HotPath
from tests.support.wsgi import send

CSS = "body { color: green }\n" * 40


@pytest.fixture
def get(db, settings, tmp_path):
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = False  # as without DEV_RELOAD
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "shop.css").write_text(CSS)

    def django(environ, start_response):
        start_response("404 Not Found", [])
        return [b"by Django"]

    application = HotPath(django)
    return lambda url, method="GET", **meta: send(application, url, method, **meta)


def test_a_file_is_sent_with_the_headers_of_every_response(get):
    reply = get("/static/css/shop.css", HTTP_X_REQUEST_ID="mine")
    assert (reply.status, reply.text) == ("200 OK", CSS)
    assert reply.header("Content-Type").startswith("text/css")
    assert reply.header("X-Content-Type-Options") == "nosniff"
    assert reply.header("Referrer-Policy") == "same-origin"
    assert (reply.header("X-Request-ID"), reply.header("X-Process-Time")[-1:]) == ("mine", "s")
    assert reply.header("Access-Control-Allow-Origin") == ""


def test_head_range_and_an_unchanged_file(get):
    whole = get("/static/css/shop.css")
    head = get("/static/css/shop.css", "HEAD")
    assert (head.body, head.header("Content-Length")) == (b"", str(len(CSS)))
    part = get("/static/css/shop.css", HTTP_RANGE="bytes=0-3")
    assert (part.status, part.body) == ("206 Partial Content", b"body")
    unchanged = get("/static/css/shop.css", HTTP_IF_NONE_MATCH=whole.header("ETag"))
    assert (unchanged.status, unchanged.body) == ("304 Not Modified", b"")


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/css/",
        "/static/css/none.css",
        "/static/../manage.py",
        "/static/css/%2e%2e/%2e%2e/x",
        "/s",
    ],
)
def test_other_paths_are_djangos(get, path):
    assert get(path).text == "by Django"


def test_other_methods_are_djangos(get):
    assert get("/static/css/shop.css", "POST").text == "by Django"


def test_plain_http_is_redirected_by_django(get, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert get("/static/css/shop.css").text == "by Django"
    secure = get("/static/css/shop.css", **{"wsgi.url_scheme": "https"})
    assert secure.status == "200 OK"
    assert "max-age" in secure.header("Strict-Transport-Security") or not settings.SECURE_HSTS_SECONDS
