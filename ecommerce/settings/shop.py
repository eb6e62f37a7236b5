"""The shop: where and how it runs, prices, payments and mails."""

from decimal import Decimal
from pathlib import Path

from dotenv import load_dotenv

from catalog.search import BACKENDS
from ecommerce.core import env

BASE_DIR = Path(__file__).resolve().parents[2]
load_dotenv(BASE_DIR / ".env")

# Where and how the shop runs
APP_ENV = env.choice("APP_ENV", "dev", ["dev", "test", "production"])
IN_PRODUCTION = APP_ENV == "production"
ALLOW_INSECURE = env.names("ALLOW_INSECURE")  # names of settings/risks.py
DATA_DIR = env.data_dir(BASE_DIR)
PORT = env.integer("PORT", 8000, low=1, high=65535)
PUBLIC_URL = env.origin("PUBLIC_URL", "" if IN_PRODUCTION else f"http://localhost:{PORT}")
DEBUG = env.flag("DEBUG", default=False)
DEV_RELOAD = env.flag("DEV_RELOAD", default=False)  # set by `make dev`: files are reloaded
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", "" if IN_PRODUCTION else "localhost,127.0.0.1,[::1]")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")

# The shop
CREATE_DEFAULT_ADMIN = env.flag("CREATE_DEFAULT_ADMIN", default=True)
DEFAULT_ADMIN_EMAIL = env.email("DEFAULT_ADMIN_EMAIL", "admin@example.com")
DEFAULT_ADMIN_PASSWORD = env.text("DEFAULT_ADMIN_PASSWORD", "admin123")
SEARCH_BACKEND = env.choice("SEARCH_BACKEND", "parts", list(BACKENDS))
SEED_SAMPLE_PRODUCTS = env.flag("SEED_SAMPLE_PRODUCTS", default=not IN_PRODUCTION)
SHOP_NAME = "Marlow"
CURRENCY = "usd"
SHIPPING_PRICE = env.amount("SHIPPING_PRICE") or Decimal(0)
FREE_SHIPPING_FROM = env.amount("FREE_SHIPPING_FROM")
TAX_PERCENT = env.amount("TAX_PERCENT") or Decimal(0)
ORDER_PAYMENT_DEADLINE_HOURS = env.integer("ORDER_PAYMENT_DEADLINE_HOURS", 24, low=1, high=8760)
# Mail: by SMTP if a server is set, otherwise into a folder that /dev/mails/ shows
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.integer("EMAIL_PORT", 587, low=1, high=65535)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env.text("EMAIL_USER"), env.text("EMAIL_PASSWORD")
_security = env.choice("EMAIL_SECURITY", "starttls", ["starttls", "tls", "none"])
EMAIL_USE_TLS, EMAIL_USE_SSL = _security == "starttls", _security == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text(
    "DEFAULT_FROM_EMAIL", "" if IN_PRODUCTION else f"{SHOP_NAME} <shop@example.com>"
)
MAIL_FOLDER = DATA_DIR / "mails"
_smtp, _folder = "django.core.mail.backends.smtp.EmailBackend", "ecommerce.devserver.mail_folder.MailFolder"
EMAIL_BACKEND = _smtp if EMAIL_HOST else _folder
