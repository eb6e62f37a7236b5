"""The head of a page: right for its visitor at once after every change, and cached."""

import re
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread

import pytest
from django.test import Client
from django.utils import timezone
from django_redis import get_redis_connection

from accounts.models import User, WebSession
from accounts.privacy import services as privacy
from accounts.recovery import services as recovery
from accounts.sessions import services as sessions
from accounts.users import services as users
from cart.models import Cart, Guest
from cart.services import add_item, forget_old_guest_carts, get_cart, remove_item, set_quantity
from catalog.models import Product
from ecommerce.core import cache, redis
from orders.services import place_order
from tests.support import factories
from tests.support.api_clients import api_of
from tests.support.factories import PASSWORD
from tests.support.threads import at_once
from tests.support.valkey import valkey  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db
PAGES = ["/", "/products/", "/categories/kitchen/", "/products/tea/"]
Sent = Callable[[Callable[[], object]], list[str]]
GUEST, CUSTOMER, STAFF = "Sign in", "Account", "Administration, Account"


@pytest.fixture(autouse=True)
def tea() -> Product:
    return factories.product(name="Tea", slug="tea", category="Kitchen", inventory=99)


def head(client: Client, path: str = "/") -> tuple[str, int]:
    """Return the texts of the links in the head, and the number beside the cart."""
    response = client.get(path)
    assert "Cookie" in response["Vary"]
    text = response.content.decode()
    links = text.partition('aria-label="Account and cart"')[2].partition("</nav>")[0]
    words = re.findall(r'<span class="text">(.*?)</span>', links)
    assert words[-1] == "Cart"
    return ", ".join(words[:-1]), int(re.findall(r'id="cart-count".*?>(\d+)<', links)[0])


def browser(user: User | None = None) -> Client:
    """Return a client, signed in if a user is given."""
    client = Client()
    if user:
        response = client.post("/account/login/", {"email": user.email, "password": PASSWORD})
        assert response.status_code == 302
    return client


def add_to_cart(client: Client, qty: int = 1) -> None:
    number = Product.objects.get(slug="tea").product_id
    client.post(f"/cart/add/{number}/", {"qty": qty})


