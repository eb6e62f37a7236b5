"""The shop before its first start, with an empty database."""

from tests.races.settings import *  # noqa: F403
from tests.races.settings import DATABASES

_database = DATABASES["default"]
DATABASES = {"default": _database | {"NAME": _database["NAME"] + "_empty"}}
SEED_SAMPLE_PRODUCTS = True
