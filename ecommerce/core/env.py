"""Typed values from environment variables.

Raises ImproperlyConfigured for a bad value, with the name of the variable and never with its value.
"""

import ipaddress
import os
import re
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from ecommerce.core.web.ratelimit import Rate

ORIGIN = re.compile(r"https?://[^\s/?#@]+")
PUBLIC_DEVELOPMENT = "public-development"
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """Return the variable's text. An empty variable counts as not set."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name} must be true or false.")
    return value in TRUE


def integer(name: str, default: int, *, low: int, high: int) -> int:
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
        raise ImproperlyConfigured(f"{name} must be a whole number from {low} to {high}.")
    return int(value)


def amount(name: str) -> Decimal | None:
    """Return a number of at most two decimals, such as an amount of money, or None if it is not set."""
    if not (value := text(name)):
        return None
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,2})?", value):
        raise ImproperlyConfigured(f"{name} must be a number such as 4.90.")
    return Decimal(value)


def names(name: str, default: str = "") -> list[str]:
    """Return the parts of a comma-separated list that are not empty."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def origin(name: str, default: str) -> str:
    """Return the scheme, host and port of an address, without a trailing slash."""
    value = text(name, default).rstrip("/")
    if value and not ORIGIN.fullmatch(value):
        raise ImproperlyConfigured(f"{name} must read like https://shop.example, without a path.")
    return value


def origins(name: str, default: str) -> list[str]:
    """Return the origins of a comma-separated list, of which `*` stands for any."""
    listed = [part.rstrip("/") for part in names(name, default)]
    if not all(part == "*" or ORIGIN.fullmatch(part) for part in listed):
        raise ImproperlyConfigured(f"{name} must list addresses like https://shop.example, without a path.")
    return listed


def email(name: str, default: str) -> str:
    value = text(name, default).lower()
    try:
        validate_email(value)
    except ValidationError:
        raise ImproperlyConfigured(f"{name} must be an e-mail address.") from None
    return value


def choice(name: str, default: str, allowed: Collection[str]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of: {', '.join(sorted(allowed))}.")
    return value


def rate(name: str, default: str) -> Rate:
    try:
        return Rate.parse(text(name, default))
    except ValueError:
        raise ImproperlyConfigured(f"{name} must read like 5/m: a number and s, m, h or d.") from None


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        return [ipaddress.ip_network(part) for part in names(name)]
    except ValueError:
        raise ImproperlyConfigured(f"{name} must list IP addresses or networks.") from None


def host() -> str:
    """Return the address to listen on.

    Some shells set HOST to the machine's name, so only an address counts. Raises ImproperlyConfigured for one
    that opens development to the network, unless ALLOW_INSECURE permits it.
    """
    try:
        address = ipaddress.ip_address(text("HOST", "127.0.0.1"))
    except ValueError:
        return "127.0.0.1"
    is_risk = text("APP_ENV", "dev") != "production" and not address.is_loopback
    if is_risk and PUBLIC_DEVELOPMENT not in names("ALLOW_INSECURE"):
        raise ImproperlyConfigured(
            "HOST opens development, whose admin's password is published, to the network. Use "
            f"APP_ENV=production, or permit it with ALLOW_INSECURE={PUBLIC_DEVELOPMENT}."
        )
    return str(address)


def data_dir(base_dir: Path) -> Path:
    """Return the folder for the data of the embedded servers and the generated secrets of development."""
    return (base_dir / text("DATA_DIR", "var")).resolve()


def folder(name: str, base_dir: Path, default: Path) -> Path:
    return (base_dir / text(name, str(default))).resolve()
