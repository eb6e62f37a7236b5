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
LOCAL = ("localhost", "127.0.0.1", "[::1]")


def secret_problem(name: str, value: str) -> str | None:
    if not value:
        return f"{name} is missing."
    if value in PUBLISHED_SECRETS:
        return f"{name} is a published example."
    if len(value.encode()) < MINIMUM_SECRET_BYTES:
        return f"{name} is shorter than {MINIMUM_SECRET_BYTES} bytes."
    return None


def password_problem(name: str, value: str) -> str | None:
    if not value or value in PUBLISHED_SECRETS:
        return f"{name} is missing or a published example (or set CREATE_DEFAULT_ADMIN=false)."
    if len(value) < MINIMUM_PASSWORD_LENGTH:
        return f"{name} is shorter than {MINIMUM_PASSWORD_LENGTH} characters."
    return None


def is_open_origin(origin: str) -> bool:
    return origin == "*" or any(host in origin for host in LOCAL)


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
    """Yield a sentence for each problem; the settings of payments are checked in settings/payments.py."""
    for name, value in secrets.items():
        if problem := secret_problem(name, value):
            yield problem
    for name, values in previous_secrets.items():
        yield from filter(None, (secret_problem(name, value) for value in values))
    if admin_password is not None and (problem := password_problem("DEFAULT_ADMIN_PASSWORD", admin_password)):
        yield problem
    if not mongodb_uri:
        yield "MONGODB_URI is missing."
    if not public_url:
        yield "PUBLIC_URL is missing."
    if not hosts or "*" in hosts:
        yield "ALLOWED_HOSTS is missing or open to every host."
    if any(is_open_origin(origin) for origin in cors_origins):
        yield "CORS_ORIGINS names every origin or a local one."
    if debug:
        yield "DEBUG is on."
