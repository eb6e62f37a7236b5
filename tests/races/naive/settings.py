"""The naive shop: the shop of the races with naive routes, on a database of its own."""

from tests.races.settings import *  # noqa: F403
from tests.races.settings import CACHES, DATABASES

_database, _cache = DATABASES["default"], CACHES["default"]
DATABASES = {"default": _database | {"NAME": _database["NAME"] + "_naive"}}
CACHES = CACHES | {"default": _cache | {"LOCATION": _cache["LOCATION"].removesuffix("/14") + "/13"}}
ROOT_URLCONF = "tests.races.naive.urls"
