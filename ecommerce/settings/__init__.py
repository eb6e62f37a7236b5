"""All settings, by subject, read from environment variables, which `.env.example` explains."""

from django.core.exceptions import ImproperlyConfigured

from ecommerce.settings import production
from ecommerce.settings.api import *  # noqa: F403
from ecommerce.settings.api import CORS_ORIGINS
from ecommerce.settings.data import *  # noqa: F403
from ecommerce.settings.data import MONGODB_URI
from ecommerce.settings.logging import *  # noqa: F403
from ecommerce.settings.payments import *  # noqa: F403
from ecommerce.settings.payments import payment_problems
from ecommerce.settings.security import *  # noqa: F403
from ecommerce.settings.security import JWT_SECRET, JWT_SECRET_PREVIOUS, SECRET_KEY, SECRET_KEY_FALLBACKS
from ecommerce.settings.shop import *  # noqa: F403
from ecommerce.settings.shop import (
    ALLOWED_HOSTS,
    CREATE_DEFAULT_ADMIN,
    DEBUG,
    DEFAULT_ADMIN_PASSWORD,
    IN_PRODUCTION,
    PUBLIC_URL,
)
from ecommerce.settings.web import *  # noqa: F403

if IN_PRODUCTION:
    problems = [
        *production.problems(
            secrets={"SECRET_KEY": SECRET_KEY, "JWT_SECRET": JWT_SECRET},
            previous_secrets={
                "SECRET_KEY_FALLBACKS": SECRET_KEY_FALLBACKS,
                "JWT_SECRET_PREVIOUS": JWT_SECRET_PREVIOUS,
            },
            admin_password=DEFAULT_ADMIN_PASSWORD if CREATE_DEFAULT_ADMIN else None,
            mongodb_uri=MONGODB_URI,
            public_url=PUBLIC_URL,
            hosts=ALLOWED_HOSTS,
            cors_origins=CORS_ORIGINS,
            debug=DEBUG,
        ),
        *payment_problems(),
    ]
    if problems:
        raise ImproperlyConfigured("Production is refused. " + " ".join(problems))
