"""A program sends `Authorization: Api-Key prefix.secret` in place of a bearer token."""

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
def made(staff):
    """A key that reads orders, and its text."""
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

    def test_orders_write_packs_and_the_audit_names_the_key(self, order, customer, staff):
        confirm(order, outcome="success", by=customer)
        answer = key_api("orders:write", by=staff).post(f"/api/v1/admin/orders/{order.pk}/pack")
        assert answer.json()["fulfilment"] == "packed"
        entry = audit.entries_of(order).get(action="order.pack")
        key = ServiceKey.objects.get()
        assert (entry.actor, entry.actor_id) == (f"Warehouse ({key.prefix})", key.pk)

    def test_refunds_write_refunds(self, order, customer, staff):
        confirm(order, outcome="success", by=customer)
        body = {"reason": "Broken"}
        answer = key_api("refunds:write", by=staff).post(f"/api/v1/admin/orders/{order.pk}/refund", body)
        assert answer.json()["refund_status"] == "full"

    def test_products_write_creates_changes_and_deletes(self, staff):
        api = key_api("products:write", by=staff)
        made = api.post("/api/v1/admin/products", TEA)
        assert made.status_code == 201
        address = f"/api/v1/admin/products/{made.json()['id']}"
        assert api.patch(address, {"price": "5.00"}).json()["price"] == 5
        assert api.delete(address).status_code == 200

    def test_products_read_lists_products_at_a_rate_of_its_own(self, staff, product, settings):
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
    def test_a_scope_that_is_missing_is_a_403(self, order, staff, scope, method, path):
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
def test_what_is_a_persons_no_key_opens(staff, method, path):
    api = key_api("orders:read", "orders:write", "refunds:write", "products:read", "products:write", by=staff)
    refused(getattr(api, method)(f"/api/v1{path}", {}), 401)


def test_a_key_opens_no_page_of_the_back_office(staff):
    assert key_api("orders:read", by=staff).get("/admin/").status_code == 302


class TestRefused:
    def wrong(self, text):
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

    def test_every_key_but_the_right_one(self, made, api):
        _key, text = made
        assert send(api, text).status_code == 200
        for name, wrong in self.wrong(text).items():
            answer = refused(send(api, wrong.encode().decode("latin-1")), 401)
            assert answer["code"] == "key_not_valid", name
        assert send(api, text)["Content-Type"] == "application/json"

    def test_the_same_answer_for_every_reason(self, made, api, staff):
        key, text = made
        wrong = refused(send(api, "0" * 12 + "." + "x" * 43), 401)
        service_keys.revoke_key(key_id=str(key.pk), by=staff)
        assert refused(send(api, text), 401) == wrong
        ServiceKey.objects.update(revoked_at=None, expires_at=timezone.now())
        response = send(api, text)
        assert refused(response, 401) == wrong
        assert response["WWW-Authenticate"] == "Bearer"

    def test_a_bad_key_is_refused_where_nobody_needs_one(self, api, product):
        refused(send(api, "nonsense", PRODUCTS), 401)

    def test_the_hash_is_no_key(self, made, api):
        key, _text = made
        refused(send(api, f"{key.prefix}.{key.secret_hash[:43]}"), 401)

    def test_a_bearer_that_is_a_key_is_refused(self, made, api):
        refused(api.get(ALL_ORDERS, HTTP_AUTHORIZATION=f"Bearer {made[1]}"), 401)

    def test_the_scheme_is_read_whatever_its_case(self, made, api):
        assert api.get(ALL_ORDERS, HTTP_AUTHORIZATION=f"api-key {made[1]}").status_code == 200


class TestStored:
    def test_the_secret_is_not_and_nothing_is_by_which_to_find_it(self, made):
        _key, text = made
        prefix, secret = text.split(".")
        row = str(ServiceKey.objects.values().get())
        assert prefix in row
        assert secret not in row

    def test_two_keys_share_nothing(self, made, staff):
        _key, text = service_keys.create_key(name="Warehouse", scopes=[], expires_at=timezone.now(), by=staff)
        assert not set(text.split(".")) & set(made[1].split("."))

    def test_the_audit_says_who_made_and_who_revoked_it_and_not_the_secret(self, made, staff):
        key, text = made
        for _ in range(2):
            service_keys.revoke_key(key_id=str(key.pk), by=staff)
        entries = list(audit.entries_of(key))
        assert [each.action for each in entries] == ["service_key.make", "service_key.revoke"]
        assert {each.actor_id for each in entries} == {staff.pk}
        assert entries[0].after["scopes"] == ["orders:read"]
        assert text.split(".")[1] not in str([(each.before, each.after, str(each)) for each in entries])

    def test_a_key_that_is_not_there_cannot_be_revoked(self, staff):
        for key_id in ("nonsense", "5f5f5f5f5f5f5f5f5f5f5f5f"):
            with pytest.raises(NotFound):
                service_keys.revoke_key(key_id=key_id, by=staff)

    def test_it_stays_good_when_its_maker_is_gone(self, made, api, staff):
        staff.delete()
        assert send(api, made[1]).status_code == 200


class TestLastUsed:
    def used(self):
        return ServiceKey.objects.get().last_used_at

    def test_it_is_noted(self, made, api):
        assert self.used() is None
        send(api, made[1])
        assert timezone.now() - self.used() < timedelta(minutes=1)

    def test_within_a_minute_nothing_is_written(self, made, api, django_assert_num_queries):
        send(api, made[1])
        first = self.used()
        with django_assert_num_queries(2):  # the key and the orders
            send(api, made[1])
        assert self.used() == first

    def test_after_a_minute_it_is_noted_again(self, made, api):
        old = timezone.now() - timedelta(seconds=61)
        ServiceKey.objects.update(last_used_at=old)
        send(api, made[1])
        assert self.used() > old

    def test_a_refused_key_is_not_used(self, made, api, staff):
        service_keys.revoke_key(key_id=str(made[0].pk), by=staff)
        send(api, made[1])
        assert self.used() is None


class TestRateLimit:
    def test_a_key_has_its_own_count_whatever_its_address(self, made, staff, api, settings):
        settings.READ_RATE_LIMIT = Rate.parse("2/h")
        assert [send(api, made[1]).status_code for _ in range(3)] == [200, 200, 429]
        assert key_api("orders:read", by=staff).get(ALL_ORDERS).status_code == 200
        assert api_of(staff).get(ME).status_code == 200

    def test_made_up_keys_share_their_addresss_count(self, api, settings):
        settings.READ_RATE_LIMIT = Rate.parse("2/h")
        given = [send(api, f"{number:012}.{'x' * 43}").status_code for number in range(3)]
        assert given == [401, 401, 429]

    def test_while_the_database_is_away_it_is_a_503(self, made, api, mongodb_away):
        refused(send(api, made[1]), 503)
