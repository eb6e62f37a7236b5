"""Logging: lines go to standard error, with the id of their request and without secrets."""

from ecommerce.settings.data import LOG_CACHE

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "ecommerce.core.logs.RedactingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s",
        }
    },
    "filters": {
        "request_id": {"()": "ecommerce.core.logs.RequestIdFilter"},
        "first_line": {"()": "ecommerce.core.logs.FirstLineFilter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # The request log already has a line for each answer; Django's adds the stack traces of errors.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # any client can cause these
        "celery": {"level": "WARNING"},  # otherwise a line for each task
        "stripe": {"level": "WARNING"},  # otherwise two lines for each call of its API
        "celery.beat": {"filters": ["first_line"]},
        "shop.cache": {"level": "DEBUG" if LOG_CACHE else "INFO"},
    },
}
