"""Facts about requests: the user, the address, the device."""

import ipaddress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MAX_AGENT = 200
caller_ip: ContextVar[str | None] = ContextVar("caller_ip", default=None)  # None outside of a request


SHARED_ANSWER = "shop.shared_answer"


def shared_answer(request: Any) -> str:
    """Return a text that is not empty if the answer will be stored and sent to everyone.

    Then it must not show anything of one visitor, except in holes (`ecommerce.site.hot_path`); the text marks
    those.
    """
    return str(request.META.get(SHARED_ANSWER, ""))


def signed_in(request: Any) -> Any:
    """Return the user of a request whose view requires one. `HttpRequest.user` may also be anonymous."""
    return request.user


def cookie_name(name: str, prefix: str = "__Host-") -> str:
    """Return the name of our cookie. Under HTTPS its prefix keeps other hosts of the domain from setting it.

    `__Host-` needs the path `/`; a cookie with another path has `__Secure-`.
    """
    return f"{prefix}{name}" if settings.SESSION_COOKIE_SECURE else name


def client_ip(request: HttpRequest) -> str:
    """Return the caller's address, from X-Forwarded-For as far as TRUSTED_PROXIES have written it."""
    meta = request.META
    forwarded = meta.get("HTTP_X_FORWARDED_FOR", "")
    return _client_ip(meta.get("REMOTE_ADDR", ""), forwarded, tuple(settings.TRUSTED_PROXIES))


@lru_cache(1024)
def _client_ip(address: str, forwarded: str, trusted: tuple[Network, ...]) -> str:
    claims = forwarded.split(",")
    while claims and _is_in(address, trusted):
        claimed = claims.pop().strip()
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


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in networks)


@dataclass(frozen=True)
class Device:
    """The address and browser of a sign-in, for the list of sessions."""

    ip: str
    agent: str

    @classmethod
    def of(cls, request: Any) -> "Device":
        return cls(client_ip(request), request.META.get("HTTP_USER_AGENT", "")[:MAX_AGENT])
