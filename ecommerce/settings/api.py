"""The REST API: its framework, tokens, schema and CORS."""

from datetime import timedelta

from corsheaders.defaults import default_headers, default_methods

from ecommerce.core import env
from ecommerce.settings.security import ACCESS_TOKEN_EXPIRES_MIN, JWT_ALG, JWT_SECRET
from ecommerce.settings.shop import IN_PRODUCTION

API_BODY_LIMIT = 1_000_000
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["ecommerce.core.web.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "URL_FORMAT_OVERRIDE": None,  # ?format=x is ignored like any unknown parameter
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "ecommerce.core.web.parsers.JSONAnyway",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "ecommerce.core.web.api.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SIMPLE_JWT = {
    "ALGORITHM": JWT_ALG,
    "SIGNING_KEY": JWT_SECRET,
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=ACCESS_TOKEN_EXPIRES_MIN),
    "AUTH_HEADER_TYPES": ("Bearer", "bearer", "BEARER"),  # clients may send the token_type of the answer
    "USER_ID_CLAIM": "sub",
    "TOKEN_TYPE_CLAIM": "typ",
    "UPDATE_LAST_LOGIN": False,
    "AUTH_TOKEN_CLASSES": ("ecommerce.core.web.bearer.AccessToken",),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Shop API",
    "VERSION": "1.0.0",
    "DESCRIPTION": (
        "Products, cart, checkout, orders and payments. Sign in with a bearer token. Answers are in English; "
        "mails are in the language of `Accept-Language` (en, de)."
    ),
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    # By default a badge of validator.swagger.io is loaded, which tells that host the shop's address.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True, "validatorUrl": None},
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "OrderStatus": "orders.models.Order.Status",
        "PaymentStatus": "payments.models.Payment.Status",
    },
}

# CORS, for the API only
CORS_URLS_REGEX = r"^/api/"
CORS_ORIGINS = env.origins(
    "CORS_ORIGINS",
    "" if IN_PRODUCTION else "http://localhost:3000,http://localhost:5173,http://localhost:8080",
)
CORS_ALLOW_ALL_ORIGINS = "*" in CORS_ORIGINS
CORS_ALLOWED_ORIGINS = [origin for origin in CORS_ORIGINS if origin != "*"]
CORS_ALLOW_CREDENTIALS = env.flag("CORS_ALLOW_CREDENTIALS", default=True)
# Browsers ignore a literal `*` along with credentials, so it stands for the usual names and ours.
_our_headers = ("idempotency-key", "x-request-id", "x-cart-token", "x-order-token")
_methods, _headers = env.names("CORS_ALLOW_METHODS", "*"), env.names("CORS_ALLOW_HEADERS", "*")
CORS_ALLOW_METHODS = default_methods if "*" in _methods else _methods
CORS_ALLOW_HEADERS = (*default_headers, *_our_headers) if "*" in _headers else _headers
CORS_EXPOSE_HEADERS = ["Link", "X-Total-Count", "X-Request-ID", "X-Process-Time", "Retry-After"]
