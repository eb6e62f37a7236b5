"""Facts about a request that do not depend on who asks."""

import ipaddress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

MAX_AGENT = 200
caller_ip: ContextVar[str | None] = ContextVar("caller_ip", default=None)  # None outside of a request


def signed_in(request: Any) -> Any:
    """The User of a request that was let through as signed in, page or API."""
    return request.user


def client_ip(request: HttpRequest) -> str:
    """The caller's address; X-Forwarded-For counts only as far as TRUSTED_PROXIES wrote it."""
    address = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while forwarded and _is_trusted(address):
        claimed = forwarded.pop().strip()
        if not _is_address(claimed):
            break
        address = claimed
    return address


def network_of(address: str) -> str:
    """What one caller has: an IPv4 address; of IPv6 a network of 64 bits, whose addresses are free."""
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
    """Where somebody signed in, for the list that they may end it from."""

    ip: str
    agent: str

    @classmethod
    def of(cls, request: Any) -> "Device":
        return cls(client_ip(request), request.META.get("HTTP_USER_AGENT", "")[:MAX_AGENT])