class TestTheHead:
    @pytest.fixture(params=["visitor", "guest", "customer", "staff", "ended"])
    def client(self, request: pytest.FixtureRequest, customer: User, staff: User) -> Client:
        user = {"customer": customer, "ended": customer, "staff": staff}.get(request.param)
        client = browser(user)
        if request.param != "visitor":
            add_to_cart(client, 3)
        if request.param == "ended":
            sessions.end_all_sessions(customer)
        return client

    @pytest.mark.parametrize("path", PAGES)
    def test_of_a_cached_page_needs_no_database_command(self, client: Client, path: str, sent: Sent) -> None:
        client.get("/cart/")  # shows and so clears the messages
        first = head(client, path)
        assert sent(lambda: head(client, path)) == []
        assert head(client, path) == first

    def test_that_is_not_cached_needs_the_database(
        self, customer: User, sent: Sent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read_entry = cache.cached

        def cached_products_only(namespace: str, key: str, fill: Callable[[], bytes], **options) -> bytes:
            return read_entry(namespace, key, fill, **options) if namespace == "products" else fill()

        monkeypatch.setattr(cache, "cached", cached_products_only)
        client = browser(customer)
        head(client)
        commands = sent(lambda: head(client))
        assert commands == ["aggregate sessions", "aggregate users", "aggregate carts"]


class TestSigningInAndOut:
    def test_is_shown_at_once(self, customer: User, staff: User) -> None:
        client = browser()
        assert head(client) == (GUEST, 0)
        client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
        assert head(client) == (CUSTOMER, 0)
        client.post("/account/logout/")
        assert head(client) == (GUEST, 0)
        client.post("/account/login/", {"email": staff.email, "password": PASSWORD})
        assert head(client) == (STAFF, 0)

    def test_a_copied_cookie_of_an_ended_session_is_a_guests(self, customer: User) -> None:
        client = browser(customer)
        copy = Client()
        copy.cookies["sessionid"] = client.cookies["sessionid"].value
        assert head(copy) == (CUSTOMER, 0)
        client.post("/account/logout/")
        assert head(copy) == (GUEST, 0)

    def test_a_sign_in_renews_the_session_key_and_the_old_one_is_a_guests(self, customer: User) -> None:
        client = browser(customer)
        before = client.cookies["sessionid"].value
        client.post("/account/logout/")
        client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
        old = Client()
        old.cookies["sessionid"] = before
        assert (head(client), head(old)) == ((CUSTOMER, 0), (GUEST, 0))

    @pytest.mark.parametrize(
        "end",
        [
            sessions.end_all_sessions,
            lambda user: sessions.end_session(user, session_id=str(WebSession.objects.get().public_id)),
            lambda user: recovery.set_password(user, password="Another-Pass-456"),
            lambda user: users.update_user(pk=user.pk, is_active=False),
            lambda user: users.update_user(pk=user.pk, role=User.Role.SUPPORT),
            users.delete_user,
            lambda user: privacy.erase_account(user, password=PASSWORD, ip=""),
        ],
        ids=["everywhere", "from elsewhere", "password", "inactive", "role", "deleted", "erased"],
    )
    def test_every_end_of_a_session_is_shown_at_once(
        self, customer: User, end: Callable[[User], object]
    ) -> None:
        client = browser(customer)
        add_to_cart(client)
        assert head(client) == (CUSTOMER, 1)
        end(customer)
        assert head(client) == (GUEST, 0)

    def test_a_role_is_shown_at_the_next_sign_in(self, customer: User, staff: User) -> None:
        users.set_role(email=customer.email, role=User.Role.SUPPORT, by=staff)
        assert head(browser(customer)) == (STAFF, 0)
        users.set_role(email=customer.email, role=User.Role.USER, by=staff)
        assert head(browser(customer)) == (CUSTOMER, 0)

    def test_an_account_saved_without_a_service_is_shown_at_once(self, customer: User) -> None:
        client = browser(customer)
        assert head(client) == (CUSTOMER, 0)
        account = User.objects.get(pk=customer.pk)
        account.is_active = False
        account.save()
        assert head(client) == (GUEST, 0)

    def test_a_cached_session_that_has_expired_is_a_guests(
        self, customer: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = browser(customer)
        assert head(client) == (CUSTOMER, 0)
        later = timezone.now() + timedelta(days=15)
        monkeypatch.setattr("accounts.sessions.visitors.timezone.now", lambda: later)
        assert head(client) == (GUEST, 0)


class TestTheCart:
    def test_of_a_guest_is_merged_at_sign_in(self, customer: User) -> None:
        client = browser()
        add_to_cart(client, 2)
        assert head(client) == (GUEST, 2)
        add_item(user=customer, product_id=Product.objects.get().product_id, qty=3)
        client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
        assert head(client) == (CUSTOMER, 5)
        client.post("/account/logout/")
        assert head(client) == (GUEST, 0)

    def test_every_change_is_shown_at_once(self, customer: User, tea: Product) -> None:
        here, there, number = browser(customer), browser(customer), tea.product_id
        for change, count in [
            (lambda: add_to_cart(here, 2), 2),
            (lambda: there.post(f"/cart/update/{number}/", {"qty": 7}), 7),
            (lambda: api_of(customer).post("/api/v1/cart/add", {"product_id": number, "qty": 1}), 8),
            (lambda: set_quantity(user=customer, product_id=number, qty=4), 4),
            (lambda: api_of(customer).post("/api/v1/cart/remove", {"product_id": number}), 0),
            (lambda: add_to_cart(there, 1), 1),
            (lambda: remove_item(user=customer, product_id=number), 0),
            (lambda: add_item(user=customer, product_id=number, qty=2), 2),
            (lambda: place_order(user=customer), 0),
        ]:
            change()
            assert (head(here), head(there)) == ((CUSTOMER, count), (CUSTOMER, count))

    def test_of_a_refused_order_is_unchanged(self, customer: User, tea: Product) -> None:
        client = browser(customer)
        add_to_cart(client, 2)
        Product.objects.filter(pk=tea.pk).update(inventory=1)
        assert api_of(customer).post("/api/v1/checkout/create-order").status_code == 400
        assert head(client) == (CUSTOMER, 2)

    def test_of_a_guest_is_empty_after_its_deletion(self) -> None:
        client = browser()
        add_to_cart(client, 2)
        assert head(client) == (GUEST, 2)
        Cart.objects.update(updated_at=timezone.now() - timedelta(days=31))
        assert forget_old_guest_carts() == 1
        assert head(client) == (GUEST, 0)

    def test_has_the_right_number_after_concurrent_changes(self, customer: User, tea: Product) -> None:
        client = browser(customer)

        def add_and_look() -> None:
            add_item(user=customer, product_id=tea.product_id, qty=1)
            head(client)

        at_once(6, add_and_look)
        assert sum(item.qty for item in get_cart(user=customer).items) == 6
        assert head(client) == (CUSTOMER, 6)


def test_no_visitor_sees_the_head_of_another(customer: User, stranger: User, staff: User) -> None:
    clients = [browser(), browser(), browser(customer), browser(stranger), browser(staff)]
    for qty, client in enumerate(clients):
        if qty:
            add_to_cart(client, qty)
    expected = [(GUEST, 0), (GUEST, 1), (CUSTOMER, 2), (CUSTOMER, 3), (STAFF, 4)]
    for path in PAGES * 2:
        assert [head(client, path) for client in clients] == expected


@pytest.mark.parametrize("cookie", ["x", "x" * 4000, "\x00" * 32, "ä" * 32, "a" * 32, "{'$ne': null}"])
def test_a_forged_cookie_is_a_guests(cookie: str) -> None:
    client = browser()
    client.cookies["sessionid"] = client.cookies["cart"] = cookie
    assert [head(client), head(client)] == [(GUEST, 0)] * 2


def test_a_cart_with_a_wrong_signature_is_ignored(customer: User) -> None:
    client = browser()
    client.cookies["cart"] = f"{Guest.new().token[:-1]}~"
    assert head(client) == (GUEST, 0)


def test_only_staff_see_the_link_to_the_admin(customer: User, support: User) -> None:
    assert 'href="/admin/"' in browser(support).get("/").content.decode()
    assert 'href="/admin/"' not in browser(customer).get("/").content.decode()


def test_session_keys_are_not_stored_in_redis(customer: User) -> None:
    client = browser(customer)
    head(client)
    keys = " ".join(key.decode() for key in get_redis_connection().keys("*"))
    assert "visitors:session:" in keys
    assert client.cookies["sessionid"].value not in keys


class TestCacheEntries:
    """The cache on which the heads rely."""

    def test_a_fill_that_began_before_a_change_is_not_served_after_it(self) -> None:
        fill_started, changed = Event(), Event()

        def slow_fill() -> bytes:
            fill_started.set()
            changed.wait(10)
            return b"old"

        filler = Thread(target=lambda: cache.cached("carts", "k", slow_fill))
        filler.start()
        fill_started.wait(10)
        cache.invalidate_entry("carts", "k")
        changed.set()
        filler.join()
        assert cache.cached("carts", "k", lambda: b"new") == b"new"
        assert cache.cached("carts", "k", lambda: b"newer") == b"new"

    def test_invalidating_one_entry_leaves_the_others(self) -> None:
        for key in "ab":
            cache.cached("carts", key, lambda: b"old")
        cache.invalidate_entry("carts", "a")
        assert [cache.cached("carts", key, lambda: b"new") for key in "ab"] == [b"new", b"old"]

    def test_an_emptied_redis_is_filled_again(self) -> None:
        cache.cached("carts", "k", lambda: b"old")
        get_redis_connection().flushdb()
        assert [cache.cached("carts", "k", lambda text=text: text) for text in (b"1", b"2", b"3")] == [
            b"1",
            b"1",
            b"1",
        ]

    @pytest.mark.parametrize("junk", [b"", b"x", b"\n", b"a b\nold", b" \nold"])
    def test_an_invalid_entry_is_filled_again(self, junk: bytes) -> None:
        cache.cached("carts", "k", lambda: b"old")
        get_redis_connection().set("ecommerce:carts:k", junk)
        assert cache.cached("carts", "k", lambda: b"new") == b"new"

    def test_entries_and_stamps_expire(self) -> None:
        cache.cached("carts", "k", lambda: b"old")
        cache.invalidate_entry("carts", "j")
        client = get_redis_connection()
        assert 0 < client.ttl("ecommerce:carts:k") < client.ttl("ecommerce:carts:j:stamp") <= 360


class TestWithoutRedis:
    def test_heads_come_from_the_database(self, customer: User, settings) -> None:
        settings.REDIS_ENABLED = False
        client = browser(customer)
        add_to_cart(client, 2)
        assert head(client) == (CUSTOMER, 2)
        client.post("/account/logout/")
        assert head(client) == (GUEST, 0)

    def test_changes_made_meanwhile_are_shown_when_it_is_back(self, customer: User, valkey) -> None:  # noqa: F811
        client = browser(customer)
        add_to_cart(client, 2)
        assert head(client) == (CUSTOMER, 2)
        valkey.stop()
        assert head(client) == (CUSTOMER, 2)
        add_to_cart(client, 3)
        sessions.end_all_sessions(customer)
        assert head(client) == (GUEST, 0)
        valkey.start()
        redis._open_until = 0.0
        assert head(client) == (GUEST, 0)
        assert head(browser(customer)) == (CUSTOMER, 5)
