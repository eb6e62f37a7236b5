"""The invariants of the outbox, for `fsck`."""

from collections.abc import Iterator

from ecommerce.core.models import OutboxMessage


def violations() -> Iterator[str]:
    """Yield messages that are queued twice, or whose status is unknown or contradicts the time of sending."""
    keys = set()
    for message in OutboxMessage.objects.order_by().iterator():
        if message.key in keys:
            yield f"outbox {message.key}: queued twice"
        keys.add(message.key)
        if message.status not in OutboxMessage.Status.values:
            yield f"outbox {message.key}: unknown status {message.status}"
        if (message.sent_at is not None) != (message.status == OutboxMessage.Status.SENT):
            yield f"outbox {message.key} ({message.status}): sent at {message.sent_at}"
