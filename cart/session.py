"""From a request to its cart, and what a visitor wanted before signing in."""

from django.http import HttpRequest

from accounts.models import User
from cart import services
from cart.models import Cart
from ecommerce.lib.errors import DomainError

WANTED = "wanted_item"


def cart_of(request: HttpRequest) -> Cart | None:
    """The signed-in customer's cart; a visitor has none, and none is looked for."""
    return services.get_cart(user=request.user) if isinstance(request.user, User) else None


def remember(request: HttpRequest, product_id: int, qty: int) -> None:
    """Keep what a visitor wants to add until signing in."""
    request.session[WANTED] = [product_id, qty]


def add_remembered(request: HttpRequest, user: User) -> None:
    """Add what was remembered. What cannot be added any more is dropped: signing in never fails."""
    wanted = request.session.pop(WANTED, None)
    if wanted:
        product_id, qty = wanted
        try:
            services.add_item(user=user, product_id=product_id, qty=qty)
        except DomainError:
            return
