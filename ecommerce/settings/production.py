"""Reasons to refuse a start in production. All are reported at once, none with the value of a setting."""

from collections.abc import Iterator, Sequence

PUBLISHED_SECRETS = {
    "",
    "change_me",
    "your-super-secret-key-change-this-in-production",
    "admin123",
}
MINIMUM_SECRET_BYTES = 32
MINIMUM_PASSWORD_LENGTH = 8
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


def problems(
    *,
    secrets: dict[str, str],
    previous_secrets: dict[str, list[str]],
    admin_password: str | None,
    mongodb_uri: str,
    public_url: str,
    hosts: Sequence[str],
    cors_origins: Sequence[str],
    debug: bool,
) -> Iterator[str]:
    """Yield a sentence for each problem. Those of payments are found in settings/payments.py."""
    for name, value in secrets.items():
        yield from _secret_problems(name, value)
    for name, values in previous_secrets.items():
        for value in values:
            yield from _secret_problems(name, value)
    if admin_password is not None:
        yield from _password_problems("DEFAULT_ADMIN_PASSWORD", admin_password)
    if not mongodb_uri:
        yield "MONGODB_URI is missing."
    if not public_url:
        yield "PUBLIC_URL is missing."
    if not hosts or "*" in hosts:
        yield "ALLOWED_HOSTS is missing or open to every host."
    if any(_is_open_origin(origin) for origin in cors_origins):
        yield "CORS_ORIGINS names every origin or a local one."
    if debug:
        yield "DEBUG is on."


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
