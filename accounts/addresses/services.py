"""Use cases of an account's addresses: kept at the checkout or on its own pages, filled in next time."""

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
    message, code = gettext_noop("At most %(most)d addresses can be kept."), "too_many_addresses"
    facts = {"most": MAX_ADDRESSES}


def list_addresses(user: User) -> "QuerySet[SavedAddress]":
    """The one that was used last comes first."""
    return SavedAddress.objects.filter(user=user)


def get_address(user: User, address_id: str) -> SavedAddress:
    """The account's own; anyone else's, an unknown or a malformed id is AddressNotFound."""
    saved = list_addresses(user).filter(pk=object_id(address_id)).first()
    if saved is None:
        raise AddressNotFound
    return saved


def save_address(user: User, address: Address) -> None:
    """Put it first. One that is there already is not kept twice, whoever keeps it at once.

    Raises TooManyAddresses; of several at once one too many may get in.
    """
    saved, key = list_addresses(user), _key(user, address)
    if _used_now(saved.filter(key=key)):
        return
    if saved.count() >= MAX_ADDRESSES:
        raise TooManyAddresses
    with suppress(IntegrityError):  # another request has just kept it
        SavedAddress.objects.create(user=user, address=address, key=key)


def change_address(user: User, address_id: str, address: Address) -> None:
    """Where that makes it the same as another one, that one remains. Raises AddressNotFound."""
    row = list_addresses(user).filter(pk=object_id(address_id))
    try:
        changed = row.update(address=address, key=_key(user, address))
    except IntegrityError:
        changed, _rows = row.delete()
    if not changed:
        raise AddressNotFound


def put_first(user: User, address_id: str) -> None:
    if not _used_now(list_addresses(user).filter(pk=object_id(address_id))):
        raise AddressNotFound


def remove_address(user: User, address_id: str) -> None:
    """Gone afterwards, whoever removed it."""
    list_addresses(user).filter(pk=object_id(address_id)).delete()


def export(user: User) -> list[dict[str, Any]]:
    return [saved.address.as_dict() for saved in list_addresses(user)]


def erase(user: User) -> None:
    list_addresses(user).delete()


def _used_now(rows: "QuerySet[SavedAddress]") -> int:
    return rows.update(used_at=timezone.now())


def _key(user: User, address: Address) -> str:
    return f"{user.pk}:{sha256(json.dumps(address.as_dict()).encode()).hexdigest()}"
