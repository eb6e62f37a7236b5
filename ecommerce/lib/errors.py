"""The one type of refusal, whose text is safe to show to a customer; and what is trouble of the database."""

import math

from django.db import DatabaseError
from pymongo.errors import ConnectionFailure, ExecutionTimeout, WTimeoutError


class DomainError(Exception):
    """A rule of the shop says no: the API answers with it, a page shows it as a message."""

    message = "That is not possible."
    code = "refused"
    status_code = 400

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)
        self.message = message or self.message


class NotFound(DomainError):
    message = "Not found"
    code = "not_found"
    status_code = 404


class FieldError(DomainError):
    """A refusal that belongs to one field of the input."""

    code = "invalid"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TryLater(DomainError):
    """Not now: the same request may be sent again after so many seconds."""

    code = "try_later"
    status_code = 429

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.retry_after = max(1, math.ceil(seconds))


class Busy(DomainError):
    """Nothing was changed; the same request may be sent again."""

    message = "The shop is busy. Please try again in a moment."
    code = "busy"
    status_code = 503


def is_database_trouble(error: BaseException | None) -> bool:
    """Away, stepping down or out of time: nothing was decided and a retry may succeed."""
    while error is not None:
        if isinstance(error, (ConnectionFailure, ExecutionTimeout, WTimeoutError)):
            return True
        error = error.__cause__ if isinstance(error, DatabaseError) else None
    return False
