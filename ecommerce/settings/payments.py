"""How customers pay. A gateway's own settings are read by its file in payments/gateways/."""

from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured

from ecommerce.core import env
from ecommerce.settings.shop import IN_PRODUCTION
from payments import gateways

PAYMENT_PROVIDER = env.text("PAYMENT_PROVIDER", "" if IN_PRODUCTION else "simulated")
_providers = {"none", *gateways.GATEWAYS}
if PAYMENT_PROVIDER not in {"", *_providers}:
    raise ImproperlyConfigured(f"PAYMENT_PROVIDER must be one of: {', '.join(sorted(_providers))}.")
PAYMENT_HOLD_MINUTES = env.integer("PAYMENT_HOLD_MINUTES", 30, low=30, high=1380)  # Stripe: 30 min to a day
HOLD_SHARE_PERCENT = env.integer("HOLD_SHARE_PERCENT", 50, low=1, high=100)
HELD_TOGETHER_PERCENT = env.integer("HELD_TOGETHER_PERCENT", 80, low=1, high=100)
OPEN_PAYMENTS_PER_BUYER = env.integer("OPEN_PAYMENTS_PER_BUYER", 10, low=1, high=10_000)
OPEN_PAYMENTS_PER_NETWORK = env.integer("OPEN_PAYMENTS_PER_NETWORK", 50, low=1, high=10_000)

_gateway_settings = gateways.read_settings()
globals().update(_gateway_settings)  # STRIPE_SECRET_KEY and the like


def payment_problems() -> Iterator[str]:
    """Yield each reason to refuse the start; otherwise the first customer who pays would find it."""
    if not PAYMENT_PROVIDER:
        yield "PAYMENT_PROVIDER is missing."
    yield from gateways.setting_problems(
        _gateway_settings, selected=PAYMENT_PROVIDER, production=IN_PRODUCTION
    )


# In production they are reported together with all other problems.
if not IN_PRODUCTION and (_problems := list(payment_problems())):
    raise ImproperlyConfigured(" ".join(_problems))
