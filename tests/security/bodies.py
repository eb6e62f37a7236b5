"""A body that each route accepts from callers with the permission."""

from collections.abc import Callable
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import EmailChange, OneTimeToken, User
from accounts.recovery import one_time_links
from accounts.recovery.services import CHANGE_LIFETIME
from accounts.sessions import services as sessions
from tests.security.world import ADDRESS, DEVICE, World
from tests.support.factories import PASSWORD

Body = Callable[[World], Any]
NEW_PASSWORD = "Another-Pass-456"
_numbers = count(1)


def _new_product(world: World) -> dict[str, Any]:
    number = next(_numbers)
    return {"name": f"Tea {number}", "slug": f"tea-{number}", "price": 5}


def _promotion(world: World) -> dict[str, Any]:
    User.objects.filter(pk=world.stranger.pk).update(role="user")
    return {"email": world.stranger.email}


def _role_change(world: World) -> dict[str, Any]:
    return {**_promotion(world), "role": "support"}


def _link(purpose: OneTimeToken.Purpose) -> Body:
    return lambda world: {"token": one_time_links.create(world.customer, purpose)}


def _email_change(world: World) -> dict[str, Any]:
    EmailChange.objects.all().delete()
    until = timezone.now() + CHANGE_LIFETIME
    change = EmailChange.objects.create(user=world.customer, email="new@example.com", expires_at=until)
    return {
        "token": one_time_links.create(
            world.customer, one_time_links.Purpose.EMAIL_CHANGE_OLD, subject=str(change.pk)
        )
    }


def _constant(body: Any) -> Body:
    return lambda world: body


BODIES: dict[str, Body] = {
    "POST auth/signup": lambda world: {"email": f"new{next(_numbers)}@example.com", "password": PASSWORD},
    "POST auth/login": lambda world: {"email": world.customer.email, "password": PASSWORD},
    "POST auth/refresh": lambda world: {
        "refresh_token": sessions.start_session(world.customer, device=DEVICE).refresh_token
    },
    "POST auth/verify-email": _link(OneTimeToken.Purpose.VERIFY_EMAIL),
    "POST auth/password/forgot": lambda world: {"email": world.customer.email},
    "POST auth/password/reset": lambda world: {
        **_link(OneTimeToken.Purpose.PASSWORD_RESET)(world),
        "password": PASSWORD,
    },
    "POST auth/password/change": _constant({"current": PASSWORD, "password": NEW_PASSWORD}),
    "POST auth/email/change": lambda world: {
        "email": f"moved{next(_numbers)}@example.com",
        "password": PASSWORD,
    },
    "POST auth/email/confirm": _email_change,
    "DELETE auth/me": _constant({"password": PASSWORD}),
    "POST auth/promote-to-admin": _promotion,
    "POST auth/role": _role_change,
    "POST cart/add": lambda world: {"product_id": world.product.product_id, "qty": 1},
    "POST cart/remove": lambda world: {"product_id": world.product.product_id},
    "POST checkout/create-order": _constant({"email": "guest@example.com"}),
    "POST payments/start": lambda world: {"order_id": str(world.order.pk)},
    "POST payments/webhooks/<str:gateway>": _constant({"event": "x"}),
    "POST admin/products": _new_product,
    "PATCH admin/products/<str:pk>": _constant({"name": "Renamed"}),
    "POST admin/orders/<str:order_id>/ship": _constant({"carrier": "DHL", "tracking_number": "1"}),
    "POST admin/orders/<str:order_id>/correct-parcel": _constant({"carrier": "DHL", "tracking_number": "1"}),
    "POST admin/orders/<str:order_id>/refund": _constant({"amount": 1, "reason": "late", "restock": False}),
}
QUERIES: dict[str, Callable[[World], str]] = {
    "POST payments/confirm": lambda world: f"?order_id={world.order.pk}&outcome=canceled",
}


def _checkout(world: World) -> dict[str, Any]:
    return {"key": f"a-click-{next(_numbers)}", "seen_total": "79.99", "email": "a@example.com", **ADDRESS}


FORMS: dict[str, Body] = {
    "POST /account/login/": lambda world: {"email": world.customer.email, "password": PASSWORD},
    "POST /account/signup/": lambda world: {
        "email": f"page{next(_numbers)}@example.com",
        "password": PASSWORD,
    },
    "POST /account/password/": _constant({"current": PASSWORD, "password": NEW_PASSWORD}),
    "POST /account/password/forgot/": lambda world: {"email": world.customer.email},
    "POST /account/email/": lambda world: {"email": f"by{next(_numbers)}@example.com", "password": PASSWORD},
    "POST /account/addresses/new/": _constant(ADDRESS),
    "POST /account/addresses/<str:address_id>/": _constant(ADDRESS),
    "POST /account/delete/": _constant({"password": PASSWORD}),
    "POST /cart/add/<int:product_id>/": _constant({"qty": "1"}),
    "POST /cart/update/<int:product_id>/": _constant({"qty": "2"}),
    "POST /checkout/": _checkout,
    "POST /orders/<str:number>/pay/": _constant({"outcome": "canceled"}),
}
