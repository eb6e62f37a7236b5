"""What must always be true of the outbox."""

from collections.abc import Iterator

from ecommerce.core.models import OutboxMessage


def violations() -> Iterator[str]:
    """Each event is there once, and what was sent says when."""
    keys = set()
    for message in OutboxMessage.objects.order_by().iterator():
        if message.key in keys:
            yield f"outbox {message.key}: queued twice"
        keys.add(message.key)
        if message.status not in OutboxMessage.Status.values:
            yield f"outbox {message.key}: unknown status {message.status}"
        if (message.sent_at is not None) != (message.status == OutboxMessage.Status.SENT):
            yield f"outbox {message.key} ({message.status}): sent at {message.sent_at}"
