from cart import services
from ecommerce.core.periodic import periodic


@periodic(seconds=3600)
def forget_old_guest_carts() -> None:
    services.forget_old_guest_carts()
