"""The shop's settings, on a database and a Redis database for tests only, with a cheap password hash."""

import re

from ecommerce.core.web.ratelimit import Rate
from ecommerce.settings import *  # noqa: F403
from ecommerce.settings import DATABASES, REDIS_CACHE, REDIS_URL, REST_FRAMEWORK, STORAGES

TEST_DATABASE = "test_" + DATABASES["default"]["NAME"].removeprefix("test_")
# From the start, so that no code path can reach another database.
DATABASES["default"] |= {"NAME": TEST_DATABASE, "TEST": {"NAME": TEST_DATABASE}}
REDIS_URL = REDIS_CACHE["LOCATION"] = re.sub(r"(?<=[^/])/\d*$", "", REDIS_URL) + "/15"
REDIS_CACHE["OPTIONS"]["SOCKET_TIMEOUT"] = 1  # on a busy machine 0.1 s is no outage

APP_ENV = "test"
PUBLIC_URL = "http://testserver"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PRODUCT_RATE_LIMIT = PRODUCT_RATE_LIMIT_USER = Rate.parse("100000/m")  # tests of the limit set another
AUTH_RATE_LIMIT = WRITE_RATE_LIMIT = READ_RATE_LIMIT = MISS_RATE_LIMIT = PRODUCT_RATE_LIMIT
PASSWORD_THREADS = 100  # tests of the bulkhead set another
PASSWORD_HASHERS = ["tests.support.hashers.CheapBCryptHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True  # so that the tests need no collectstatic
REST_FRAMEWORK["TEST_REQUEST_RENDERER_CLASSES"] = ["tests.support.renderers.AnyJSON"]
