"""The catalog's rate limits, collected by `ecommerce.site.limits`."""

import re

from django.conf import settings

from ecommerce.core.web.ratelimit import Allowance, Limit, allowance_of

# Counted in the cache's round trip, so no setting is named here: see `product_reads`.
COUNTED_MISSES = re.compile(r"/((api/v1/)?(products|categories)(/|$)|$)")
LIMITS = (Limit("products", re.compile(r"/api/v1/products(/|$)"), safe=True),)


def product_reads(user: str, ip: str) -> Allowance:
    """Return the limit that both product routes share, per user or service key, otherwise per network."""
    return allowance_of(
        "products",
        user=user,
        ip=ip,
        rate=settings.PRODUCT_RATE_LIMIT_USER,
        rate_of_address=settings.PRODUCT_RATE_LIMIT,
    )


def misses(user: str, ip: str) -> Allowance:
    """Return the limit on requests whose answer is not in the cache, per user, service key or network."""
    return allowance_of("misses", user=user, ip=ip, rate=settings.MISS_RATE_LIMIT)
