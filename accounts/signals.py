"""Handlers that record sign-ins, and invalidate the cache of an account saved without a service."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import audit_records
from accounts.models import User
from accounts.sessions import cache
from accounts.sessions.web_sessions import DEVICE, remember_device
from accounts.sign_in import known_devices
from ecommerce.core.web.http import Device


@receiver(user_logged_in)
def signed_in(request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    audit_records.record(user, "sign_in", by=user)
    session = getattr(request, "session", {})
    if session.get(SESSION_KEY) == str(user.pk):  # not an API sign-in
        known_devices.remember_later(request, user)
        if DEVICE not in session:
            remember_device(session, Device.of(request))


@receiver(post_save, sender=User)
def account_changed(instance: User, **kwargs: Any) -> None:
    cache.invalidate_account(instance.pk)
