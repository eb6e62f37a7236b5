"""The errors of the shop's rules, with texts that are safe to show to customers."""

import math
from typing import Any, ClassVar

from django.db import DatabaseError
from django.utils.translation import gettext, gettext_noop
from pymongo.errors import ConnectionFailure, ExecutionTimeout, WTimeoutError


class DomainError(Exception):
    """A rule of the shop is broken: the API answers with `message`, a page shows `in_words`.

    `message` is always English, for the API, the database and logs. The sentences that customers may see on a
    page are marked by `gettext_noop` and name their placeholders: "At most %(most)d", `most=99`.
    """

    message = gettext_noop("That is not possible.")
    code = "refused"
    status_code = 400
    facts: ClassVar[dict[str, Any]] = {}

    def __init__(self, message: str | None = None, **facts: Any) -> None:
        self._sentence, self._facts = message or self.message, facts or self.facts
        self.message = self._filled(self._sentence)
        super().__init__(self.message)

    @property
    def in_words(self) -> str:
        """The sentence in the active language."""
        return self._filled(gettext(self._sentence))

    def _filled(self, sentence: str) -> str:
        return sentence % self._facts if self._facts else sentence


class NotFound(DomainError):
    message = "Not found"
    code = "not_found"
    status_code = 404


class FieldError(DomainError):
    """An error in one field of the input."""

    code = "invalid"

    def __init__(self, field: str, message: str, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.field = field


class TryLater(DomainError):
    """The same request may be sent again after so many seconds."""

    code = "try_later"
    status_code = 429

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.retry_after = max(1, math.ceil(seconds))


class Busy(DomainError):
    """Nothing was changed, and the same request may be sent again."""

    message = gettext_noop("The shop is busy. Please try again in a moment.")
    code = "busy"
    status_code = 503


def is_database_trouble(error: BaseException | None) -> bool:
    """Return whether MongoDB is away, stepping down or out of time, so that a retry may succeed."""
    while error is not None:
        if isinstance(error, (ConnectionFailure, ExecutionTimeout, WTimeoutError)):
            return True
        error = error.__cause__ if isinstance(error, DatabaseError) else None
    return False
