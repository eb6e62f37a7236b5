"""The health routes for load balancers and orchestrators."""

import pytest

from tests.support.valkey import valkey  # noqa: F401  # a fixture

LIVE, READY = "/health/live", "/health/ready"


def test_live_needs_no_server(client):
    response = client.get(LIVE)  # without the mark: the database is not touched
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
class TestReady:
    def test_with_both_servers_the_shop_is_ok(self, client):
        response = client.get(READY)
        assert (response.status_code, response.json()) == (
            200,
            {"status": "ok", "mongodb": "ok", "redis": "ok"},
        )

    def test_without_redis_the_shop_is_degraded_and_serves(self, client, valkey):  # noqa: F811
        assert client.get(READY).json()["redis"] == "ok"
        valkey.stop()
        response = client.get(READY)
        assert response.status_code == 200
        assert response.json() == {"status": "degraded", "mongodb": "ok", "redis": "unavailable"}
        valkey.start()
        assert client.get(READY).json()["status"] == "ok"

    def test_with_redis_switched_off_the_shop_is_ok(self, client, settings):
        settings.REDIS_ENABLED = False
        assert client.get(READY).json() == {"status": "ok", "mongodb": "ok", "redis": "disabled"}

    def test_without_mongodb_the_shop_is_unavailable(self, client, mongodb_away):
        response = client.get(READY)
        assert response.status_code == 503
        assert response.json() == {"status": "unavailable", "mongodb": "unavailable", "redis": "ok"}
        assert client.get(LIVE).status_code == 200


@pytest.mark.parametrize("path", [LIVE, READY])
@pytest.mark.django_db
class TestBoth:
    def test_a_probe_may_use_any_host(self, client, path):
        assert client.get(path, HTTP_HOST="10.1.2.3:8000").status_code == 200

    def test_only_reading_methods_are_allowed(self, client, path):
        assert client.head(path).status_code == 200
        assert client.post(path).status_code == 405

    def test_the_answer_reveals_nothing_about_the_servers(self, client, path, mongodb_away):
        text = client.get(path).content.decode()
        assert "127.0.0.1" not in text
        assert "mongodb://" not in text

    def test_the_answer_has_the_usual_headers(self, client, path):
        response = client.get(path)
        assert response["X-Request-ID"]
        assert response["X-Process-Time"]
