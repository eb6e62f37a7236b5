"""Programs authenticate with `Authorization: Api-Key prefix.secret` instead of a bearer token."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ServiceKey
from accounts.service_keys import services as service_keys
from ecommerce.core import audit
from ecommerce.core.errors import NotFound
from ecommerce.core.web.ratelimit import Rate
from orders.models import Order
from payments.services import confirm
from tests.support import factories
from tests.support.answers import refused
from tests.support.api_clients import api_of, key_api

pytestmark = pytest.mark.django_db
PRODUCTS, ALL_ORDERS = "/api/v1/products", "/api/v1/orders/admin/all"
ME = "/api/v1/auth/me"
TEA = {"name": "Tea", "slug": "tea", "price": "4.50"}


def send(api, text, path=ALL_ORDERS):
    return api.get(path, HTTP_AUTHORIZATION=f"Api-Key {text}")


@pytest.fixture
def key_and_text(staff):
    """Create a key that may read orders; return it with its text."""
    month = timezone.now() + timedelta(days=30)
    return service_keys.create_key(name="Warehouse", scopes=["orders:read"], expires_at=month, by=staff)


@pytest.fixture
def order(customer, product) -> Order:
    return factories.order(customer, (product, 1))


class TestScopes:
    def test_orders_read_shows_every_order(self, order, staff):
        api = key_api("orders:read", by=staff)
        assert [each["id"] for each in api.get(ALL_ORDERS).json()] == [str(order.pk)]
        assert api.get(f"/api/v1/orders/{order.pk}").json()["id"] == str(order.pk)
        refused(api.get("/api/v1/orders/nonsense"), 404, "Order not found")

    def test_orders_write_packs_orders_and_the_audit_log_names_the_key(self, order, customer, staff):
        confirm(order, outcome="success", by=customer)
        answer = key_api("orders:write", by=staff).post(f"/api/v1/admin/orders/{order.pk}/pack")
        assert answer.json()["fulfilment"] == "packed"
        entry = audit.entries_of(order).get(action="order.pack")
        key = ServiceKey.objects.get()
        assert (entry.actor, entry.actor_id) == (f"Warehouse ({key.prefix})", key.pk)

    def test_refunds_write_refunds_orders(self, order, customer, staff):
        confirm(order, outcome="success", by=customer)
        body = {"reason": "Broken"}
        answer = key_api("refunds:write", by=staff).post(f"/api/v1/admin/orders/{order.pk}/refund", body)
        assert answer.json()["refund_status"] == "full"

    def test_products_write_creates_changes_and_deletes_products(self, staff):
        api = key_api("products:write", by=staff)
        created = api.post("/api/v1/admin/products", TEA)
        assert created.status_code == 201
        address = f"/api/v1/admin/products/{created.json()['id']}"
        assert api.patch(address, {"price": "5.00"}).json()["price"] == 5
        assert api.delete(address).status_code == 200

    def test_products_read_lists_products_with_its_own_rate_limit(self, staff, product, settings):
        settings.PRODUCT_RATE_LIMIT, settings.PRODUCT_RATE_LIMIT_USER = Rate.parse("1/m"), Rate.parse("2/m")
        api = key_api("products:read", by=staff)
        assert api.get(f"{PRODUCTS}/{product.slug}").json()["id"] == str(product.pk)
        assert [api.get(PRODUCTS).status_code for _ in range(2)] == [200, 429]

    @pytest.mark.parametrize(
        ("scope", "method", "path"),
        [
            ("orders:read", "post", "/admin/orders/{order}/pack"),
            ("orders:read", "post", "/admin/orders/{order}/refund"),
            ("orders:read", "get", "/products"),
            ("orders:read", "post", "/admin/products"),
            ("orders:write", "get", "/orders/admin/all"),
            ("orders:write", "get", "/orders/{order}"),
            ("orders:write", "post", "/admin/orders/{order}/refund"),
            ("orders:write", "post", "/admin/orders/{order}/cancel"),
            ("refunds:write", "post", "/admin/orders/{order}/ship"),
            ("products:read", "post", "/admin/products"),
            ("products:read", "delete", "/admin/products/{order}"),
            ("products:write", "get", "/orders/admin/all"),
            ("products:write", "get", "/products"),
        ],
    )
    def test_a_missing_scope_is_a_403(self, order, staff, scope, method, path):
        before = order.as_dict()
        answer = getattr(key_api(scope, by=staff), method)(f"/api/v1{path}".format(order=order.pk), TEA)
        refused(answer, 403)
        assert Order.objects.get().as_dict() == before

    def test_a_key_without_scopes_opens_nothing(self, staff):
        refused(key_api(by=staff).get(ALL_ORDERS), 403)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/auth/me"),
        ("delete", "/auth/me"),
        ("get", "/auth/sessions"),
        ("get", "/auth/export"),
        ("post", "/auth/promote-to-admin"),
        ("post", "/auth/role"),
        ("post", "/auth/password/change"),
        ("get", "/cart"),
        ("post", "/cart/add"),
        ("post", "/cart/remove"),
        ("post", "/checkout/create-order"),
        ("get", "/orders"),
        ("post", "/orders/5f5f5f5f5f5f5f5f5f5f5f5f/cancel"),
        ("post", "/payments/start"),
        ("post", "/payments/confirm"),
    ],
)
def test_keys_are_refused_on_routes_that_need_a_person(staff, method, path):
    api = key_api("orders:read", "orders:write", "refunds:write", "products:read", "products:write", by=staff)
    refused(getattr(api, method)(f"/api/v1{path}", {}), 401)


def test_a_key_opens_no_page_of_the_admin(staff):
    assert key_api("orders:read", by=staff).get("/admin/").status_code == 302


class TestRefused:
    def wrong_keys(self, text):
        prefix, secret = text.split(".")
        other = "A" if secret[0] != "A" else "B"
        return {
            "another secret": f"{prefix}.{other}{secret[1:]}",
            "another prefix": f"{'0' * 12}.{secret}",
            "the prefix alone": prefix,
            "no secret": f"{prefix}.",
            "the secret alone": secret,
            "longer": f"{text}x",
            "shorter": text[:-1],
            "upper case": text.upper(),
            "other digits": f"{prefix[:-1]}٣.{secret}",
            "an operator": '{"$ne": ""}.' + secret,
            "nothing": "",
            "spaces": f"{prefix} . {secret}",
        }

    def test_every_wrong_key_is_refused(self, key_and_text, api):
        _key, text = key_and_text
        assert send(api, text).status_code == 200
        for name, wrong_key in self.wrong_keys(text).items():
            answer = refused(send(api, wrong_key.encode().decode("latin-1")), 401)
            assert answer["code"] == "key_not_valid", name
        assert send(api, text)["Content-Type"] == "application/json"

    def test_every_reason_gets_the_same_answer(self, key_and_text, api, staff):
        key, text = key_and_text
        answer = refused(send(api, "0" * 12 + "." + "x" * 43), 401)
        service_keys.revoke_key(key_id=str(key.pk), by=staff)
        assert refused(send(api, text), 401) == answer
        ServiceKey.objects.update(revoked_at=None, expires_at=timezone.now())
        response = send(api, text)
        assert refused(response, 401) == answer
        assert response["WWW-Authenticate"] == "Bearer"

    def test_an_invalid_key_is_refused_on_public_routes(self, api, product):
        refused(send(api, "nonsense", PRODUCTS), 401)

    def test_the_stored_hash_does_not_work_as_a_key(self, key_and_text, api):
        key, _text = key_and_text
        refused(send(api, f"{key.prefix}.{key.secret_hash[:43]}"), 401)

    def test_a_key_sent_as_a_bearer_token_is_refused(self, key_and_text, api):
        refused(api.get(ALL_ORDERS, HTTP_AUTHORIZATION=f"Bearer {key_and_text[1]}"), 401)

    def test_the_case_of_the_scheme_does_not_matter(self, key_and_text, api):
        assert api.get(ALL_ORDERS, HTTP_AUTHORIZATION=f"api-key {key_and_text[1]}").status_code == 200


class TestStored:
    def test_the_secret_is_not_stored(self, key_and_text):
        _key, text = key_and_text
        prefix, secret = text.split(".")
        row = str(ServiceKey.objects.values().get())
        assert prefix in row
        assert secret not in row

    def test_two_keys_share_neither_prefix_nor_secret(self, key_and_text, staff):
        _key, text = service_keys.create_key(name="Warehouse", scopes=[], expires_at=timezone.now(), by=staff)
        assert not set(text.split(".")) & set(key_and_text[1].split("."))

    def test_creation_and_revocation_are_audited_without_the_secret(self, key_and_text, staff):
        key, text = key_and_text
        for _ in range(2):
            service_keys.revoke_key(key_id=str(key.pk), by=staff)
        entries = list(audit.entries_of(key))
        assert [each.action for each in entries] == ["service_key.make", "service_key.revoke"]
        assert {each.actor_id for each in entries} == {staff.pk}
        assert entries[0].after["scopes"] == ["orders:read"]
        assert text.split(".")[1] not in str([(each.before, each.after, str(each)) for each in entries])

    def test_an_unknown_key_cannot_be_revoked(self, staff):
        for key_id in ("nonsense", "5f5f5f5f5f5f5f5f5f5f5f5f"):
            with pytest.raises(NotFound):
                service_keys.revoke_key(key_id=key_id, by=staff)

    def test_a_key_outlives_the_account_of_its_creator(self, key_and_text, api, staff):
        staff.delete()
        assert send(api, key_and_text[1]).status_code == 200


class TestLastUsed:
    def last_used_at(self):
        return ServiceKey.objects.get().last_used_at

    def test_use_is_recorded(self, key_and_text, api):
        assert self.last_used_at() is None
        send(api, key_and_text[1])
        assert timezone.now() - self.last_used_at() < timedelta(minutes=1)

    def test_use_is_recorded_at_most_once_a_minute(self, key_and_text, api, django_assert_num_queries):
        send(api, key_and_text[1])
        first = self.last_used_at()
        with django_assert_num_queries(2):  # the key and the orders
            send(api, key_and_text[1])
        assert self.last_used_at() == first

    def test_use_is_recorded_again_after_a_minute(self, key_and_text, api):
        old = timezone.now() - timedelta(seconds=61)
        ServiceKey.objects.update(last_used_at=old)
        send(api, key_and_text[1])
        assert self.last_used_at() > old

    def test_use_of_a_refused_key_is_not_recorded(self, key_and_text, api, staff):
        service_keys.revoke_key(key_id=str(key_and_text[0].pk), by=staff)
        send(api, key_and_text[1])
        assert self.last_used_at() is None


class TestRateLimit:
    def test_each_key_is_counted_separately_from_its_ip_address(self, key_and_text, staff, api, settings):
        settings.READ_RATE_LIMIT = Rate.parse("2/h")
        assert [send(api, key_and_text[1]).status_code for _ in range(3)] == [200, 200, 429]
        assert key_api("orders:read", by=staff).get(ALL_ORDERS).status_code == 200
        assert api_of(staff).get(ME).status_code == 200

    def test_invalid_keys_are_counted_by_ip_address(self, api, settings):
        settings.READ_RATE_LIMIT = Rate.parse("2/h")
        statuses = [send(api, f"{number:012}.{'x' * 43}").status_code for number in range(3)]
        assert statuses == [401, 401, 429]

    def test_without_the_database_it_is_a_503(self, key_and_text, api, mongodb_away):
        refused(send(api, key_and_text[1]), 503)
