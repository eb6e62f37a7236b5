"""Use cases of the addresses that an account keeps for its next orders."""

import json
from contextlib import suppress
from hashlib import sha256
from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import Address, SavedAddress, User
from ecommerce.core.db import object_id
from ecommerce.core.errors import DomainError

MAX_ADDRESSES = 20


class AddressNotFound(DomainError):
    message, code, status_code = gettext_noop("Address not found"), "address_not_found", 404


class TooManyAddresses(DomainError):
    message, code = gettext_noop("You can save at most %(most)d addresses."), "too_many_addresses"
    facts = {"most": MAX_ADDRESSES}


def list_addresses(user: User) -> "QuerySet[SavedAddress]":
    """Return the account's addresses, the last used one first."""
    return SavedAddress.objects.filter(user=user)


def get_address(user: User, *, address_id: str) -> SavedAddress:
    """Return one of the account's addresses. Raises AddressNotFound, also for a malformed id."""
    saved = list_addresses(user).filter(pk=object_id(address_id)).first()
    if saved is None:
        raise AddressNotFound
    return saved


def save_address(user: User, *, address: Address) -> None:
    """Save the address as the last used one; the same address is never saved twice.

    Raises TooManyAddresses, although concurrent requests may exceed the limit by one.
    """
    saved, key = list_addresses(user), _key(user, address)
    if _mark_used(saved.filter(key=key)):
        return
    if saved.count() >= MAX_ADDRESSES:
        raise TooManyAddresses
    with suppress(IntegrityError):  # a concurrent request has just saved it
        SavedAddress.objects.create(user=user, address=address, key=key)


def change_address(user: User, *, address_id: str, address: Address) -> None:
    """Replace the address; if the new one is saved already, only that one remains. Raises AddressNotFound."""
    row = list_addresses(user).filter(pk=object_id(address_id))
    try:
        changed = row.update(address=address, key=_key(user, address))
    except IntegrityError:
        changed, _rows = row.delete()
    if not changed:
        raise AddressNotFound


def put_first(user: User, *, address_id: str) -> None:
    """Make the address the first in the list. Raises AddressNotFound."""
    if not _mark_used(list_addresses(user).filter(pk=object_id(address_id))):
        raise AddressNotFound


def remove_address(user: User, *, address_id: str) -> None:
    """Remove the address; do nothing if it does not exist."""
    list_addresses(user).filter(pk=object_id(address_id)).delete()


def export(user: User) -> list[dict[str, Any]]:
    """Return the account's addresses, ready for JSON."""
    return [saved.address.as_dict() for saved in list_addresses(user)]


def erase(user: User) -> None:
    """Delete all addresses of the account."""
    list_addresses(user).delete()


def _mark_used(rows: "QuerySet[SavedAddress]") -> int:
    return rows.update(used_at=timezone.now())


def _key(user: User, address: Address) -> str:
    """Return the unique key of the user and the address."""
    return f"{user.pk}:{sha256(json.dumps(address.as_dict()).encode()).hexdigest()}"
