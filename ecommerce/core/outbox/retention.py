"""How long delivered messages and dead letters stay: as long as staff may be asked about a mail."""

from datetime import datetime, timedelta

from django.utils import timezone

from ecommerce.core.models import OutboxMessage

KEPT = timedelta(days=90)
DONE = (OutboxMessage.Status.SENT, OutboxMessage.Status.DEAD)


def oldest_kept() -> datetime:
    """Return the time before which messages may be deleted already."""
    return timezone.now() - KEPT


def delete_old() -> None:
    """Delete old messages, but none that waits to be delivered."""
    OutboxMessage.objects.filter(status__in=DONE, created_at__lt=oldest_kept()).delete()
