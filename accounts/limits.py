"""The rate limit of accounts, collected by `ecommerce.site.limits`."""

import re

from ecommerce.core.web.ratelimit import Limit

# Every route that takes a password or sends a mail
LIMITS = (
    Limit(
        "auth",
        re.compile(
            r"/api/v1/auth/(signup|login|verify-email|password/|email/|me$)"
            r"|/account/(signup|login|verify-email|password|email|delete)/"
            r"|/admin/login/"
        ),
        safe=False,
        setting="AUTH_RATE_LIMIT",
    ),
)
