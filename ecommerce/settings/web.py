"""Django's apps, middleware, templates, languages and static files, and the admin's theme."""

from django.templatetags.static import static
from whitenoise.compress import Compressor

from ecommerce.core import env
from ecommerce.settings.shop import BASE_DIR, DATA_DIR, DEV_RELOAD, SHOP_NAME

INSTALLED_APPS = [
    # Lower apps first: run_due_tasks runs the tasks of the highest app first.
    "ecommerce.core",
    "accounts",
    "catalog",
    "cart",
    "orders",
    "payments",
    "ecommerce.backoffice",
    "ecommerce.apps.ShopConfig",
    "ecommerce.devserver",
    "unfold",  # the admin's theme, before the admin
    "ecommerce.apps.MongoAdminConfig",
    "ecommerce.apps.MongoAuthConfig",
    "ecommerce.apps.MongoContentTypesConfig",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_countries",  # an app for its translations
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "ecommerce.site.middleware.RequestLog",
    "ecommerce.site.middleware.Health",
    "django.middleware.security.SecurityMiddleware",
    "ecommerce.site.middleware.Language",
    "ecommerce.site.headers.BrowserPolicies",
    "ecommerce.site.middleware.PageCompression",
    "corsheaders.middleware.CorsMiddleware",
    "ecommerce.site.middleware.BodyLimit",
    "ecommerce.site.middleware.Unavailable",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cart.middleware.GuestCookie",
    "accounts.sign_in.known_devices.RememberDevice",
    "django.contrib.messages.middleware.MessageMiddleware",
    "ecommerce.site.limits.RateLimits",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "ecommerce.urls"
WSGI_APPLICATION = "ecommerce.wsgi.application"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "German")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
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
                "catalog.storefront.context_processors.shop",
            ],
            # Available in every template without {% load %}.
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "ecommerce.site.templatetags.shop",
            ],
            "loaders": _loaders if DEV_RELOAD else [("django.template.loaders.cached.Loader", _loaders)],
        },
    }
]
# Only in a cookie: the hot path passes its requests to Django, which shows the messages.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
FORM_RENDERER = "ecommerce.core.web.forms.ShopRenderer"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_URL = "/media/"
MEDIA_ROOT = env.folder("MEDIA_ROOT", BASE_DIR, DATA_DIR / "media")
PAGE_BODY_LIMIT = 10_000_000  # a picture and its form
STATICFILES_DIRS = [BASE_DIR / "static"]
# Source maps are for debuggers; compressing them would take half of the time of collectstatic.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEV_RELOAD
WHITENOISE_ALLOW_ALL_ORIGINS = False  # only our own pages load them
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEV_RELOAD
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# The admin's theme: the shop's name and its green
UNFOLD = {
    "SITE_TITLE": SHOP_NAME,
    "SITE_HEADER": f"{SHOP_NAME} administration",
    "SITE_SYMBOL": "storefront",
    "SITE_FAVICONS": [
        {"rel": "icon", "href": lambda _: static("img/favicon.svg"), "type": "image/svg+xml"},
    ],
    "DASHBOARD_CALLBACK": "ecommerce.backoffice.dashboard.dashboard",
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
