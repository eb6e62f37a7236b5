"""Django's authentication backend, with the lockout and with permissions by role."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts import roles
from accounts.models import User
from accounts.sign_in import known_devices, lockout
from accounts.sign_in.bulkhead import password_work
from ecommerce.core.text.emails import as_stored
from ecommerce.core.web.http import client_ip


class LockingBackend(ModelBackend):
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        ip: str = "",
        devices: Iterable[str] = (),
        **kwargs: Any,
    ) -> User | None:
        """Return the user, or None; known and unknown e-mails cost one hash each.

        Raises Locked, without hashing, while the e-mail is locked, and Busy (bulkhead.py).
        """
        if username is None or password is None:
            return None
        email = as_stored(username)
        if request:  # from the back office
            ip, devices = client_ip(request), known_devices.presented(request)
        with password_work(), lockout.attempt(email, ip, devices) as attempt:
            user = super().authenticate(request, username=email, password=password, **kwargs)
            attempt.succeeded = user is not None
        return user if isinstance(user, User) else None

    def get_all_permissions(self, user_obj: Any, obj: object = None) -> set[str]:
        """Return the permissions of the role, without a query; Django does not ask for superusers."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        return set(roles.permissions_of(user_obj.role))
