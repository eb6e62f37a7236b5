"""Accounts that their owners gave up are deleted here, because accounts do not know orders."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import islice

from accounts.models import User
from accounts.sessions import services as sessions
from accounts.users import services as users
from orders.models import Order

KEPT = timedelta(days=365)
BATCH = 500


def delete_abandoned() -> None:
    """Delete customers who never confirmed their e-mail and did not sign in for a year.

    Customers with an order or an open session keep their account.
    """
    for batch in _batches():
        in_use = _with_orders(batch) | sessions.accounts_with_sessions(batch)
        for user in batch:
            if user.pk not in in_use:
                with suppress(users.UserNotFound, users.HasOrders):
                    users.delete_user(user)


def _batches() -> Iterator[list[User]]:
    rows = users.abandoned(older_than=KEPT).order_by().iterator()
    while batch := list(islice(rows, BATCH)):
        yield batch


def _with_orders(batch: list[User]) -> set[object]:
    return set(Order.objects.filter(user__in=batch).order_by().values_list("user", flat=True))
