"""The end of a guest's cookie."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from cart import session


class GuestCookie:
    """Deletes the guest's cookie in the answer to signing in or out: the next visitor is another guest."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session.forget_if_left(request, response)
        return response
