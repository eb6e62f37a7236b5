"""From a request for a page to an order that its visitor may see: the guests' tokens are known here alone."""

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
HELD = "order_tokens"  # in the session
MOST_HELD = 20


def with_order(view: Callable[[HttpRequest, Order], HttpResponse]) -> OrderPage:
    """Hand the view the order with this number. Whoever may not see it is asked to sign in, or sees a 404.

    The token of a link is remembered and leaves the address.
    """

    @wraps(view)
    def page(request: HttpRequest, number: str) -> HttpResponse:
        if token := request.GET.get("token"):
            _hold(request, token)
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


def _hold(request: HttpRequest, token: str) -> None:
    held = [token, *(each for each in request.session.get(HELD, []) if each != token)]
    request.session[HELD] = held[:MOST_HELD]


def holders(request: HttpRequest) -> list[OrderHolder]:
    found = map(tokens.holder_of, request.session.get(HELD, []))
    return [holder for holder in found if holder is not None]


def _viewers(request: HttpRequest) -> Iterator[Viewer]:
    if buyer := session.buyer_of(request):
        yield buyer
    if request.user.is_authenticated and (guest := session.guest_of(request)):
        yield guest
    yield from holders(request)
