"""Signing in puts the remembered item into the cart."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from cart import session


@receiver(user_logged_in)
def signed_in(request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    if request is not None and hasattr(request, "session"):
        session.add_remembered(request, user)
