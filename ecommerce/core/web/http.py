"""Facts about requests: the user, the address, the device."""

import ipaddress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

MAX_AGENT = 200
caller_ip: ContextVar[str | None] = ContextVar("caller_ip", default=None)  # None outside of a request


def signed_in(request: Any) -> Any:
    """Return the user of a request whose view requires one. `HttpRequest.user` may also be anonymous."""
    return request.user


def client_ip(request: HttpRequest) -> str:
    """Return the caller's address, from X-Forwarded-For as far as TRUSTED_PROXIES have written it."""
    address = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while forwarded and _is_trusted(address):
        claimed = forwarded.pop().strip()
        if not _is_address(claimed):
            break
        address = claimed
    return address


def network_of(address: str) -> str:
    """Return the addresses that count as one caller: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(address: str) -> bool:
    return _is_address(address) and any(
        ipaddress.ip_address(address) in network for network in settings.TRUSTED_PROXIES
    )


@dataclass(frozen=True)
class Device:
    """The address and browser of a sign-in, for the list of sessions."""

    ip: str
    agent: str

    @classmethod
    def of(cls, request: Any) -> "Device":
        return cls(client_ip(request), request.META.get("HTTP_USER_AGENT", "")[:MAX_AGENT])
