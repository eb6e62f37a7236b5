"""Shared by all API routes: error answers, the validation of input, permissions and pages of lists."""

import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.views import exception_handler as drf_exception_handler

from ecommerce.core.errors import Busy, DomainError, FieldError, TryLater, is_database_trouble
from ecommerce.core.web.http import signed_in
from ecommerce.core.web.ratelimit import RateLimited
from ecommerce.core.web.service_keys import ServiceKeyAuthentication

logger = logging.getLogger("shop.api")
MAX_SKIP = 1_000_000
BEARER: tuple[type[BaseAuthentication], ...] = tuple(APIView.authentication_classes)  # beside guests' tokens
STAFF = (*BEARER, ServiceKeyAuthentication)
NOT_ALLOWED = "Your role or key does not allow this."
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")

# For these the REST framework's own sentences would repeat what was sent.
OWN_SENTENCES = {
    exceptions.MethodNotAllowed: "This route does not take this method.",
    exceptions.UnsupportedMediaType: "Send the body as application/json.",
}


class ErrorAnswer(serializers.Serializer[Any]):
    """An error of the API; `errors` is present only if fields are invalid."""

    detail = serializers.CharField()
    code = serializers.SlugField()
    errors: Any = serializers.DictField(
        required=False, help_text="Sentences by field; for a field that is an object, by its own fields."
    )


class TooManyRequests(serializers.Serializer[Any]):
    """The error 429, whose shape differs as specified; `Retry-After` tells when to try again."""

    error = serializers.CharField(default="rate_limit_exceeded", help_text="Or another reason: locked")
    message = serializers.CharField()
    detail = serializers.CharField(help_text="The rate: 5 per 1 minute")
    code = serializers.SlugField(required=False)


def errors(*statuses: int) -> dict[int, type[serializers.Serializer[Any]]]:
    """Return a route's error answers for its schema. Every route may answer 429 and 503."""
    return {status: TooManyRequests if status == 429 else ErrorAnswer for status in (*statuses, 429, 503)}


def can(*permissions: str) -> type[BasePermission]:
    """Return a permission class for callers that have all of these permissions.

    Staff have them by their role, service keys by their scopes (accounts/roles.py).
    """

    class Can(BasePermission):
        message = NOT_ALLOWED

        def has_permission(self, request: Request, view: Any) -> bool:
            return all(signed_in(request).has_perm(permission) for permission in permissions)

    return Can


def keys_need(permission: str) -> type[BasePermission]:
    """Return a permission class that refuses service keys without this permission, and no other callers."""

    class KeysNeed(BasePermission):
        message = NOT_ALLOWED

        def has_permission(self, request: Request, view: Any) -> bool:
            caller = signed_in(request)
            return getattr(caller, "scopes", None) is None or caller.has_perm(permission)

    return KeysNeed


NEXT = 'The next page, as `<address>; rel="next"`. Missing if there is none.'


