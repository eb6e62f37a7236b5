"""The rate limits of payments, collected by `ecommerce.site.limits`."""

import re

from ecommerce.core.web.ratelimit import Limit

LIMITS = (
    Limit("webhooks", re.compile(r"/api/v1/payments/webhooks/"), safe=False, setting="READ_RATE_LIMIT"),
)
