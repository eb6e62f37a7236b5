"""Log lines go to standard error, with the request's id and without secrets."""

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
        # The request log already has a line for each answer; Django's adds stack traces of errors.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # anybody can cause these
        "celery": {"level": "WARNING"},  # a line for every task otherwise
        "stripe": {"level": "WARNING"},  # two lines for each call of its API otherwise
        "celery.beat": {"filters": ["first_line"]},
        "shop.cache": {"level": "DEBUG" if LOG_CACHE else "INFO"},
    },
}
