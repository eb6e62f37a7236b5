"""The shop of the journeys: with the sample products, and static files served from their folders."""

from ecommerce.core.web.ratelimit import Rate
from tests.settings import *  # noqa: F403
from tests.settings import CACHES, DATABASES

_database, _cache = DATABASES["default"], CACHES["default"]
DATABASES = {"default": _database | {"NAME": _database["NAME"] + "_journeys"}}
CACHES = CACHES | {"default": _cache | {"LOCATION": _cache["LOCATION"].removesuffix("/15") + "/13"}}
SEED_SAMPLE_PRODUCTS = True
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
PRODUCT_RATE_LIMIT = PRODUCT_RATE_LIMIT_USER = Rate.parse("1000000/m")
ROOT_URLCONF = "tests.journeys.urls"
