"""The catalog's rate limits, collected by `ecommerce.site.limits`."""

import re

from ecommerce.core.web.ratelimit import Limit

# Counted in the cache's round trip, so no setting is named here: see `_allowance` in catalog/api.py.
LIMITS = (Limit("products", re.compile(r"/api/v1/products(/|$)"), safe=True),)
