"""Reasons to refuse a start in production. All are reported at once, none with the value of a setting."""

from collections.abc import Iterator, Mapping
from itertools import chain

from ecommerce.core.risks import Risk, Settings

PUBLISHED_SECRETS = {
    "",
    "change_me",
    "your-super-secret-key-change-this-in-production",
    "admin123",
}
MINIMUM_SECRET_BYTES = 32
MINIMUM_PASSWORD_LENGTH = 8
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


def problems(settings: Settings, risks: Mapping[str, Risk]) -> Iterator[str]:
    """Yield a sentence for each problem. Those of payments are found in settings/payments.py."""
    named = set()
    for sentence in _certain_problems(settings):
        named.add(sentence.split()[0])
        yield sentence
    for name, check in risks.items():
        sentence = "" if name in settings["ALLOW_INSECURE"] else check(settings)
        if sentence and sentence.split()[0] not in named:
            yield f"{sentence[:-1]} (ALLOW_INSECURE={name} permits it)."


def _certain_problems(settings: Settings) -> Iterator[str]:
    for name, values in _secrets(settings).items():
        yield from chain.from_iterable(_secret_problems(name, value) for value in values)
    if settings["CREATE_DEFAULT_ADMIN"]:
        yield from _password_problems("DEFAULT_ADMIN_PASSWORD", settings["DEFAULT_ADMIN_PASSWORD"])
    for name in ("MONGODB_URI", "PUBLIC_URL", "ALLOWED_HOSTS"):
        if not settings[name]:
            yield f"{name} is missing."
    if any(_is_open_origin(origin) for origin in settings["CORS_ORIGINS"]):
        yield "CORS_ORIGINS names every origin or a local one."
    if settings["DEBUG"]:
        yield "DEBUG is on."


def _secrets(settings: Settings) -> dict[str, list[str]]:
    return {
        "SECRET_KEY": [settings["SECRET_KEY"]],
        "JWT_SECRET": [settings["JWT_SECRET"]],
        "SECRET_KEY_FALLBACKS": settings["SECRET_KEY_FALLBACKS"],
        "JWT_SECRET_PREVIOUS": settings["JWT_SECRET_PREVIOUS"],
    }


def _secret_problems(name: str, value: str) -> Iterator[str]:
    if not value:
        yield f"{name} is missing."
    elif value in PUBLISHED_SECRETS:
        yield f"{name} is a published example."
    elif len(value.encode()) < MINIMUM_SECRET_BYTES:
        yield f"{name} is shorter than {MINIMUM_SECRET_BYTES} bytes."


def _password_problems(name: str, value: str) -> Iterator[str]:
    if not value or value in PUBLISHED_SECRETS:
        yield f"{name} is missing or a published example (or set CREATE_DEFAULT_ADMIN=false)."
    elif len(value) < MINIMUM_PASSWORD_LENGTH:
        yield f"{name} is shorter than {MINIMUM_PASSWORD_LENGTH} characters."


def _is_open_origin(origin: str) -> bool:
    return origin == "*" or any(host in origin for host in LOCAL_HOSTS)
