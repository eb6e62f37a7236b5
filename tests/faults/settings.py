"""The shop of the races with Stripe's stand-in as its payment provider."""

import os

from tests.payments.stripe_standin import KEY, SECRET
from tests.races.settings import *  # noqa: F403
from tests.races.settings import DATABASES

_database = DATABASES["default"]
DATABASES = {"default": _database | {"NAME": _database["NAME"] + "_stripe"}}
PAYMENT_PROVIDER = "stripe"
STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRETS = KEY, [SECRET]
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE", "")
