"""A stand-in of the part of Stripe's HTTP API that the shop uses, with a ledger that a kill does not lose.

    python -m tests.payments.stripe_standin PORT LEDGER

It honours Idempotency-Key as Stripe does (the same answer again, a 400 for other parameters, nothing stored
for a refused request), can do the work and lose the reply, and signs events with the real library.
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
    def __init__(self, message: str, status: int = 400, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": {"type": kind, "message": message}}


class Standin:
    """The objects, and the calls of the API and of a customer on them. One at a time."""

    def __init__(self, ledger: Path) -> None:
        self.ledger, self.lock = ledger, threading.RLock()
        self.objects: dict[str, Json] = {}
        self.answers: dict[str, Json] = {}
        self.events: list[Json] = []
        self.requests: list[str] = []
        self.lost_replies = 0.0  # the share of requests that are done but not answered
        self.lose: list[str] = []  # requests whose reply is lost once, by method and path
        self.refund_status = "succeeded"
        if ledger.exists():
            for line in ledger.read_text().splitlines():
                self._remember(json.loads(line))

    # ---- the API

    def call(self, method: str, path: str, params: Json, key: str) -> Json:
        with self.lock:
            self.requests.append(f"{method} {path}")
            if key in self.answers:
                made = self.answers[key]
                if made["params"] != params:
                    raise Refused("Keys for idempotent requests...", kind="idempotency_error")
                return made["answer"]
            answer, touched = self._route(method, path, params)
            if method == "POST":
                self._write(touched, {"key": key, "params": params, "answer": answer} if key else None)
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
                found = [r for r in self.of("refund") if r["payment_intent"] == params["payment_intent"]]
                return {"object": "list", "data": found, "has_more": False, "url": "/v1/refunds"}, []
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

    # ---- what customers and their banks do

    def pay(self, session_id: str, *, amount: int | None = None, currency: str | None = None) -> bool:
        """The customer pays on the hosted page; False where that is too late."""
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
        with self.lock:
            self._write([self.objects[pk] | fields])

    def event(self, kind: str, about: str) -> Json:
        event = {
            "id": f"evt_{len(self.events) + 1}_{random.getrandbits(32):08x}",
            "object": "event",
            "type": kind,
            "data": {"object": self.objects[about]},
        }
        self.events.append(event)
        return event

    # ---- the ledger

    def of(self, kind: str) -> list[Json]:
        return [each for each in list(self.objects.values()) if each["object"] == kind]

    @property
    def taken(self) -> int:
        return sum(intent["amount_received"] for intent in self.of("payment_intent"))

    def refunded(self, intent: str | None = None) -> int:
        return sum(
            refund["amount"]
            for refund in self.of("refund")
            if refund["payment_intent"] == (intent or refund["payment_intent"])
            and refund["status"] in ("succeeded", "pending")
        )

    def session_of(self, payment: object) -> Json:
        """The one session of a payment; a second one would be a second chance to pay."""
        [session] = [s for s in self.of("checkout.session") if s["client_reference_id"] == str(payment)]
        return session

    def _session(self, pk: str) -> Json:
        return self._get(pk, "checkout.session")

    def _get(self, pk: str, kind: str) -> Json:
        found = self.objects.get(pk)
        if found is None or found["object"] != kind:
            raise Refused(f"No such {kind}: '{pk}'", 404)
        return found

    def _new(self, prefix: str) -> str:
        return f"{prefix}_{len(self.objects) + 1}_{random.getrandbits(48):012x}"

    def _write(self, objects: list[Json], answer: Json | None = None) -> None:
        """One line, so that a kill leaves all of it or nothing."""
        entry = {"objects": objects, "answer": answer}
        with self.ledger.open("a") as ledger:
            ledger.write(json.dumps(entry) + "\n")
        self._remember(entry)

    def _remember(self, entry: Json) -> None:
        self.objects |= {each["id"]: each for each in entry["objects"]}
        if entry["answer"]:
            self.answers[entry["answer"]["key"]] = entry["answer"]

    def loses(self, request: str) -> bool:
        with self.lock:
            if request in self.lose:
                self.lose.remove(request)
                return True
            return random.random() < self.lost_replies


def signed(event: Json, secret: str = SECRET, timestamp: int | None = None) -> tuple[str, str]:
    """The body and the Stripe-Signature header of an event."""
    body = json.dumps(event)
    return body, stripe.WebhookSignature.generate_signature_header(body, secret, timestamp)


def _nested(params: Json, name: str) -> Json:
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
    """Its address, while a thread of this process serves it."""
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
