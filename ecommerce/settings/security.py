"""Secrets, rate limits, sign-in, HTTPS and cookies."""

from ecommerce.core import env
from ecommerce.settings import production
from ecommerce.settings.development_secrets import development_secret
from ecommerce.settings.shop import DATA_DIR, IN_PRODUCTION, PUBLIC_URL

# Secrets: development generates its own, production must set them
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

# Rates, such as 5/m
PRODUCT_RATE_LIMIT = env.rate("PRODUCT_RATE_LIMIT", "5/m")
PRODUCT_RATE_LIMIT_USER = env.rate("PRODUCT_RATE_LIMIT_USER", "120/m")
MISS_RATE_LIMIT = env.rate("MISS_RATE_LIMIT", "120/m")
AUTH_RATE_LIMIT = env.rate("AUTH_RATE_LIMIT", "60/m")
WRITE_RATE_LIMIT = env.rate("WRITE_RATE_LIMIT", "600/m")
READ_RATE_LIMIT = env.rate("READ_RATE_LIMIT", "1200/m")

# Signing in
REQUIRE_VERIFIED_STAFF = env.flag("REQUIRE_VERIFIED_STAFF", default=IN_PRODUCTION)
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "admin:index"  # for the admin's sign-in page; the shop's returns to the page before it
SESSION_ENGINE = "accounts.sessions.web_sessions"
AUTHENTICATION_BACKENDS = ["accounts.sign_in.backends.LockingBackend"]
PASSWORD_HASHERS = ["accounts.sign_in.hashers.OneAtATimeBCryptHasher"]
PASSWORD_THREADS = 2  # of a process, one of them waiting for the other's hash
_validators = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_validators}.MinimumLengthValidator"},
    {"NAME": "accounts.sign_in.passwords.MaximumLengthValidator"},
    {
        "NAME": f"{_validators}.UserAttributeSimilarityValidator",
        # It compares letters without their order: at its default SecurePass123 resembles user123@example.com.
        "OPTIONS": {"user_attributes": ["email"], "max_similarity": 0.8},
    },
    {"NAME": f"{_validators}.CommonPasswordValidator"},
    {"NAME": f"{_validators}.NumericPasswordValidator"},
]
# HTTPS and headers
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# gunicorn tells whether a request came by HTTPS, and believes only TRUSTED_PROXIES (gunicorn.conf.py).
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
_prefix = "__Host-" if SESSION_COOKIE_SECURE else ""  # as in ecommerce.core.web.http.cookie_name
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_prefix}sessionid", f"{_prefix}csrftoken"
_hsts_seconds = env.integer("HSTS_SECONDS", 31_536_000, low=0, high=99_999_999)
SECURE_HSTS_SECONDS = _hsts_seconds if SECURE_SSL_REDIRECT else 0
# Preloading and subdomains (HSTS): only the owner of the domain knows whether its other hosts have HTTPS.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
