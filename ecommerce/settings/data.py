"""MongoDB, Redis and the outbox."""

from os import PathLike

from django.core.exceptions import ImproperlyConfigured
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri
from redis.backoff import NoBackoff
from redis.retry import Retry

from ecommerce.core import env
from ecommerce.settings.shop import IN_PRODUCTION

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


class NotInstalled(PathLike[str]):
    """The path of a library that the shop does without.

    The backend imports GDAL, for maps. Without a path each of its four imports searches for the library with
    the C compiler, which takes a third of a second at the start of every process.
    """

    def __fspath__(self) -> str:
        raise ImproperlyConfigured("The shop does not use GDAL.")


GDAL_LIBRARY_PATH = NotInstalled()
MIGRATION_MODULES = {app: f"ecommerce.mongo_migrations.{app}" for app in ("admin", "auth", "contenttypes")}

# Redis is only a cache: while it refuses connections or is silent, a request loses no more than a moment.
REDIS_ENABLED = env.flag("REDIS_ENABLED", default=True)
REDIS_URL = env.text("REDIS_URL", "redis://localhost:6379")
if not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL is not a Redis connection string.")
CACHE_TTL_SECONDS = env.integer("CACHE_TTL_SECONDS", 300, low=1, high=86400)
LOG_CACHE = env.flag("LOG_CACHE", default=False)
REDIS_CACHE = {
    "BACKEND": "django_redis.cache.RedisCache",
    "LOCATION": REDIS_URL,
    "KEY_FUNCTION": "ecommerce.core.redis.plain_key",
    "OPTIONS": {
        "IGNORE_EXCEPTIONS": True,
        "SOCKET_CONNECT_TIMEOUT": 0.1,
        "SOCKET_TIMEOUT": 0.1,
        "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 0)},  # by default it retries for 4 s
    },
}
IN_PROCESS_CACHE = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
CACHES = {"default": REDIS_CACHE if REDIS_ENABLED else IN_PROCESS_CACHE}

# The outbox: with these defaults a message is retried for about 15 hours before it is a dead letter
OUTBOX_MAX_ATTEMPTS = env.integer("OUTBOX_MAX_ATTEMPTS", 12, low=1, high=100)
OUTBOX_BACKOFF_SECONDS = env.integer("OUTBOX_BACKOFF_SECONDS", 30, low=1, high=3600)
OUTBOX_INTERVAL_SECONDS = env.integer("OUTBOX_INTERVAL_SECONDS", 10, low=1, high=3600)
OUTBOX_LEASE_SECONDS = 120  # above the time limit of tasks (ecommerce/celery.py)
