"""Links in mails: each works once, for an hour."""

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


def create(user: User, purpose: Purpose, *, subject: str) -> str:
    token = secrets.token_urlsafe(32)
    OneTimeToken.objects.create(
        pk=_digest(token), purpose=purpose, user=user, subject=subject, expires_at=timezone.now() + LIFETIME
    )
    return token


def find(token: str, *purposes: Purpose) -> OneTimeToken:
    """Look without using it up. Raises LinkInvalid."""
    found = _valid(token, *purposes).select_related("user").first()
    if found is None or not found.user.is_active:
        raise LinkInvalid
    return found


def use(token: str, *purposes: Purpose) -> OneTimeToken:
    """Use it up; call it in the `run_tx` of what it is for. Raises LinkInvalid."""
    found = find(token, *purposes)
    deleted, _rows = _valid(token, *purposes).delete()
    if deleted != 1:
        raise LinkInvalid
    return found


def withdraw(user: User, *purposes: Purpose) -> None:
    OneTimeToken.objects.filter(user=user, purpose__in=purposes).delete()


def delete_expired() -> None:
    for model in (OneTimeToken, EmailChange):
        model._default_manager.filter(expires_at__lt=timezone.now()).delete()


def _valid(token: str, *purposes: Purpose) -> "QuerySet[OneTimeToken]":
    digest = _digest(token)
    return OneTimeToken.objects.filter(pk=digest, purpose__in=purposes, expires_at__gt=timezone.now())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
