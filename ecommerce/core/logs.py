"""Log lines with the id of their request, and without secrets."""

import logging
import re
from collections.abc import Sequence
from contextvars import ContextVar

Patterns = list[tuple[re.Pattern[str], str]]  # each with what replaces its matches

request_id: ContextVar[str] = ContextVar("request_id", default="-")


def _value_of(name: str) -> re.Pattern[str]:
    """Return a pattern for a name and the value after it, quoted or not; its group 1 is all but the value."""
    return re.compile(
        rf"""(?i)((?:{name})[\w-]{{0,40}}["']?\s*[:=]\s*)"""
        r"""(?:"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|[^\s"',}]+)"""
    )


# No pattern may repeat without a limit from every position: a long line would take quadratic time.
SECRETS: Patterns = [
    (re.compile(r"://[^\s/]*@"), "://***@"),  # user:password in a connection string
    (re.compile(r"(?i)\b(bearer|api-key)\s+[\w.~+/=-]+"), r"\1 ***"),
    (re.compile(r"(?i)\b(authorization[\"']?\s*[:=]\s*[\"']?[\w-]+)\s+[^\s\"',}]+"), r"\1 ***"),
    (re.compile(r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*"), "***"),  # a JWT
    (_value_of("password|secret|token"), r"\1***"),
]
# Without one of these words no pattern matches; looking for words is ten times as fast as matching.
SIGNS = ("://", "bearer", "api-key", "authorization", "eyj", "password", "secret", "token")
_app_secrets: dict[str, tuple[list[str], Patterns]] = {}  # the signs and the patterns of each owner


def register_secrets(owner: str, *, names: Sequence[str] = (), prefixes: Sequence[str] = ()) -> None:
    """Redact an app's secrets too: the values after these names, and words that begin with a prefix.

    A second call for the same owner replaces the first.
    """
    patterns = [(_value_of(re.escape(name)), r"\1***") for name in names]
    if prefixes:
        patterns.append((re.compile(rf"\b(?:{'|'.join(map(re.escape, prefixes))})\w+"), "***"))
    _app_secrets[owner] = [sign.lower() for sign in (*names, *prefixes)], patterns


def redact(text: str) -> str:
    """Return the text with every secret in it replaced by stars."""
    lower = text.lower()
    for signs, patterns in ((SIGNS, SECRETS), *_app_secrets.values()):
        if any(sign in lower for sign in signs):
            for pattern, replacement in patterns:
                text = pattern.sub(replacement, text)
    return text


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class FirstLineFilter(logging.Filter):
    """Keeps the first line of a message: celery beat logs 150 lines at each beat while Redis is away."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = record.getMessage().partition("\n")[0], ()
        record.exc_info = None
        return True


class RedactingFormatter(logging.Formatter):
    """Redacts secrets in the finished line, stack trace included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
