"""The shop in a race: it creates rows, sends requests at once, and reads what is stored afterwards."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from tests.proof import Counted
from tests.races.client import Answer, Client, Guest, Product, Request, form, log_in, send_together, sign_up
from tests.races.crowd import Actor, Result, crowd
from tests.races.settings import DEFAULT_ADMIN_EMAIL, DEFAULT_ADMIN_PASSWORD

EMPTIED = (
    *("audit_entries", "carts", "counters", "orders", "outbox"),
    *("payments", "products", "refunds", "sign_in_attempts", "stock_movements", "token_families"),
)
AT_ONCE = 100  # requests that only prepare a race
_numbers = count(1)


class SetupFailed(Exception):
    """A step before the race was refused. No AssertionError, since that would satisfy a negative control."""


class Shop:
    def __init__(self, port: int, database: "Database[dict[str, Any]]") -> None:
        self.port, self.database = port, database
        self._signed_up: list[Client] = []
        self._sign_in_admin()

    def begin(self, *, one_by_one: bool = False, proper: bool = True, counted: Counted | None = None) -> None:
        """Begin a test, with the admin and with customers who have done nothing yet."""
        self._one_by_one, self.proper = one_by_one, proper
        self.counted = counted or (lambda size, numbers: None)
        self.begin_again()

    def begin_again(self) -> None:
        """Remove everything that this test, or the one before, has created."""
        assert self.database.name.startswith("test_"), self.database.name
        for name in EMPTIED:
            self.database[name].delete_many({})
        known = [client.email for client in self._signed_up]
        self.database["users"].delete_many({"email": {"$nin": [DEFAULT_ADMIN_EMAIL, *known]}})
        self._free = list(self._signed_up)
        admin = self.database["users"].update_one({"email": DEFAULT_ADMIN_EMAIL}, {"$set": {"role": "admin"}})
        if admin.modified_count:  # a test has demoted the admin, which ended their sessions
            self._sign_in_admin()

    def race(self, requests: Sequence[Request]) -> list[Answer]:
        """Send the requests together, or one by one, and return the answers in their order."""
        if self._one_by_one:
            return [answer for request in requests for answer in send_together(self.port, [request])]
        return send_together(self.port, requests)

    def crowd(self, act: Callable[[Actor], Result], actors: Sequence[Actor], processes: int) -> list[Result]:
        """Have every actor send several requests, in several processes at once, or one by one."""
        if self._one_by_one:
            return [act(actor) for actor in actors]
        return crowd(act, actors, processes)

    def customers(self, number: int) -> list[Client]:
        """Return customers, if possible those of earlier tests, since signing up takes long."""
        new = self._sign_up(max(0, number - len(self._free)))
        self._signed_up += new
        self._free += new
        taken, self._free = self._free[:number], self._free[number:]
        return taken

    def customer(self) -> Client:
        return self.customers(1)[0]

    def new_customer(self) -> Client:
        """Return a customer that no other test gets."""
        return self._sign_up(1)[0]

    def guest(self) -> Guest:
        [answer] = self._prepare([Request("POST", "/api/v1/cart/guest")])
        return Guest(f"guest{next(_numbers)}@example.com", answer["cart_token"])

    def another_admin(self) -> Client:
        customer = self.new_customer()
        self._prepare([self.admin.promote(customer.email)])
        [signed_in] = self._prepare([log_in(customer.email, "SecurePass123")])
        return Client(customer.email, signed_in["access_token"])

    def admins(self) -> int:
        return self.database["users"].count_documents({"role": "admin"})

    def admin_session(self) -> str:
        """Return the cookie of the admin who is signed in to Django's admin."""
        login = form("/admin/login/", username=DEFAULT_ADMIN_EMAIL, password=DEFAULT_ADMIN_PASSWORD)
        [answer] = send_together(self.port, [login])
        cookies = [cookie for cookie in answer.cookies if cookie.startswith("sessionid=")]
        if not cookies:
            raise SetupFailed(answer)
        return cookies[0].split(";")[0]

    def product(self, *, inventory: int) -> Product:
        number = next(_numbers)
        fields = {"name": f"Product {number}", "slug": f"product-{number}", "price": 79.99}
        [created] = self._prepare([self.admin.create(**fields, inventory=inventory)])
        return Product(created["id"], created["product_id"], created["name"], created["slug"])

    def orders(self, buyers: Sequence[Client], *products: Product) -> list[str]:
        """Place a pending order for each buyer, with a unit of each product in this order."""
        for product in products:
            self._prepare([buyer.add(product) for buyer in buyers])
        return [placed["order_id"] for placed in self._prepare([buyer.create_order() for buyer in buyers])]

    def order(self, buyer: Client, *products: Product) -> str:
        return self.orders([buyer], *products)[0]

    def paid_order(self, product: Product) -> str:
        """Return a paid order of one unit."""
        buyer = self.customer()
        order = self.order(buyer, product)
        self._prepare([buyer.confirm(order).properly()])
        return order

    def fill_cart(self, owner: Client, product: Product, qty: int = 1) -> None:
        self._prepare([owner.add(product, qty)])

    def stock(self, product: Product) -> int:
        return int(self._stored("products", product.pk)["inventory"])

    def price(self, product: Product) -> float:
        return float(self._stored("products", product.pk)["price"].to_decimal())

    def stored_order(self, order: str) -> dict[str, Any]:
        return self._stored("orders", order)

    def count(self, collection: str, **which: Any) -> int:
        return self.database[collection].count_documents(which)

    def entries(self, action: str) -> int:
        return self.count("audit_entries", action=action)

    def stored_orders(self) -> dict[str, dict[str, Any]]:
        return {str(order["_id"]): order for order in self.database["orders"].find()}

    def sold(self) -> Counter[str]:
        """Return the number of units of each product that were sold."""
        units: Counter[str] = Counter()
        for movement in self.database["stock_movements"].find({"reason": "sale"}):
            units[str(movement["product"])] -= movement["quantity"]
        return units

    def cart(self, owner: Client) -> list[tuple[int, int]]:
        """Return the lines as sorted pairs of product_id and qty."""
        [cart] = self._prepare([owner.request("GET", "/cart")])
        return sorted((line["product_id"], line["qty"]) for line in cart["items"])

    def orders_of(self, owner: Client) -> list[dict[str, Any]]:
        [orders] = self._prepare([owner.request("GET", "/orders?limit=100")])
        return list(orders)

    def fsck(self) -> None:
        [answer] = self._prepare([Request("GET", "/fsck")])
        assert answer["violations"] == []

    def _sign_in_admin(self) -> None:
        [signed_in] = self._prepare([log_in(DEFAULT_ADMIN_EMAIL, DEFAULT_ADMIN_PASSWORD)])
        self.admin = Client(DEFAULT_ADMIN_EMAIL, signed_in["access_token"])

    def _sign_up(self, number: int) -> list[Client]:
        emails = [f"customer{next(_numbers)}@example.com" for _ in range(number)]
        answers = self._prepare([sign_up(email) for email in emails])
        return [Client(email, answer["access_token"]) for email, answer in zip(emails, answers, strict=True)]

    def _prepare(self, requests: Sequence[Request]) -> list[Any]:
        """Send requests that prepare a race and must succeed; return the JSON of the answers."""
        parts = [requests[start : start + AT_ONCE] for start in range(0, len(requests), AT_ONCE)]
        answers = [answer for part in parts for answer in send_together(self.port, part)]
        if refused := [answer for answer in answers if answer.status >= 300]:
            raise SetupFailed(refused[0])
        return [answer.json for answer in answers]

    def _stored(self, collection: str, pk: str) -> dict[str, Any]:
        row = self.database[collection].find_one({"_id": ObjectId(pk)})
        if row is None:
            raise SetupFailed(f"{collection} {pk} is gone")
        return row


def statuses(answers: Iterable[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)
