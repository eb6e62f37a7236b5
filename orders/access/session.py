"""Access to orders from pages. The session remembers the tokens of guests' orders."""

from collections.abc import Callable, Iterator
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from cart import session
from orders import services
from orders.access import tokens
from orders.models import Order, OrderHolder, Viewer

OrderPage = Callable[[HttpRequest, str], HttpResponse]
SESSION_KEY = "order_tokens"
MAX_TOKENS = 20


def with_order(view: Callable[[HttpRequest, Order], HttpResponse]) -> OrderPage:
    """Pass the order with this number to the view, or ask a visitor without access to sign in.

    A signed-in user without access gets a 404. The token of a link is moved from the address to the session.
    """

    @wraps(view)
    def page(request: HttpRequest, number: str) -> HttpResponse:
        token = request.GET.get("token")
        if token:
            if tokens.holder_of(token):  # a session is stored for no other
                _remember(request, token)
            return redirect(request.path)
        for viewer in _viewers(request):
            try:
                return view(request, services.get_order_by_number(user=viewer, number=number))
            except services.OrderNotFound:
                continue
        if request.user.is_authenticated:
            raise Http404
        return redirect_to_login(request.get_full_path())

    return page


def _remember(request: HttpRequest, token: str) -> None:
    others = [other for other in request.session.get(SESSION_KEY, []) if other != token]
    request.session[SESSION_KEY] = [token, *others][:MAX_TOKENS]


def holders(request: HttpRequest) -> list[OrderHolder]:
    """Return the orders whose tokens the session remembers."""
    holders = map(tokens.holder_of, request.session.get(SESSION_KEY, []))
    return [holder for holder in holders if holder is not None]


def _viewers(request: HttpRequest) -> Iterator[Viewer]:
    """Yield everyone that this visitor can prove to be: the user, the guest, the holders of tokens."""
    buyer = session.buyer_of(request)
    if buyer:
        yield buyer
    guest = session.guest_of(request)
    if guest and guest != buyer:
        yield guest
    yield from holders(request)
