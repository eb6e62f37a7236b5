"""The shop's routes, its mails, and a page for each error."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import include, path
from django.views.csrf import csrf_failure

from ecommerce.core.errors import Busy
from ecommerce.urls import *  # noqa: F403
from ecommerce.urls import urlpatterns as shop_urlpatterns

RAISED = {"403": PermissionDenied, "404": Http404, "500": RuntimeError, "503": Busy}


def error(request: HttpRequest, name: str) -> HttpResponse:
    """Answer with the error as the shop does; those of a middleware are rendered as it renders them."""
    if name in RAISED:
        raise RAISED[name]
    if name == "403_csrf":
        return csrf_failure(request)
    if name == "413":
        return HttpResponse(render_to_string("413.html"), status=413)
    return render(request, "429.html", status=429)


urlpatterns = [
    *shop_urlpatterns,
    path("errors/<str:name>/", error),
    path("dev/mails/", include("ecommerce.devserver.mails")),
]
