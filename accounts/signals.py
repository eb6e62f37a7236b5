"""Every sign-in is written down, and a session of the pages remembers where it was begun.

The cache hears of accounts that are saved without a service, as in a shell.
"""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import history
from accounts.models import User
from accounts.sessions import cache
from accounts.sessions.web_sessions import DEVICE, remember_device
from ecommerce.core.web.http import Device


@receiver(user_logged_in)
def signed_in(request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    history.record(user, "sign_in", by=user)
    session = getattr(request, "session", {})
    if session.get(SESSION_KEY) == str(user.pk) and DEVICE not in session:  # not by the API
        remember_device(session, Device.of(request))


@receiver(post_save, sender=User)
def account_changed(instance: User, **kwargs: Any) -> None:
    cache.invalidate_account(instance.pk)
