"""A customer of a running shop, who buys by the API and waits for the mail."""

import json
from itertools import count
from urllib.request import Request, urlopen

from ecommerce.devserver.file_lock import wait_until
from tests.runshop.shop import Shop

_numbers = count(1)


def buy(shop: Shop) -> str:
    """Sign up, pay for an order and return its number."""
    account = {"email": f"buyer{next(_numbers)}@example.com", "password": "SecurePass123"}
    token = post(shop, "auth/signup", account)["access_token"]
    post(shop, "cart/add", {"product_id": 1, "qty": 1}, token)
    order = post(shop, "checkout/create-order", {}, token)["order_id"]
    assert post(shop, f"payments/confirm?order_id={order}", {}, token)["status"] == "paid"
    with urlopen(request(shop, f"orders/{order}", token)) as answer:
        return str(json.load(answer)["number"])


def post(shop: Shop, route: str, body: dict[str, object], token: str = "") -> dict[str, str]:
    with urlopen(request(shop, route, token, json.dumps(body).encode())) as answer:
        fields: dict[str, str] = json.load(answer)
        return fields


def request(shop: Shop, route: str, token: str = "", body: bytes | None = None) -> Request:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    return Request(f"http://127.0.0.1:{shop.port}/api/v1/{route}", body, headers)


def has_mail(shop: Shop, number: str, seconds: float) -> bool:
    """Return whether the confirmation is written to the folder for mails in time."""

    def written() -> bool:
        mails = (file.read_text() for file in shop.data_dir.glob("mails/*.eml"))
        return any(f"order {number} is confirmed" in mail for mail in mails)

    return wait_until(written, seconds)
