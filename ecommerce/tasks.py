from ecommerce import outbox
from ecommerce.celery import app


@app.task
def deliver_outbox() -> None:
    if outbox.deliver_due():
        deliver_outbox.delay()
