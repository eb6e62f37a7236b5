"""A shop in use: products of every kind, orders in every status, and customers with a history."""

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, StorageState

from tests.journeys.api import ADMIN, ADMIN_PASSWORD, Api
from tests.journeys.shopper import PASSWORD

SALE, LOW, SOLD_OUT, PLAIN = "travel-mug", "desk-lamp", "wool-scarf", "notebook"
TO = {
    "name": "Zoë Müller",
    "line1": "Hauptstraße 1",
    "city": "Köln",
    "postcode": "50667",
    "country": "DE",
}
PARCEL = {"carrier": "DHL", "tracking_number": "JD0146", "tracking_url": "https://parcels.example/JD0146"}
# The steps of staff with a paid order.
PATHS: dict[str, list[tuple[str, dict[str, Any] | None]]] = {
    "paid": [],
    "packed": [("pack", None)],
    "shipped": [("ship", PARCEL)],
    "delivered": [("ship", PARCEL), ("deliver", None)],
    "canceled after payment": [("cancel", None)],
    "partly refunded": [("refund", {"amount": "1.00", "reason": "A scratch"})],
    "refunded": [("refund", {"reason": "It was late"})],
}
OUTCOMES = {"declined": "failure", "canceled": "canceled"}


@dataclass
class Scene:
    """The customer's orders by status, and the cookies of browsers."""

    orders: dict[str, str] = field(default_factory=dict)
    customer: StorageState | None = None
    newcomer: StorageState | None = None
    unlucky: StorageState | None = None


def set_up(browser: Browser, address: str) -> Scene:
    """Create the products, orders and customers."""
    context = browser.new_context(base_url=address)
    admin = Api(context.request, ADMIN, ADMIN_PASSWORD)
    products = _products(admin)
    scene = Scene()
    customer = Api(context.request, "customer@example.com", PASSWORD, new=True)
    for status in ("pending", "waiting", *OUTCOMES, *PATHS):
        scene.orders[status] = _order(customer, admin, products[PLAIN], status)
    customer.post("cart/add", {"product_id": products[SALE]["product_id"], "qty": 2})
    customer.post("cart/add", {"product_id": products[PLAIN]["product_id"], "qty": 1})
    _change_products_in_cart(Api(context.request, "unlucky@example.com", PASSWORD, new=True), admin, products)
    Api(context.request, "newcomer@example.com", PASSWORD, new=True)
    context.close()
    for name in ("customer", "newcomer", "unlucky"):
        setattr(scene, name, signed_in(browser, address, f"{name}@example.com"))
    return scene


def _products(admin: Api) -> dict[str, dict[str, Any]]:
    """Create more products than fit on one page of a list."""
    kinds = {
        SALE: {"name": "Travel mug", "price": 19.5, "compare_at_price": 24, "inventory": 500},
        LOW: {"name": "Desk lamp", "price": 45, "inventory": 3},
        SOLD_OUT: {"name": "Wool scarf", "price": 39, "inventory": 0},
        PLAIN: {"name": "Notebook", "price": 7, "inventory": 500, "description": "Lined.\n\n96 pages."},
        "hidden-soon": {"name": "Old radio", "price": 60, "inventory": 9},
        "dearer-soon": {"name": "Oak stool", "price": 80, "inventory": 9},
        "fewer-soon": {"name": "Bread knife", "price": 30, "inventory": 9},
    }
    return {
        slug: admin.post("admin/products", {"slug": slug, "category": "Home", **fields})
        for slug, fields in kinds.items()
    }


def _order(customer: Api, admin: Api, product: dict[str, Any], status: str) -> str:
    customer.post("cart/add", {"product_id": product["product_id"], "qty": 2})
    order = customer.post("checkout/create-order", {"shipping_address": TO})["order_id"]
    if status == "waiting":
        customer.post("payments/start", {"order_id": order})
    elif status != "pending":
        outcome = OUTCOMES.get(status, "success")
        customer.post(f"payments/confirm?order_id={order}&outcome={outcome}")
    for step, body in PATHS.get(status, []):
        admin.post(f"admin/orders/{order}/{step}", body)
    return str(customer.get(f"orders/{order}")["number"])


def _change_products_in_cart(unlucky: Api, admin: Api, products: dict[str, dict[str, Any]]) -> None:
    """Fill a cart, then hide one product, raise the price of another and almost sell out the third."""
    changes = {
        "hidden-soon": {"is_active": False},
        "dearer-soon": {"price": 95},
        "fewer-soon": {"inventory": 1},
    }
    for slug in changes:
        unlucky.post("cart/add", {"product_id": products[slug]["product_id"], "qty": 3})
    for slug, change in changes.items():
        admin.patch(f"admin/products/{products[slug]['id']}", change)


def signed_in(browser: Browser, address: str, email: str) -> StorageState:
    """Return the cookies of a browser in which the customer is signed in."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/account/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    state = context.storage_state()
    context.close()
    return state
