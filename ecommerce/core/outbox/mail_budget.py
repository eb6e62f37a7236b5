"""The budget of each mailbox for mails that strangers can cause: of each kind one a minute and five a day."""

import hashlib
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop
from pymongo.errors import DuplicateKeyError

from ecommerce.core.db import as_document, collection, connection
from ecommerce.core.errors import TryLater
from ecommerce.core.models import MailBudget
from ecommerce.core.text.emails import mailbox_of

PAUSE, A_DAY, MOST_A_DAY = timedelta(minutes=1), timedelta(days=1), 5
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
OLDEST, LATEST = "sent.0", f"sent.{MOST_A_DAY - 1}"


A_MOMENT_AGO = gettext_noop(
    "A mail went to this address a moment ago. Please wait a minute before the next one."
)
FIVE_TODAY = gettext_noop("Five such mails went to this address within a day. Please try again tomorrow.")


class TooManyMails(TryLater):
    code = "too_many_mails"

    def __init__(self, seconds: float) -> None:
        super().__init__(A_MOMENT_AGO if seconds <= PAUSE.total_seconds() else FIVE_TODAY, seconds)


def spend(kind: str, recipient: str) -> float:
    """Count a mail and return 0, or return the seconds until the next one of this kind may be sent.

    Call it in the `run_tx` that queues the mail. One conditional update decides, so of concurrent calls
    exactly as many succeed as the budget has left.
    """
    key = hashlib.sha256(f"{kind}:{mailbox_of(recipient)}".encode(errors="surrogatepass")).hexdigest()
    now = timezone.now()
    return 0 if _count(key, now) or _count_first(key, now) else _wait(key, now)


def spend_or_refuse(kind: str, recipient: str) -> None:
    """Count a mail. Raises TooManyMails, which must roll back the transaction."""
    if wait := spend(kind, recipient):
        raise TooManyMails(wait)


def delete_unused() -> None:
    """Delete the budgets without a mail for a day."""
    MailBudget.objects.filter(updated_at__lt=timezone.now() - A_DAY).delete()


def _count(key: str, now: datetime) -> bool:
    """Count a mail in an existing budget; return False if there is none or if it is used up."""
    free = {"_id": key, OLDEST: {"$lte": now - A_DAY}, LATEST: {"$lte": now - PAUSE}}
    sent = {"sent": {"$each": [now], "$slice": -MOST_A_DAY}}
    change = {"$push": sent, "$set": {"updated_at": now}}
    return collection(MailBudget).update_one(free, change).modified_count == 1


def _count_first(key: str, now: datetime) -> bool:
    """Create the budget with this mail, by an upsert as `enqueue` does; return False if it exists."""
    first = MailBudget(pk=key, sent=[*[NEVER] * (MOST_A_DAY - 1), now], updated_at=now)
    fields = {name: value for name, value in as_document(first).items() if name != "_id"}
    try:
        result = collection(MailBudget).update_one({"_id": key}, {"$setOnInsert": fields}, upsert=True)
    except DuplicateKeyError:
        if connection.in_atomic_block_mongo:
            raise
        return False
    return result.upserted_id is not None


def _wait(key: str, now: datetime) -> float:
    sent = MailBudget.objects.get(pk=key).sent
    free_at = max(sent[-1] + PAUSE, sent[0] + A_DAY)
    return max(1.0, (free_at - now).total_seconds())
