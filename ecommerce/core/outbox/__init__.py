"""The outbox: work outside MongoDB that is written with its change and delivered by a worker.

Import it once Django's apps are loaded: `from ecommerce.core.outbox import enqueue, handler`.
"""

from ecommerce.core.outbox.queue import deliver_due, enqueue, handler, handlers, resend

__all__ = ["deliver_due", "enqueue", "handler", "handlers", "resend"]
