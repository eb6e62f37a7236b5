"""Mailed links that work once, for an hour, and only while the account has the e-mail of that time."""

import hashlib
import secrets
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import EmailChange, OneTimeToken, User
from ecommerce.core.errors import FieldError

Purpose = OneTimeToken.Purpose
LIFETIME = timedelta(hours=1)


class LinkInvalid(FieldError):
    code = "link_invalid"

    def __init__(self) -> None:
        super().__init__("token", _("This link was used already or has expired. Please ask for a new one."))


def create(user: User, purpose: Purpose, *, subject: str = "") -> str:
    """Store a digest of a new token and return the token; `subject` is the change that the link confirms."""
    token = secrets.token_urlsafe(32)
    OneTimeToken.objects.create(
        pk=_digest(token),
        purpose=purpose,
        user=user,
        email=user.email,
        subject=subject,
        expires_at=timezone.now() + LIFETIME,
    )
    return token


def find(token: str, *purposes: Purpose) -> OneTimeToken:
    """Return the link without using it up. Raises LinkInvalid."""
    link = _valid(token, *purposes).select_related("user").first()
    if link is None or not link.user.is_active or link.user.email != link.email:
        raise LinkInvalid
    return link


def use(token: str, *purposes: Purpose) -> OneTimeToken:
    """Use the link up and return it; call it in the `run_tx` of the change. Raises LinkInvalid."""
    link = find(token, *purposes)
    deleted, _rows = _valid(token, *purposes).delete()
    if deleted != 1:
        raise LinkInvalid
    return link


def withdraw(user: User) -> None:
    """Invalidate all the user's open links, and the change of the e-mail that some of them would confirm."""
    for model in (OneTimeToken, EmailChange):
        model._default_manager.filter(user=user).delete()


def delete_expired() -> None:
    """Delete expired links and expired changes of an e-mail."""
    for model in (OneTimeToken, EmailChange):
        model._default_manager.filter(expires_at__lt=timezone.now()).delete()


def _valid(token: str, *purposes: Purpose) -> "QuerySet[OneTimeToken]":
    digest = _digest(token)
    return OneTimeToken.objects.filter(pk=digest, purpose__in=purposes, expires_at__gt=timezone.now())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
