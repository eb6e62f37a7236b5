"""Log lines: each carries its request's id, none carries a secret."""

import logging
import re
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")

# None repeats without an end from every place: a long line would cost its length squared.
SECRETS = (
    (re.compile(r"://[^\s/]*@"), "://***@"),  # user:password in a connection string
    (re.compile(r"(?i)\b(bearer|api-key)\s+[\w.~+/=-]+"), r"\1 ***"),
    (re.compile(r"(?i)\b(authorization[\"']?\s*[:=]\s*[\"']?[\w-]+)\s+[^\s\"',}]+"), r"\1 ***"),
    (re.compile(r"\b(?:sk|rk|whsec)_\w+"), "***"),  # Stripe's keys
    (re.compile(r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*"), "***"),  # a JWT
    (
        re.compile(
            r"""(?i)((?:password|secret|token)[\w-]{0,40}["']?\s*[:=]\s*)"""  # the name
            r"""(?:"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|[^\s"',}]+)"""  # its value, quoted or not
        ),
        r"\1***",
    ),
)


def redact(text: str) -> str:
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class FirstLineFilter(logging.Filter):
    """Celery's timetable writes 150 lines at each beat that Redis is away; the first says it all."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = record.getMessage().partition("\n")[0], ()
        record.exc_info = None
        return True


class RedactingFormatter(logging.Formatter):
    """Redacts the finished line, stack trace included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
