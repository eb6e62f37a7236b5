"""A gateway is one file and one line in GATEWAYS: everything else asks the registry."""

import pytest
from django.apps import apps
from django.test import Client

from ecommerce.core import logs
from ecommerce.core.outbox import queue as outbox
from payments.gateways import GATEWAYS, gateway
from payments.gateways.base import State
from tests.payments.helpers import payment_of, start, status, stock
from tests.payments.toy_gateway import ORIGIN
from tests.support import factories
from tests.support.production import PRODUCTION, error_message

KEY = "toy_live_1234"


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    """Add the one line to GATEWAYS, and start the app again so that it sees the line."""
    monkeypatch.setattr(logs, "_app_secrets", dict(logs._app_secrets))
    monkeypatch.setitem(GATEWAYS, "toy", "tests.payments.toy_gateway.Toy")
    gateway.cache_clear()
    apps.get_app_config("payments").ready()
    yield
    gateway.cache_clear()


@pytest.fixture
def toy(settings):
    """The provider, selected and configured."""
    settings.PAYMENT_PROVIDER, settings.TOY_API_KEY = "toy", KEY
    return gateway("toy")


@pytest.fixture
def order(customer, product):
    return factories.order(customer, (product, 3))


@pytest.mark.parametrize("environment", [{}, PRODUCTION], ids=["development", "production"])
class TestSettings:
    def test_a_missing_key_is_refused_by_name(self, load, environment):
        message = error_message(load, **environment | {"PAYMENT_PROVIDER": "toy"})
        assert message.removeprefix("Production is refused. ") == "TOY_API_KEY is missing."

    def test_the_key_is_read_from_the_environment(self, load, environment):
        read = load(**environment | {"PAYMENT_PROVIDER": "toy", "TOY_API_KEY": KEY})
        assert (read["PAYMENT_PROVIDER"], read["TOY_API_KEY"]) == ("toy", KEY)

    def test_the_key_is_not_needed_while_another_provider_is_selected(self, load, environment):
        assert load(**environment | {"PAYMENT_PROVIDER": "none"})["TOY_API_KEY"] == ""


@pytest.mark.parametrize("line", [f"The provider refused {KEY}.", "TOY_API_KEY='1234'", "TOY_API_KEY: 1234"])
def test_its_secrets_are_redacted_from_log_lines(line):
    assert "***" in logs.redact(line)
    assert "1234" not in logs.redact(line)


@pytest.mark.django_db
class TestPayments:
    @pytest.mark.parametrize(("path", "allowed"), [("/checkout/", True), ("/cart/", False)])
    def test_only_forms_of_paying_pages_may_redirect_to_it(self, toy, client, path, allowed):
        policy = client.get(path)["Content-Security-Policy"]
        assert (f"form-action 'self' {ORIGIN}" in policy) == allowed

    def test_the_payment_page_redirects_to_it(self, toy, customer, order):
        client = Client()
        client.force_login(customer)
        answer = client.post(f"/orders/{order.number}/pay/")
        assert answer["Location"] == f"{ORIGIN}/{payment_of(order).pk}"

    def test_a_payment_is_started_settled_and_refunded(
        self, toy, api, customer_api, staff_api, product, order, fsck
    ):
        started = start(customer_api, order).json()
        pk = started["payment_id"]
        assert (started["gateway"], started["redirect_url"]) == ("toy", f"{ORIGIN}/{pk}")
        assert stock(product) == (7, 3)

        toy.states[pk] = State.PAID
        webhook = "/api/v1/payments/webhooks/toy"
        body = {"payment": pk}
        assert api.post(webhook, body, headers={"X-Toy-Key": "forged"}).status_code == 400
        assert api.post(webhook, body, headers={"X-Toy-Key": KEY}).status_code == 200
        assert (status(order), stock(product)) == ("paid", (7, 0))
        shown = customer_api.get(f"/api/v1/payments/{pk}").json()
        assert (shown["gateway"], shown["status"]) == ("toy", "captured")

        refund = staff_api.post(f"/api/v1/admin/orders/{order.pk}/refund", {"reason": "Scratched"})
        assert refund.status_code == 200
        outbox.deliver_due()
        assert list(toy.refunds.values()) == [23997]
        assert status(payment_of(order)) == "refunded"
        fsck()

    def test_canceling_the_order_closes_the_session(self, toy, customer_api, product, order, fsck):
        start(customer_api, order)
        assert customer_api.post(f"/api/v1/orders/{order.pk}/cancel").json()["status"] == "canceled"
        assert stock(product) == (10, 0)
        assert list(toy.states.values()) == [State.CLOSED]
        fsck()

    def test_the_admin_lists_and_filters_its_payments(self, toy, customer_api, staff, order):
        start(customer_api, order)
        client = Client()
        client.force_login(staff)
        page = client.get("/admin/payments/payment/", {"gateway": "toy"}).content.decode()
        assert order.number in page
        assert "toy" in page
