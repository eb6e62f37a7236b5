"""HTTP requests of clients, and sending many of them at the same moment."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from threading import Barrier
from typing import Any
from urllib.parse import urlencode

TIMEOUT_S = 120  # far more than a request takes, since the machine may be busy


@dataclass(frozen=True)
class Product:
    pk: str
    product_id: int
    name: str
    slug: str


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def properly(self) -> "Request":
        """Return the same request to the shop's own code, which the naive shop has under another address."""
        return replace(self, path=f"/proper{self.path}")


@dataclass(frozen=True)
class Answer:
    status: int
    json: Any
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Client:
    """A signed-in user. The methods create requests, which a shop sends."""

    email: str
    token: str

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Request:
        return Request(method, f"/api/v1{path}", body, self.headers)

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def log_in_as(self, email: str) -> Request:
        return replace(log_in(email, "SecurePass123"), headers=self.headers)

    def add(self, product: Product, qty: int = 1) -> Request:
        return self.request("POST", "/cart/add", {"product_id": product.product_id, "qty": qty})

    def remove(self, product: Product) -> Request:
        return self.request("POST", "/cart/remove", {"product_id": product.product_id})

    def create_order(self, key: str | None = None) -> Request:
        request = self.request("POST", "/checkout/create-order")
        return replace(request, headers={**request.headers, "Idempotency-Key": key}) if key else request

    def confirm(self, order: str, outcome: str = "success") -> Request:
        return self.request("POST", f"/payments/confirm?order_id={order}&outcome={outcome}")

    def ship(self, order: str) -> Request:
        parcel = {"carrier": "UPS", "tracking_number": "1Z"}
        return self.request("POST", f"/admin/orders/{order}/ship", parcel)

    def cancel(self, order: str) -> Request:
        return self.request("POST", f"/admin/orders/{order}/cancel")

    def refund(self, order: str, key: str | None = None, **fields: object) -> Request:
        request = self.request("POST", f"/admin/orders/{order}/refund", {"reason": "Scratched", **fields})
        return replace(request, headers={**request.headers, "Idempotency-Key": key}) if key else request

    def look_at(self, product: Product) -> Request:
        return self.request("GET", f"/products/{product.slug}")

    def create(self, **fields: object) -> Request:
        return self.request("POST", "/admin/products", fields)

    def change(self, product: Product, **fields: object) -> Request:
        return self.request("PATCH", f"/admin/products/{product.pk}", fields)

    def delete(self, product: Product) -> Request:
        return self.request("DELETE", f"/admin/products/{product.pk}")

    def promote(self, email: str) -> Request:
        return self.request("POST", "/auth/promote-to-admin", {"email": email})

    def set_role(self, email: str, role: str) -> Request:
        return self.request("POST", "/auth/role", {"email": email, "role": role})


@dataclass(frozen=True)
class Guest(Client):
    """A customer with a cart and no account."""

    @property
    def headers(self) -> Mapping[str, str]:
        return {"X-Cart-Token": self.token}

    def create_order(self, key: str | None = None) -> Request:
        return replace(super().create_order(key), body={"email": self.email})


def sign_up(email: str) -> Request:
    return Request("POST", "/api/v1/auth/signup", {"email": email, "password": "SecurePass123"})


def log_in(email: str, password: str) -> Request:
    return Request("POST", "/api/v1/auth/login", {"email": email, "password": password})


def refresh(token: str) -> Request:
    return Request("POST", "/api/v1/auth/refresh", {"refresh_token": token})


CSRF = "0123456789abcdef" * 2


def form(path: str, session: str = "", **fields: object) -> Request:
    """Return the form of a page, sent by a browser with this session's cookie."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={CSRF}; {session}"}
    return Request("POST", path, {"csrfmiddlewaretoken": CSRF, **fields}, headers)


def look_at(product: Product) -> Request:
    return Request("GET", f"/api/v1/products/{product.slug}")


def send_together(port: int, requests: Sequence[Request]) -> list[Answer]:
    """Send all requests at the same moment, each from its own thread and connection."""
    start = Barrier(len(requests), timeout=TIMEOUT_S)
    with ThreadPoolExecutor(max_workers=len(requests)) as threads:
        return list(threads.map(lambda request: _send(port, request, start), requests))


def send(port: int, request: Request, patience: float = TIMEOUT_S) -> Answer:
    """Send one request, which may have to wait for its turn at the server."""
    return _send(port, request, Barrier(1), patience)


def _send(port: int, request: Request, start: Barrier, patience: float = TIMEOUT_S) -> Answer:
    headers = {"Content-Type": "application/json", **request.headers}
    with closing(HTTPConnection("127.0.0.1", port, timeout=patience)) as connection:
        connection.connect()
        start.wait()
        connection.request(request.method, request.path, _body(request), headers)
        response = connection.getresponse()
        cookies = response.headers.get_all("Set-Cookie", [])
        return Answer(response.status, _json(response.read()), tuple(cookies))


def _body(request: Request) -> str | None:
    if request.body is None:
        return None
    return urlencode(request.body) if "Cookie" in request.headers else json.dumps(request.body)


def _json(text: bytes) -> Any:
    """Return the answer's JSON, or the text of a page."""
    try:
        return json.loads(text)
    except ValueError:
        return {"detail": text.decode(errors="replace")}
