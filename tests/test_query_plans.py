"""Every list, lookup, count and figure is served by an index, so that it is as fast with a million orders.

`explain` says for each query that a request sends how MongoDB would find its documents.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.db.models import UniqueConstraint
from django.http import QueryDict
from django.test import Client, RequestFactory

from accounts.models import User
from catalog.models import Product
from ecommerce.core.web.admin import list_url
from orders.models import Order
from tests.conftest import empty_caches
from tests.support import factories
from tests.support.api_clients import api_of
from tests.support.database import log
from tests.support.query_plans import explain, values

pytestmark = pytest.mark.django_db
API = "/api/v1"
PAGE = 100  # rows; a sort of no more than these in memory is harmless
# Collections that stay small, whatever the shop sells.
SMALL = {
    *("categories", "auth_group", "auth_permission", "django_content_type"),
    *("service_keys", "search_misses"),
}
# Never looked up by it: a repeated movement only has to be refused, and Django's own two are not used.
ONLY_UNIQUE = {"StockMovement.key", "Group.name", "Session.session_key"}

LISTS = [
    *("", "?skip=60", "?sort=price", "?sort=-price", "?sort=name", "?sort=newest", "?in_stock=true"),
    *(f"?category=Garden&sort={sort}" for sort in ("", "price", "-price", "name", "newest")),
    *("?min_price=30&sort=price", "?max_price=40&sort=-price", "?min_price=20&max_price=60&sort=price"),
    *("?q=steel", "?q=steel&fuzzy=1", "?q=steel&sort=price", "?category=Garden&in_stock=true&sort=price"),
]
PAGES = [
    *("/", "/products/", "/categories/garden/"),
    *("/products/?q=steel", "/products/?sort=-price", "/products/?page=4"),
]
OFFICE = [
    *("orders/order/?status__exact=paid", "orders/order/?to_ship=yes", "orders/order/?p=2"),
    *("orders/order/?fulfilment__exact=delivered", "orders/order/?refund_status__exact=none"),
    *("payments/payment/?gateway=simulated", "payments/payment/?status__exact=captured"),
    *("payments/refund/?status__exact=refunded", "catalog/product/?category=Garden"),
    *("catalog/product/?stock=low", "catalog/product/?is_active__exact=1", "catalog/product/?q=steel"),
    *(f"catalog/product/?o={column}" for column in (2, -3, 4, -5, 6, -7)),
    *("catalog/stockmovement/?reason__exact=sale", "catalog/stockmovement/?q=7"),
    *("accounts/user/?role__exact=user", "accounts/user/?is_active__exact=1", "accounts/user/?q=ada"),
    *("ecommerce/auditentry/?action=order.pay", "ecommerce/auditentry/?object_kind=order"),
    *("ecommerce/auditentry/?q=demo", "ecommerce/outboxmessage/?status__exact=sent"),
    *("ecommerce/outboxmessage/?kind=order_shipped", "ecommerce/outboxmessage/?q=order_", "cart/cart/?q=u:"),
]


def faults(call: Callable[[], object], seen: set[str]) -> Iterator[str]:
    """Yield what is wrong with the queries that the call sends and that are not yet in `seen`."""
    empty_caches()
    log.queries.clear()
    call()
    for query in list(log.queries):
        if query["aggregate"] in SMALL or repr(query) in seen:
            continue
        seen.add(repr(query))
        if fault := fault_of(query):
            yield f"{query['aggregate']} {fault}: {query['pipeline']}"


def fault_of(query: dict[str, Any]) -> str:
    plan = explain(query)
    stages, stats = set(values(plan, "stage")), next(values(plan, "executionStats"))
    examined, returned = stats["totalDocsExamined"], stats["nReturned"]
    if "COLLSCAN" in stages and examined > min(returned, PAGE):
        return "are all scanned"
    if "SORT" in stages and returned > PAGE:
        return f"are sorted in memory, {returned} of them"
    return f"are examined, {examined} for {returned}" if examined > 3 * max(returned, 1) else ""


def get(client: Client, url: str) -> None:
    assert client.get(url).status_code == 200, url


def list_rows(user: User, url: str) -> None:
    """Read a filtered list of the admin, without its page."""
    path, _, query = url.partition("/?")
    request = RequestFactory().get("/", QueryDict(query).dict())
    request.user = user
    office = admin.site._registry[apps.get_model(*path.split("/"))]
    list(office.get_changelist_instance(request).result_list)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def buy(user: User, product: Product) -> None:
    """Sign in, fill the cart, order, pay, and look at the order."""
    api = api_of(user)
    body = {"email": user.email, "password": factories.PASSWORD}
    assert api.post(f"{API}/auth/login", body).status_code == 200
    api.get(f"{API}/auth/me")
    api.post(f"{API}/cart/add", {"product_id": product.product_id, "qty": 1})
    api.get(f"{API}/cart")
    order = api.post(f"{API}/checkout/create-order", headers={"Idempotency-Key": "one"}).json()["order_id"]
    assert api.post(f"{API}/payments/confirm?order_id={order}").json()["status"] == "paid"
    assert api.get(f"{API}/orders").json()
    assert api.get(f"{API}/orders/{order}").status_code == 200


def test_every_query_is_served_by_an_index(client: Client, staff: User, customer: User) -> None:
    call_command("seed_demo", products=150, orders=250)
    product = Product.objects.filter(inventory__gt=5)[0]
    order = Order.objects.filter(status="paid")[0]
    buyer, office = signed_in(order.user or customer), signed_in(staff)
    requests: list[tuple[Client, str]] = [
        *((client, f"{API}/products{query}") for query in LISTS),
        *((client, url) for url in [*PAGES, f"/products/{product.slug}/"]),
        *((buyer, url) for url in ["/orders/", f"/orders/{order.number}/", "/account/", "/cart/"]),
        *((office, list_url(model)) for model in admin.site._registry),
        (office, "/admin/"),
    ]
    lists = [*OFFICE, *(f"orders/order/?q={text}" for text in (order.number, order.email, "steel"))]
    seen: set[str] = set()
    found = [f"{url}: {each}" for who, url in requests for each in faults(partial(get, who, url), seen)]
    found += [f"{url}: {each}" for url in lists for each in faults(partial(list_rows, staff, url), seen)]
    found += [f"purchase: {each}" for each in faults(partial(buy, customer, product), seen)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (lambda: Product.objects.filter(description="none"), "are all scanned"),
        (lambda: Product.objects.order_by("description"), "are all scanned"),
        (lambda: Product.objects.visible().order_by("description"), "are sorted in memory, 120 of them"),
        (lambda: Product.objects.visible().filter(on_hold=1), "are examined, 120 for 0"),
    ],
)
def test_a_query_without_an_index_is_found(rows: Callable[[], Any], fault: str) -> None:
    """The control of the test above."""
    call_command("seed_demo", products=120, orders=0)
    [found] = faults(lambda: list(rows()), set())
    assert fault in found


def test_every_unique_field_has_an_index_for_lookups() -> None:
    """A unique index of this backend is partial, and MongoDB uses no partial index to find a value."""
    missing = {
        f"{model.__name__}.{field}"
        for model in apps.get_models()
        for field in _unique_fields(model)
        if field not in _first_fields(model)
    }
    assert missing == ONLY_UNIQUE


def _unique_fields(model: Any) -> Iterator[str]:
    yield from (field.name for field in model._meta.concrete_fields if field.unique and field.column != "_id")
    constraints = model._meta.constraints
    yield from (each.fields[0] for each in constraints if isinstance(each, UniqueConstraint))


def _first_fields(model: Any) -> set[str]:
    single = {field.name for field in model._meta.concrete_fields if field.db_index}
    return single | {index.fields[0].lstrip("-") for index in model._meta.indexes}
