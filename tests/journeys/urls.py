"""The shop's addresses, its mails, and a page of each error."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import include, path
from django.views.csrf import csrf_failure

from ecommerce.core.errors import Busy
from ecommerce.urls import *  # noqa: F403
from ecommerce.urls import urlpatterns as of_the_shop

RAISED = {"403": PermissionDenied, "404": Http404, "500": RuntimeError, "503": Busy}


def error(request: HttpRequest, name: str) -> HttpResponse:
    """As the shop answers it; what only a middleware says is rendered as that does."""
    if name in RAISED:
        raise RAISED[name]
    if name == "403_csrf":
        return csrf_failure(request)
    if name == "413":
        return HttpResponse(render_to_string("413.html"), status=413)
    return render(request, "429.html", status=429)


urlpatterns = [
    *of_the_shop,
    path("errors/<str:name>/", error),
    path("dev/mails/", include("ecommerce.devserver.mails")),
]
