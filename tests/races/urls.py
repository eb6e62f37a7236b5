"""The shop's own routes, and those that the tests need."""

from io import StringIO

from django.core.management import CommandError, call_command
from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from ecommerce import urls as shop
from ecommerce.core.db import transactions

# Races are about who wins, not about how long a crowd of conflicts takes on a busy machine.
transactions.FUNCTION_DEADLINE_S, transactions.COMMIT_DEADLINE_S = 60.0, 90.0


def fsck(request: HttpRequest) -> JsonResponse:
    """Run `manage.py fsck` without starting a process for it."""
    violations = StringIO()
    try:
        call_command("fsck", stdout=StringIO(), stderr=violations)
    except CommandError:
        return JsonResponse({"violations": violations.getvalue().splitlines()})
    return JsonResponse({"violations": []})


urlpatterns = [
    path("fsck", fsck),
    path("proper/api/v1/", include("ecommerce.api_urls")),  # the shop's own code on the naive shop
    *shop.urlpatterns,  # not by include(), which refuses routes with languages
]
