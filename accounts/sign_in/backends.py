"""Django's authentication behind the lockout, for every way in; and its permissions, by the role."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts import roles
from accounts.models import User
from accounts.sign_in import lockout
from ecommerce.core.web.http import client_ip


class LockingBackend(ModelBackend):
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        ip: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """One hash whether the e-mail is known or not; none while it is locked, which raises Locked."""
        if username is None or password is None:
            return None
        email = username.lower()
        with lockout.attempt(email, ip or (client_ip(request) if request else "")) as attempt:
            user = super().authenticate(request, username=email, password=password, **kwargs)
            attempt.succeeded = user is not None
        return user if isinstance(user, User) else None

    def get_all_permissions(self, user_obj: Any, obj: object = None) -> set[str]:
        """By the role, without a query. A superuser is not asked about."""
        permitted = user_obj.is_active and not user_obj.is_anonymous and obj is None
        return set(roles.permissions_of(user_obj.role)) if permitted else set()
