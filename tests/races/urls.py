"""The shop's own routes, and what the tests need beside them."""

from io import StringIO

from django.core.management import CommandError, call_command
from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from ecommerce import urls as shop


def fsck(request: HttpRequest) -> JsonResponse:
    """`manage.py fsck` without the second or two that its process takes to start."""
    found = StringIO()
    try:
        call_command("fsck", stdout=StringIO(), stderr=found)
    except CommandError:
        return JsonResponse({"violations": found.getvalue().splitlines()})
    return JsonResponse({"violations": []})


urlpatterns = [
    path("fsck", fsck),
    path("proper/api/v1/", include("ecommerce.api_urls")),  # the naive shop has these routes, too
    *shop.urlpatterns,  # not included: routes with languages may not be
]
