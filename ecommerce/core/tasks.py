from django.conf import settings

from ecommerce.core import outbox
from ecommerce.core.outbox import mail_budget, retention
from ecommerce.core.periodic import periodic


@periodic(seconds=settings.OUTBOX_INTERVAL_SECONDS)
def deliver_outbox() -> None:
    if outbox.deliver_due():
        deliver_outbox.delay()


@periodic(seconds=3600)
def delete_old_messages() -> None:
    retention.delete_old()
    mail_budget.delete_unused()
