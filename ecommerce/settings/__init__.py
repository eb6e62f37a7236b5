"""All settings, by subject, read from environment variables, which `.env.example` explains."""

from django.core.exceptions import ImproperlyConfigured

from ecommerce.core import env
from ecommerce.settings import production
from ecommerce.settings.api import *  # noqa: F403
from ecommerce.settings.data import *  # noqa: F403
from ecommerce.settings.logging import *  # noqa: F403
from ecommerce.settings.payments import *  # noqa: F403
from ecommerce.settings.payments import payment_problems
from ecommerce.settings.risks import RISKS
from ecommerce.settings.security import *  # noqa: F403
from ecommerce.settings.shop import *  # noqa: F403
from ecommerce.settings.shop import ALLOW_INSECURE, IN_PRODUCTION
from ecommerce.settings.web import *  # noqa: F403
from payments import gateways

_risks = RISKS | gateways.risks()
if unknown := set(ALLOW_INSECURE) - {env.PUBLIC_DEVELOPMENT, *_risks}:
    raise ImproperlyConfigured(f"ALLOW_INSECURE has unknown names: {', '.join(sorted(unknown))}.")
if IN_PRODUCTION and (problems := [*production.problems(globals(), _risks), *payment_problems()]):
    raise ImproperlyConfigured("Production is refused. " + " ".join(problems))