class Page(serializers.Serializer[Any]):
    """The page of a list. A value out of range is an error, never clamped."""

    skip = serializers.IntegerField(min_value=0, max_value=MAX_SKIP, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)
    after = serializers.CharField(
        max_length=500,
        default="",
        help_text="Where the page begins, from the `Link` header of the previous page. Unlike `skip` this is "
        "fast at any depth, and repeats or misses no row if others are added.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["after"] and attrs["skip"]:
            raise serializers.ValidationError({"after": "Give either `after` or `skip`."})
        return attrs


def query(serializer: type[serializers.Serializer[Any]], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the valid query parameters; an empty one counts as missing. Raises ValidationError."""
    checked = serializer(data={name: value for name, value in params.items() if value != ""})
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def link_to_next(request: Request, page: type[Page], cursor: str) -> str:
    """Return the `Link` header for the page that begins at the cursor, with the other parameters as they are.

    The address is relative, since the same answer is sent to every host.
    """
    names = [name for name in page().get_fields() if name not in ("skip", "after")]
    given = [(name, request.query_params.get(name, "")) for name in names]
    params = [(name, value) for name, value in given if value]
    return f'<{request.path}?{urlencode([*params, ("after", cursor)])}>; rel="next"'


def body(serializer: type[serializers.Serializer[Any]], data: Any, **options: Any) -> dict[str, Any]:
    """Return the valid fields of a body. Raises ValidationError."""
    checked = serializer(data=data, **options)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def idempotency_key(request: Request) -> str | None:
    """Return the request's Idempotency-Key, or None. Raises FieldError for a malformed one."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        raise FieldError("Idempotency-Key", "The Idempotency-Key must be 1 to 200 visible ASCII characters.")
    return key


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer every error as `{"detail", "code"}`, for invalid fields with `errors` by field."""
    if isinstance(error, RateLimited):
        return _rate_limited(error)
    if isinstance(error, TryLater):
        return _try_later(error)
    if isinstance(error, DomainError):
        return _domain_error(error)
    if isinstance(error, RequestDataTooBig):
        return _answer(413, "The body is larger than 1 MB.", "body_too_large")
    if isinstance(error, DjangoValidationError):
        return _answer(400, "The input is not valid.", "invalid")
    if is_database_trouble(error):
        logger.warning("The database did not answer (%s).", type(error.__cause__ or error).__name__)
        return _domain_error(Busy())
    response = drf_exception_handler(error, context)
    if response is not None:
        response.data = _error_body(error)
        if response.status_code == 401:
            response["WWW-Authenticate"] = "Bearer"
    return response


def _answer(status: int, detail: str, code: str, **more: Any) -> Response:
    return Response({"detail": detail, "code": code, **more}, status=status)


def _domain_error(error: DomainError) -> Response:
    more = {"errors": {error.field: [error.message]}} if isinstance(error, FieldError) else {}
    response = _answer(error.status_code, error.message, error.code, **more)
    if error.status_code == 401:
        response["WWW-Authenticate"] = "Bearer"
    if error.status_code == 503:
        response["Retry-After"] = "1"
    return response


def rate_limited_body(error: RateLimited) -> dict[str, str]:
    """Return the body of a 429, as specified."""
    return {
        "error": "rate_limit_exceeded",
        "message": "Too many requests. Please slow down and try again later.",
        "detail": str(error.rate),
    }


def _rate_limited(error: RateLimited) -> Response:
    headers = {"Retry-After": str(error.retry_after)}
    return Response(rate_limited_body(error), status=429, headers=headers)


def _try_later(error: TryLater) -> Response:
    """Answer in the shape of a rate limit's 429, along with the code that every other error has."""
    body = {"error": error.code, "message": error.message, "detail": error.message, "code": error.code}
    return Response(body, status=429, headers={"Retry-After": str(error.retry_after)})


def _error_body(error: Exception) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        errors = error.detail if isinstance(error.detail, dict) else {"body": error.detail}
        field, message = _first_error(errors)
        detail = message if field in ("body", "non_field_errors") else f"{field}: {message}"
        return {"detail": detail, "code": "invalid", "errors": errors}
    if isinstance(error, Http404):
        return {"detail": "Not found", "code": "not_found"}
    if isinstance(error, exceptions.APIException) and isinstance(error.detail, str):
        return {"detail": OWN_SENTENCES.get(type(error), str(error.detail)), "code": error.detail.code}
    return {"detail": "The request was refused.", "code": "refused"}


def _first_error(errors: Any, field: str = "body") -> tuple[str, str]:
    """Return the first field with an error and its first sentence, at any depth."""
    while not isinstance(errors, str):
        if isinstance(errors, dict):
            field, errors = next((pair for pair in errors.items() if pair[1]), (field, "Invalid."))
        else:
            errors = next((part for part in errors if part), "Invalid.")
    return field, errors
