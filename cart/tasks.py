from cart import services
from ecommerce.celery import app


@app.task
def forget_old_guest_carts() -> None:
    services.forget_old_guest_carts()
