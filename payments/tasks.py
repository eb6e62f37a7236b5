from ecommerce.celery import app
from payments import reconciling


@app.task
def release_expired_holds() -> None:
    reconciling.release_expired_holds()


@app.task
def reconcile() -> None:
    reconciling.reconcile()
