"""The shop of the races: the tests' settings with another database and Redis database."""

from ecommerce.core.web.ratelimit import Rate
from tests.settings import *  # noqa: F403
from tests.settings import CACHES, DATABASES

# Copies, since the process of the tests imports this module too and keeps its own database.
_database, _cache = DATABASES["default"], CACHES["default"]
DATABASES = {"default": _database | {"NAME": _database["NAME"] + "_races"}}
CACHES = CACHES | {"default": _cache | {"LOCATION": _cache["LOCATION"].removesuffix("/15") + "/14"}}
CACHES["default"]["OPTIONS"] = _cache["OPTIONS"] | {"SOCKET_TIMEOUT": 20}  # a busy machine is no outage
ROOT_URLCONF = "tests.races.urls"
CREATE_DEFAULT_ADMIN, SEED_SAMPLE_PRODUCTS = True, False
DEFAULT_ADMIN_EMAIL, DEFAULT_ADMIN_PASSWORD = "admin@example.com", "an admin's password"
PRODUCT_RATE_LIMIT = Rate.parse("1000000/m")
PRODUCT_RATE_LIMIT_USER = Rate.parse("10/m")
