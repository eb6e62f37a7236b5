"""Who looks at a page, for its head and for nothing else: what somebody may do is never asked of a cache."""

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User, WebSession
from accounts.sessions import cache
from accounts.sessions.web_sessions import SessionStore
from ecommerce.core.db import object_id


@dataclass(frozen=True)
class Visitor:
    user: str | None = None  # the account's id
    is_staff: bool = False

    @classmethod
    def of(cls, user: Any) -> "Visitor":
        return cls(str(user.pk), user.is_staff) if isinstance(user, User) else cls()


def visitor_of(request: HttpRequest) -> Visitor:
    """As `request.user` would have it, without asking the database on a page that needs no user.

    Where the view has asked already, or has just signed somebody in or out, that is the answer.
    """
    if not hasattr(request, "session"):  # an error page of before there was one
        return Visitor()
    request.session.accessed = True  # the page differs by the cookie, and says so to caches on its way
    if request.session.modified or hasattr(request, "_cached_user"):
        return Visitor.of(request.user)
    key = request.session.session_key
    session = json.loads(cache.read_session(key, lambda: _fill_session(key))) if key else None
    if session is None or session["until"] < timezone.now().timestamp():
        return Visitor()
    account = json.loads(cache.read_account(session["user"], lambda: _fill_account(session["user"])))
    if account is None or session["hash"] not in account["hashes"]:
        return Visitor()
    return Visitor(session["user"], account["is_staff"])


def _fill_session(key: str) -> bytes:
    row = WebSession.objects.filter(pk=key, expire_date__gt=timezone.now()).first()
    data = SessionStore().decode(row.session_data) if row else {}
    if row is None or data.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return b"null"
    facts = {"user": data[SESSION_KEY], "hash": data[HASH_SESSION_KEY], "until": row.expire_date.timestamp()}
    return json.dumps(facts).encode()


def _fill_account(pk: str) -> bytes:
    user = User.objects.filter(pk=object_id(pk), is_active=True).first()
    if user is None:
        return b"null"
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return json.dumps({"is_staff": user.is_staff, "hashes": hashes}).encode()
