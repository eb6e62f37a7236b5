"""All settings, read from the environment. `.env.example` explains every variable."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from corsheaders.defaults import default_headers, default_methods
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from dotenv import load_dotenv
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri
from redis.backoff import NoBackoff
from redis.retry import Retry
from whitenoise.compress import Compressor

from catalog.search import BACKENDS
from ecommerce.lib import env, production
from ecommerce.lib.secrets import development_secret
from payments.gateways import GATEWAYS

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(BASE_DIR / ".env")

# Where and how the shop runs
APP_ENV = env.choice("APP_ENV", "dev", ["dev", "test", "production"])
IN_PRODUCTION = APP_ENV == "production"
DATA_DIR = env.data_dir(BASE_DIR)
PORT = env.integer("PORT", 8000, low=1, high=65535)
PUBLIC_URL = env.origin("PUBLIC_URL", "" if IN_PRODUCTION else f"http://localhost:{PORT}")
DEBUG = env.flag("DEBUG", default=False)
DEV_RELOAD = env.flag("DEV_RELOAD", default=False)  # `make dev` sets it: files are read afresh
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", "" if IN_PRODUCTION else "localhost,127.0.0.1,[::1]")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")

# Secrets: development makes its own, production must bring them
SECRET_KEY = env.text("SECRET_KEY")
JWT_SECRET = env.text("JWT_SECRET")
if not IN_PRODUCTION and SECRET_KEY in production.PUBLISHED_SECRETS:
    SECRET_KEY = development_secret(DATA_DIR, "SECRET_KEY")
if not IN_PRODUCTION and JWT_SECRET in production.PUBLISHED_SECRETS:
    JWT_SECRET = development_secret(DATA_DIR, "JWT_SECRET")
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS")
JWT_SECRET_PREVIOUS = env.names("JWT_SECRET_PREVIOUS")
JWT_ALG = env.choice("JWT_ALG", "HS256", ["HS256", "HS384", "HS512"])
ACCESS_TOKEN_EXPIRES_MIN = env.integer("ACCESS_TOKEN_EXPIRES_MIN", 15, low=1, high=1440)
REFRESH_TOKEN_EXPIRES_DAYS = env.integer("REFRESH_TOKEN_EXPIRES_DAYS", 30, low=1, high=365)

# The shop
CREATE_DEFAULT_ADMIN = env.flag("CREATE_DEFAULT_ADMIN", default=True)
DEFAULT_ADMIN_EMAIL = env.email("DEFAULT_ADMIN_EMAIL", "admin@example.com")
DEFAULT_ADMIN_PASSWORD = env.text("DEFAULT_ADMIN_PASSWORD", "admin123")
SEARCH_BACKEND = env.choice("SEARCH_BACKEND", "parts", list(BACKENDS))
SEED_SAMPLE_PRODUCTS = env.flag("SEED_SAMPLE_PRODUCTS", default=not IN_PRODUCTION)
PAYMENT_PROVIDER = env.text("PAYMENT_PROVIDER", "" if IN_PRODUCTION else "simulated")
if PAYMENT_PROVIDER not in {"", "none", *GATEWAYS}:
    raise ImproperlyConfigured(f"PAYMENT_PROVIDER must be one of: {', '.join(sorted({'none', *GATEWAYS}))}.")
ALLOW_SIMULATED_PAYMENTS = env.flag("ALLOW_SIMULATED_PAYMENTS", default=False)
PAYMENT_HOLD_MINUTES = env.integer("PAYMENT_HOLD_MINUTES", 30, low=30, high=1380)  # Stripe: 30 min to a day
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRETS = env.names("STRIPE_WEBHOOK_SECRET")
STRIPE_CHECKOUT_ORIGIN = env.text("STRIPE_CHECKOUT_ORIGIN", "https://checkout.stripe.com").rstrip("/")
STRIPE_API_BASE = env.text("STRIPE_API_BASE").rstrip("/")  # for tests: a stand-in of Stripe's API
_payment_settings: dict[str, Any] = {
    "payment_provider": PAYMENT_PROVIDER,
    "stripe_keys": {
        "STRIPE_SECRET_KEY": STRIPE_SECRET_KEY,
        "STRIPE_WEBHOOK_SECRET": ",".join(STRIPE_WEBHOOK_SECRETS),
    },
    "stripe_checkout_origin": STRIPE_CHECKOUT_ORIGIN,
}
if not IN_PRODUCTION and (culprits := list(production.payment_problems(**_payment_settings))):
    raise ImproperlyConfigured(" ".join(culprits))
SHOP_NAME = "Marlow"
CURRENCY = "usd"
SHIPPING_PRICE = env.amount("SHIPPING_PRICE") or Decimal(0)
FREE_SHIPPING_FROM = env.amount("FREE_SHIPPING_FROM")
TAX_PERCENT = env.amount("TAX_PERCENT") or Decimal(0)
ORDER_PAYMENT_DEADLINE_HOURS = env.integer("ORDER_PAYMENT_DEADLINE_HOURS", 24, low=1, high=8760)
PRODUCT_RATE_LIMIT = env.rate("PRODUCT_RATE_LIMIT", "5/m")
PRODUCT_RATE_LIMIT_USER = env.rate("PRODUCT_RATE_LIMIT_USER", "120/m")
AUTH_RATE_LIMIT = env.rate("AUTH_RATE_LIMIT", "60/m")
WRITE_RATE_LIMIT = env.rate("WRITE_RATE_LIMIT", "600/m")
READ_RATE_LIMIT = env.rate("READ_RATE_LIMIT", "1200/m")

# MongoDB
MONGODB_URI = env.text("MONGODB_URI", "" if IN_PRODUCTION else "mongodb://localhost:27017/ecommerce")
try:
    _database = parse_uri(MONGODB_URI, validate=True)["database"] if MONGODB_URI else None
except (PyMongoError, ValueError):
    raise ImproperlyConfigured("MONGODB_URI is not a MongoDB connection string.") from None
DATABASES = {
    "default": {
        "ENGINE": "django_mongodb_backend",
        "HOST": MONGODB_URI,
        "NAME": _database or "ecommerce",
        "OPTIONS": {
            "w": "majority",
            "readConcernLevel": "majority",
            "retryWrites": True,
            "serverSelectionTimeoutMS": 5000,
            "connectTimeoutMS": 5000,
            "socketTimeoutMS": 20000,
        },
    }
}
DEFAULT_AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
MIGRATION_MODULES = {app: f"ecommerce.mongo_migrations.{app}" for app in ("admin", "auth", "contenttypes")}

# Redis: a cache only. Refusing or silent, it may cost a request no more than a moment.
REDIS_ENABLED = env.flag("REDIS_ENABLED", default=True)
REDIS_URL = env.text("REDIS_URL", "redis://localhost:6379")
if not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL is not a Redis connection string.")
CACHE_TTL_SECONDS = env.integer("CACHE_TTL_SECONDS", 300, low=1, high=86400)
LOG_CACHE = env.flag("LOG_CACHE", default=False)
REDIS_CACHE = {
    "BACKEND": "django_redis.cache.RedisCache",
    "LOCATION": REDIS_URL,
    "KEY_FUNCTION": "ecommerce.lib.cache.plain_key",
    "OPTIONS": {
        "IGNORE_EXCEPTIONS": True,
        "SOCKET_CONNECT_TIMEOUT": 0.1,
        "SOCKET_TIMEOUT": 0.1,
        "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 0)},  # the default retries for 4 s
    },
}
IN_PROCESS_CACHE = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
CACHES = {
    "default": REDIS_CACHE if REDIS_ENABLED else IN_PROCESS_CACHE,
    "in_process": IN_PROCESS_CACHE | {"LOCATION": "in_process"},
    "ratelimit": {"BACKEND": "ecommerce.lib.failover.FailOverCache"},
}
RATELIMIT_USE_CACHE = "ratelimit"

# The outbox: with these an attempt is made for about 15 hours before a row is dead
OUTBOX_MAX_ATTEMPTS = env.integer("OUTBOX_MAX_ATTEMPTS", 12, low=1, high=100)
OUTBOX_BACKOFF_SECONDS = env.integer("OUTBOX_BACKOFF_SECONDS", 30, low=1, high=3600)
OUTBOX_INTERVAL_SECONDS = env.integer("OUTBOX_INTERVAL_SECONDS", 10, low=1, high=3600)
OUTBOX_LEASE_SECONDS = 120  # above a task's time limit (ecommerce/celery.py)

# Mail: by SMTP where a server is named, otherwise into a folder that /dev/mails/ shows
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.integer("EMAIL_PORT", 587, low=1, high=65535)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env.text("EMAIL_USER"), env.text("EMAIL_PASSWORD")
_security = env.choice("EMAIL_SECURITY", "starttls", ["starttls", "tls", "none"])
EMAIL_USE_TLS, EMAIL_USE_SSL = _security == "starttls", _security == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text(
    "DEFAULT_FROM_EMAIL", "" if IN_PRODUCTION else f"{SHOP_NAME} <shop@example.com>"
)
MAIL_FOLDER = DATA_DIR / "mails"
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "ecommerce.lib.mailfolder.MailFolder"
)

# Django
INSTALLED_APPS = [
    "ecommerce.apps.EcommerceConfig",
    "accounts",
    "catalog",
    "cart",
    "orders",
    "payments",
    "unfold",  # the admin's look; before the admin
    "ecommerce.apps.MongoAdminConfig",
    "ecommerce.apps.MongoAuthConfig",
    "ecommerce.apps.MongoContentTypesConfig",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_countries",  # for its names in other languages
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "ecommerce.middleware.RequestLog",
    "ecommerce.middleware.Health",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # What only pages need: on a drawing of 500 bytes it would be half as much again.
    "ecommerce.middleware.Language",
    "ecommerce.headers.BrowserPolicies",
    "ecommerce.middleware.PageCompression",
    "corsheaders.middleware.CorsMiddleware",
    "ecommerce.middleware.BodyLimit",
    "ecommerce.middleware.Unavailable",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "ecommerce.limits.RateLimits",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "ecommerce.urls"
WSGI_APPLICATION = "ecommerce.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "admin:index"  # of the admin's own sign-in page; ours knows where a visitor came from
SESSION_ENGINE = "accounts.websessions"
AUTHENTICATION_BACKENDS = ["accounts.backends.LockingBackend"]
PASSWORD_HASHERS = ["accounts.hashers.OneAtATimeBCryptHasher"]
_validators = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_validators}.MinimumLengthValidator"},
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
    {
        "NAME": f"{_validators}.UserAttributeSimilarityValidator",
        # It compares letters without their order: by default it takes SecurePass123 for user123@example.com.
        "OPTIONS": {"user_attributes": ["email"], "max_similarity": 0.8},
    },
    {"NAME": f"{_validators}.CommonPasswordValidator"},
    {"NAME": f"{_validators}.NumericPasswordValidator"},
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "German")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# Whether a request came by HTTPS gunicorn says, which believes TRUSTED_PROXIES alone (gunicorn.conf.py).
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
_hsts_seconds = env.integer("HSTS_SECONDS", 31_536_000, low=0, high=99_999_999)
SECURE_HSTS_SECONDS = _hsts_seconds if SECURE_SSL_REDIRECT else 0
# Whether the domain's other hosts have HTTPS, too, only its owner knows.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

_loaders = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cart.context_processors.head",
                "catalog.context_processors.shop",
            ],
            # Every template has {% translate %}, {% static %} and the shop's filters without loading them.
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "catalog.templatetags.shop",
            ],
            "loaders": _loaders if DEV_RELOAD else [("django.template.loaders.cached.Loader", _loaders)],
        },
    }
]
FORM_RENDERER = "ecommerce.lib.forms.ShopRenderer"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_URL = "/media/"
MEDIA_ROOT = env.folder("MEDIA_ROOT", BASE_DIR, DATA_DIR / "media")
PAGE_BODY_LIMIT = 10_000_000  # a picture and the form around it
STATICFILES_DIRS = [BASE_DIR / "static"]
# Source maps are for debuggers; compressing them takes half of the time of collecting.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEV_RELOAD
WHITENOISE_ALLOW_ALL_ORIGINS = False  # our pages alone take them
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEV_RELOAD
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# The admin's look: the shop's name, and its pine for actions
UNFOLD = {
    "SITE_TITLE": SHOP_NAME,
    "SITE_HEADER": f"{SHOP_NAME} administration",
    "SITE_SYMBOL": "storefront",
    "SITE_FAVICONS": [
        {"rel": "icon", "href": lambda _: static("img/favicon.svg"), "type": "image/svg+xml"},
    ],
    "DASHBOARD_CALLBACK": "ecommerce.dashboard.dashboard",
    "STYLES": [lambda _: static("css/admin.css")],
    "COLORS": {
        "primary": {
            "50": "#f0f8f5",
            "100": "#e2f0ea",
            "200": "#bfe0d4",
            "300": "#84dcc2",
            "400": "#62cdad",
            "500": "#2fa98a",
            "600": "#0b5d4b",
            "700": "#084a3c",
            "800": "#17382f",
            "900": "#0e2b24",
            "950": "#06231b",
        }
    },
}

# REST API
API_BODY_LIMIT = 1_000_000
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["ecommerce.lib.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "URL_FORMAT_OVERRIDE": None,  # ?format=x is a parameter like any unknown one, not a 404
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "ecommerce.lib.parsers.JSONAnyway",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "ecommerce.lib.api.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SERVICE_KEY_AUTHENTICATION = "accounts.authentication.ServiceKeyAuthentication"  # routes choose it
SIMPLE_JWT = {
    "ALGORITHM": JWT_ALG,
    "SIGNING_KEY": JWT_SECRET,
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=ACCESS_TOKEN_EXPIRES_MIN),
    "AUTH_HEADER_TYPES": ("Bearer", "bearer", "BEARER"),  # clients send the token_type they were given
    "USER_ID_CLAIM": "sub",
    "TOKEN_TYPE_CLAIM": "typ",
    "UPDATE_LAST_LOGIN": False,
    "AUTH_TOKEN_CLASSES": ("ecommerce.lib.bearer.AccessToken",),
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
    # By default a badge of validator.swagger.io is loaded, which is told the shop's address.
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

# CORS, for the API alone
CORS_URLS_REGEX = r"^/api/"
_cors_origins = env.origins(
    "CORS_ORIGINS",
    "" if IN_PRODUCTION else "http://localhost:3000,http://localhost:5173,http://localhost:8080",
)
CORS_ALLOW_ALL_ORIGINS = "*" in _cors_origins
CORS_ALLOWED_ORIGINS = [origin for origin in _cors_origins if origin != "*"]
CORS_ALLOW_CREDENTIALS = env.flag("CORS_ALLOW_CREDENTIALS", default=True)
# Browsers ignore a literal `*` beside credentials, so it stands for the usual names and ours.
_our_headers = ("idempotency-key", "x-request-id", "x-cart-token", "x-order-token")
_methods, _headers = env.names("CORS_ALLOW_METHODS", "*"), env.names("CORS_ALLOW_HEADERS", "*")
CORS_ALLOW_METHODS = default_methods if "*" in _methods else _methods
CORS_ALLOW_HEADERS = (*default_headers, *_our_headers) if "*" in _headers else _headers
CORS_EXPOSE_HEADERS = ["X-Total-Count", "X-Request-ID", "X-Process-Time", "Retry-After"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "ecommerce.lib.logs.RedactingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s",
        }
    },
    "filters": {
        "request_id": {"()": "ecommerce.lib.logs.RequestIdFilter"},
        "first_line": {"()": "ecommerce.lib.logs.FirstLineFilter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # The request log already has a line for each answer; Django's adds stack traces of errors.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # anybody can cause these
        "celery": {"level": "WARNING"},  # a line for every task otherwise
        "stripe": {"level": "WARNING"},  # two lines for each call of its API otherwise
        "celery.beat": {"filters": ["first_line"]},
        "shop.cache": {"level": "DEBUG" if LOG_CACHE else "INFO"},
    },
}

if IN_PRODUCTION and (
    culprits := list(
        production.problems(
            secrets={"SECRET_KEY": SECRET_KEY, "JWT_SECRET": JWT_SECRET},
            previous_secrets={
                "SECRET_KEY_FALLBACKS": SECRET_KEY_FALLBACKS,
                "JWT_SECRET_PREVIOUS": JWT_SECRET_PREVIOUS,
            },
            admin_password=DEFAULT_ADMIN_PASSWORD if CREATE_DEFAULT_ADMIN else None,
            mongodb_uri=MONGODB_URI,
            public_url=PUBLIC_URL,
            hosts=ALLOWED_HOSTS,
            cors_origins=_cors_origins,
            debug=DEBUG,
            **_payment_settings,
            stripe_api_base=STRIPE_API_BASE,
            allow_simulated_payments=ALLOW_SIMULATED_PAYMENTS,
        )
    )
):
    raise ImproperlyConfigured("Production is refused. " + " ".join(culprits))
