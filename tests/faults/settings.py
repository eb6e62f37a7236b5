"""The settings of the races, with the stand-in for Stripe as the payment provider."""

import os

from tests.payments.stripe_standin import KEY, SECRET
from tests.races.settings import *  # noqa: F403
from tests.races.settings import DATABASES

_database = DATABASES["default"]
DATABASES = {"default": _database | {"NAME": _database["NAME"] + "_stripe"}}
PAYMENT_PROVIDER = "stripe"
HOLD_SHARE_PERCENT = HELD_TOGETHER_PERCENT = 100
OPEN_PAYMENTS_PER_BUYER = OPEN_PAYMENTS_PER_NETWORK = 10_000
STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRETS = KEY, [SECRET]
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE", "")
