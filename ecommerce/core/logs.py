"""Log lines with the id of their request, and without secrets."""

import logging
import re
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")

# No pattern may backtrack from every position, or a long line would cost its length squared.
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
    """Keeps the first line of a message: celery beat logs 150 lines at each beat while Redis is away."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = record.getMessage().partition("\n")[0], ()
        record.exc_info = None
        return True


class RedactingFormatter(logging.Formatter):
    """Redacts secrets in the finished line, stack trace included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
