"""The catalog's rate limits, collected by `ecommerce.site.limits`."""

import re

from django.conf import settings

from ecommerce.core.web.http import network_of
from ecommerce.core.web.ratelimit import Allowance, Limit

# Counted in the cache's round trip, so no setting is named here: see `product_reads`.
COUNTED_MISSES = re.compile(r"/((api/v1/)?(products|categories)(/|$)|$)")
LIMITS = (Limit("products", re.compile(r"/api/v1/products(/|$)"), safe=True),)


def product_reads(user: str, ip: str) -> Allowance:
    """Return the limit that both product routes share, per user or service key, otherwise per IP address."""
    if user:
        return Allowance(f"products:user:{user}", settings.PRODUCT_RATE_LIMIT_USER)
    return Allowance(f"products:ip:{ip}", settings.PRODUCT_RATE_LIMIT)


def misses(user: str, ip: str) -> Allowance:
    """Return the limit on requests whose answer is not in the cache, per user, service key or network."""
    return Allowance(f"misses:{user or network_of(ip)}", settings.MISS_RATE_LIMIT)
