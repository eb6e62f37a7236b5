from django.conf import settings

from ecommerce.core import outbox
from ecommerce.core.periodic import periodic


@periodic(seconds=settings.OUTBOX_INTERVAL_SECONDS)
def deliver_outbox() -> None:
    if outbox.deliver_due():
        deliver_outbox.delay()
