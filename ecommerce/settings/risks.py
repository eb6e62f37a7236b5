"""What production refuses unless ALLOW_INSECURE names it; docs/security.md explains each."""

import re
import string
from ipaddress import IPv6Network
from urllib.parse import urlsplit

from django.contrib.auth.password_validation import CommonPasswordValidator

from ecommerce.core.risks import Risk, Settings, entropy, is_loopback, is_remote_http

MINIMUM_SECRET_BITS = 90  # random hexadecimal letters have some 120, 32 of them
# A random secret has one of these words once in ten million times.
PLACEHOLDER = re.compile(r"change|default|example|insecure|password|replace|secret", re.IGNORECASE)
LONGEST_ACCESS_MINUTES = 60
WIDEST_IPV4, WIDEST_IPV6 = 8, 7  # bits of 10.0.0.0/8 and fc00::/7, the largest private networks
MONGODB_SERVERS = re.compile(
    r"mongodb(?:\+srv)?://(?:[^/?@:]*:(?P<password>[^/@]+)@|[^/@]*@)?(?P<hosts>[^/?]+)"
)
ANY_HOST = re.compile(r"\*|\.[^.]*")


def http_public_url(settings: Settings) -> str:
    return "PUBLIC_URL begins with http://." if is_remote_http(settings["PUBLIC_URL"]) else ""


def weak_secrets(settings: Settings) -> str:
    for name in ("SECRET_KEY", "JWT_SECRET", "SECRET_KEY_FALLBACKS", "JWT_SECRET_PREVIOUS"):
        values = settings[name] if isinstance(settings[name], list) else [settings[name]]
        if any(map(_is_guessable, filter(None, values))):
            return f"{name} is not random."
    return ""


def _is_guessable(secret: str) -> bool:
    return entropy(secret) < MINIMUM_SECRET_BITS or bool(PLACEHOLDER.search(secret))


def any_host(settings: Settings) -> str:
    if any(ANY_HOST.fullmatch(host) for host in settings["ALLOWED_HOSTS"]):
        return "ALLOWED_HOSTS has every host or a top-level domain."
    return ""


def common_admin_password(settings: Settings) -> str:
    password = settings["DEFAULT_ADMIN_PASSWORD"].lower()
    # The validator's own refusal is translated, which Django cannot do before the settings are complete.
    common = CommonPasswordValidator().passwords
    word = password.strip(string.digits + string.punctuation)
    is_common = not word or not common.isdisjoint({password, word})
    if settings["CREATE_DEFAULT_ADMIN"] and (is_common or settings["DEFAULT_ADMIN_EMAIL"] in password):
        return "DEFAULT_ADMIN_PASSWORD is a common one."
    return ""


def any_proxy(settings: Settings) -> str:
    for network in settings["TRUSTED_PROXIES"]:
        if network.prefixlen < (WIDEST_IPV6 if isinstance(network, IPv6Network) else WIDEST_IPV4):
            return "TRUSTED_PROXIES has a network of strangers."
    return ""


def http_cors_origin(settings: Settings) -> str:
    if any(map(is_remote_http, settings["CORS_ORIGINS"])):
        return "CORS_ORIGINS has an origin with http://."
    return ""


def plain_mail(settings: Settings) -> str:
    encrypts = settings["EMAIL_USE_TLS"] or settings["EMAIL_USE_SSL"]
    if settings["EMAIL_HOST"] and not encrypts and not is_loopback(settings["EMAIL_HOST"]):
        return "EMAIL_SECURITY is none."
    return ""


def mongodb_without_password(settings: Settings) -> str:
    servers = MONGODB_SERVERS.match(settings["MONGODB_URI"])
    if servers is None or servers["password"] or "authmechanism=" in settings["MONGODB_URI"].lower():
        return ""
    hosts = servers["hosts"].split(",")
    return (
        ""
        if all(is_loopback(urlsplit(f"//{host}").hostname) for host in hosts)
        else "MONGODB_URI has no password."
    )


def redis_without_password(settings: Settings) -> str:
    url = urlsplit(settings["REDIS_URL"])
    if settings["REDIS_ENABLED"] and url.hostname and not url.password and not is_loopback(url.hostname):
        return "REDIS_URL has no password."
    return ""


def long_access_tokens(settings: Settings) -> str:
    if settings["ACCESS_TOKEN_EXPIRES_MIN"] > LONGEST_ACCESS_MINUTES:
        return f"ACCESS_TOKEN_EXPIRES_MIN is more than {LONGEST_ACCESS_MINUTES}."
    return ""


def reload(settings: Settings) -> str:
    return "DEV_RELOAD is on." if settings["DEV_RELOAD"] else ""


def sample_products(settings: Settings) -> str:
    return "SEED_SAMPLE_PRODUCTS is on." if settings["SEED_SAMPLE_PRODUCTS"] else ""


RISKS: dict[str, Risk] = {
    check.__name__.replace("_", "-"): check
    for check in (
        http_public_url,
        weak_secrets,
        any_host,
        common_admin_password,
        any_proxy,
        http_cors_origin,
        plain_mail,
        mongodb_without_password,
        redis_without_password,
        long_access_tokens,
        reload,
        sample_products,
    )
}
