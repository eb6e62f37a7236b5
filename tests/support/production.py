"""The settings of production, and the settings that an environment gives."""

import os
import sys
from importlib import import_module

import dotenv
import pytest
from django.core.exceptions import ImproperlyConfigured

SECRETS = ("Jm2Qx7vTz9LrKw4NbYc8HsFd3GpUa6Ee", "Rk5WtBq1ZyXn7MvCj0PhLo8SgIf2DuVa")
PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": SECRETS[0],
    "JWT_SECRET": SECRETS[1],
    "DEFAULT_ADMIN_PASSWORD": "a long enough one",
    "MONGODB_URI": "mongodb://shop:password@db.example/shop",
    "REDIS_URL": "redis://:password@redis.example",
    "PUBLIC_URL": "https://shop.example",
    "ALLOWED_HOSTS": "shop.example",
    "PAYMENT_PROVIDER": "none",
}


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Load the settings with these environment variables and no others."""
    monkeypatch.setattr(dotenv, "load_dotenv", lambda path: None)

    def settings(**environment):
        monkeypatch.setattr(os, "environ", {"DATA_DIR": str(tmp_path), **environment})
        for name in [name for name in sys.modules if name.startswith("ecommerce.settings")]:
            monkeypatch.delitem(sys.modules, name)
        return vars(import_module("ecommerce.settings"))

    return settings


def error_message(load, **environment):
    with pytest.raises(ImproperlyConfigured) as refused:
        load(**environment)
    return str(refused.value)
