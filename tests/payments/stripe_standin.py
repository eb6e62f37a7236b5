"""A stand-in for the part of Stripe's HTTP API that the shop uses. Its ledger survives a kill.

    python -m tests.payments.stripe_standin PORT LEDGER

It treats Idempotency-Key as Stripe does: it repeats the response, answers other parameters with 400, and
stores nothing for a refused request. It can do the work and lose the response, and it signs events with the
official library.
"""

import json
import random
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import stripe

KEY = "sk_test_standin"
SECRET = "whsec_standin"
Json = dict[str, Any]


class Refused(Exception):
    """An error response."""

    def __init__(self, message: str, status: int = 400, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": {"type": kind, "message": message}}


class Standin:
    """Stripe's objects, the API calls on them, and what customers do. Calls run one at a time."""

    def __init__(self, ledger: Path) -> None:
        self.ledger, self.lock = ledger, threading.RLock()
        self.objects: dict[str, Json] = {}
        self.answers: dict[str, Json] = {}
        self.events: list[Json] = []
        self.requests: list[str] = []
        self.lost_replies = 0.0  # the share of requests that are processed but not answered
        self.lose: list[str] = []  # "METHOD path" of requests whose response is lost once
        self.refund_status = "succeeded"
        if ledger.exists():
            for line in ledger.read_text().splitlines():
                self._remember(json.loads(line))

    # ---- the API

    def call(self, method: str, path: str, params: Json, key: str) -> Json:
        """Process a request and return the response. Raise Refused for an error response."""
        with self.lock:
            self.requests.append(f"{method} {path}")
            if key in self.answers:
                earlier = self.answers[key]
                if earlier["params"] != params:
                    raise Refused("Keys for idempotent requests...", kind="idempotency_error")
                return earlier["answer"]
            answer, changed = self._route(method, path, params)
            if method == "POST":
                self._write(changed, {"key": key, "params": params, "answer": answer} if key else None)
            return answer

    def _route(self, method: str, path: str, params: Json) -> tuple[Json, list[Json]]:
        match [method, *path.removeprefix("/v1/").split("/")]:
            case ["POST", "checkout", "sessions"]:
                return self._create_session(params)
            case ["GET", "checkout", "sessions", pk]:
                session = self._session(pk)
                intent = self.objects.get(session["payment_intent"] or "")
                expand = "payment_intent" in params.get("expand[0]", "")
                return (session | {"payment_intent": intent} if expand else session), []
            case ["POST", "checkout", "sessions", pk, "expire"]:
                session = self._session(pk)
                if session["status"] != "open":
                    raise Refused("Only sessions with a status in [open] can be expired.")
                session = session | {"status": "expired"}
                return session, [session]
            case ["GET", "payment_intents", pk]:
                return self._get(pk, "payment_intent"), []
            case ["POST", "refunds"]:
                return self._create_refund(params)
            case ["GET", "refunds"]:
                intent_id = params["payment_intent"]
                refunds = [refund for refund in self.of("refund") if refund["payment_intent"] == intent_id]
                return {"object": "list", "data": refunds, "has_more": False, "url": "/v1/refunds"}, []
        raise Refused(f"Unrecognized request URL ({method}: {path}).", 404)

    def _create_session(self, params: Json) -> tuple[Json, list[Json]]:
        expires_at, now = int(params["expires_at"]), time.time()
        if not now + 30 * 60 <= expires_at <= now + 24 * 3600:
            raise Refused("The `expires_at` timestamp must be between 30 minutes and 24 hours from now.")
        pk = self._new("cs_test")
        session = {
            "id": pk,
            "object": "checkout.session",
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "client_reference_id": params["client_reference_id"],
            "metadata": _nested(params, "metadata"),
            "amount_total": int(params["line_items[0][price_data][unit_amount]"]),
            "currency": params["line_items[0][price_data][currency]"],
            "expires_at": expires_at,
            "success_url": params["success_url"],
            "url": f"https://checkout.stripe.com/c/pay/{pk}",
        }
        return session, [session]

    def _create_refund(self, params: Json) -> tuple[Json, list[Json]]:
        intent, amount = self._get(params["payment_intent"], "payment_intent"), int(params["amount"])
        if amount > intent["amount_received"] - self.refunded(intent["id"]):
            raise Refused("Refund amount is greater than unrefunded amount on charge.")
        refund = {
            "id": self._new("re"),
            "object": "refund",
            "status": self.refund_status,
            "amount": amount,
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "metadata": _nested(params, "metadata"),
        }
        return refund, [refund]

    # ---- customers and their banks

    def pay(self, session_id: str, *, amount: int | None = None, currency: str | None = None) -> bool:
        """Pay on the hosted page; return False if the session is closed or expired."""
        with self.lock:
            session = self._session(session_id)
            if session["status"] != "open" or session["expires_at"] < time.time():
                return False
            intent = {
                "id": self._new("pi"),
                "object": "payment_intent",
                "status": "succeeded",
                "amount_received": session["amount_total"] if amount is None else amount,
                "currency": currency or session["currency"],
                "metadata": session["metadata"],
            }
            paid = {"status": "complete", "payment_status": "paid", "payment_intent": intent["id"]}
            self._write([session | paid, intent])
            self.event("checkout.session.completed", session_id)
            return True

    def change(self, pk: str, **fields: Any) -> None:
        """Overwrite fields of an object."""
        with self.lock:
            self._write([self.objects[pk] | fields])

    def event(self, kind: str, subject: str) -> Json:
        """Record an event about an object and return it."""
        event = {
            "id": f"evt_{len(self.events) + 1}_{random.getrandbits(32):08x}",
            "object": "event",
            "type": kind,
            "data": {"object": self.objects[subject]},
        }
        self.events.append(event)
        return event

    # ---- the ledger

    def of(self, kind: str) -> list[Json]:
        """Return all objects of a kind."""
        return [each for each in list(self.objects.values()) if each["object"] == kind]

    @property
    def taken(self) -> int:
        """The money taken from all customers, in cents."""
        return sum(intent["amount_received"] for intent in self.of("payment_intent"))

    def refunded(self, intent: str | None = None) -> int:
        """Return the money refunded for a payment intent, or for all of them, in cents."""
        return sum(
            refund["amount"]
            for refund in self.of("refund")
            if refund["payment_intent"] == (intent or refund["payment_intent"])
            and refund["status"] in ("succeeded", "pending")
        )

    def session_of(self, payment: object) -> Json:
        """Return the only session of a payment; with a second one a customer could pay twice."""
        sessions = self.of("checkout.session")
        [session] = [each for each in sessions if each["client_reference_id"] == str(payment)]
        return session

    def _session(self, pk: str) -> Json:
        return self._get(pk, "checkout.session")

    def _get(self, pk: str, kind: str) -> Json:
        stored = self.objects.get(pk)
        if stored is None or stored["object"] != kind:
            raise Refused(f"No such {kind}: '{pk}'", 404)
        return stored

    def _new(self, prefix: str) -> str:
        return f"{prefix}_{len(self.objects) + 1}_{random.getrandbits(48):012x}"

    def _write(self, objects: list[Json], answer: Json | None = None) -> None:
        """Append one line to the ledger, so that a kill leaves all of it or nothing."""
        entry = {"objects": objects, "answer": answer}
        with self.ledger.open("a") as ledger:
            ledger.write(json.dumps(entry) + "\n")
        self._remember(entry)

    def _remember(self, entry: Json) -> None:
        self.objects |= {each["id"]: each for each in entry["objects"]}
        if entry["answer"]:
            self.answers[entry["answer"]["key"]] = entry["answer"]

    def loses(self, request: str) -> bool:
        """Return whether the response to this request gets lost."""
        with self.lock:
            if request in self.lose:
                self.lose.remove(request)
                return True
            return random.random() < self.lost_replies


def signed(event: Json, secret: str = SECRET, timestamp: int | None = None) -> tuple[str, str]:
    """Return the body and the Stripe-Signature header of an event."""
    body = json.dumps(event)
    return body, stripe.WebhookSignature.generate_signature_header(body, secret, timestamp)


def _nested(params: Json, name: str) -> Json:
    """Return the form fields `name[key]` as a dict."""
    return {key[len(name) + 1 : -1]: value for key, value in params.items() if key.startswith(name + "[")}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, standin: Standin) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.standin = standin


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self._answer("GET", url.path, dict(parse_qsl(url.query)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self._answer("POST", self.path, {key: values[-1] for key, values in parse_qs(body).items()})

    def _answer(self, method: str, path: str, params: Json) -> None:
        standin = self.server.standin
        if path.startswith("/customer/pays/"):
            return self._send(200, {"paid": standin.pay(path.rpartition("/")[2])})
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            return self._send(401, Refused("Invalid API Key provided").body)
        try:
            status, body = 200, standin.call(method, path, params, self.headers.get("Idempotency-Key", ""))
        except Refused as refusal:
            status, body = refusal.status, refusal.body
        if standin.loses(f"{method} {path}"):
            self.close_connection = True
            return None
        return self._send(status, body)

    def _send(self, status: int, body: Json) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Request-Id", "req_standin")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(standin: Standin, port: int = 0) -> Any:
    """Serve the stand-in from a thread of this process, and yield its address."""
    server = Server(port, standin)
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    server = Server(int(sys.argv[1]), Standin(Path(sys.argv[2])))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.serve_forever()
