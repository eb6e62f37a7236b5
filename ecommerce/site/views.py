"""Views of no app: the API's documentation, and error pages."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views import defaults
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView


@require_safe
def redoc(request: HttpRequest) -> HttpResponse:
    return render(request, "redoc.html")


class UnknownRoute(APIView):
    """A 404 in the API's shape, also with DEBUG."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(exclude=True)
    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        raise NotFound("There is no such route.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that reaches no view, such as one for another host."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": "The request is not valid.", "code": "bad_request"}, status=400)
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(
            {"detail": "Something went wrong on our side.", "code": "server_error"}, status=500
        )
    return defaults.server_error(request)
