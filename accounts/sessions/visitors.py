"""The visitor of a page, cached for the page's header. Permissions are never read from this cache."""

import json
from dataclasses import dataclass
from typing import Any, TypedDict

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User, WebSession
from accounts.sessions import cache
from accounts.sessions.web_sessions import SessionStore
from ecommerce.core.db import object_id

MOST_REMEMBERED = 10_000
_last_account: dict[str, str] = {}  # by session key


@dataclass(frozen=True)
class Visitor:
    user: str | None = None  # the account's id
    is_staff: bool = False


class CachedSession(TypedDict):
    user: str
    hash: str
    until: float


class CachedAccount(TypedDict):
    is_staff: bool
    hashes: list[str]


def visitor_of(request: HttpRequest) -> Visitor:
    """Return the same visitor as `request.user`, without a query unless the cache is empty.

    If the view has loaded the user, or has just signed the visitor in or out, `request.user` itself decides.
    """
    if not hasattr(request, "session"):  # an error page, if the session middleware has not run
        return Visitor()
    request.session.accessed = True  # makes the session middleware send `Vary: Cookie`
    if request.session.modified or hasattr(request, "_cached_user"):
        return _from_user(request.user)
    return _from_cache(request.session.session_key)


def visitor_of_cookie(request: HttpRequest) -> Visitor:
    """Return the visitor of a request that Django's session middleware has not seen."""
    return _from_cache(_session_key(request))


def entries_of_cookie(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the cache entries that `visitor_of_cookie` will read, as far as this process can tell.

    The account is known once the session is, so it is the one of the session's last visit. A wrong guess only
    costs a round trip.
    """
    key = _session_key(request)
    if key is None:
        return []
    account = _last_account.get(key)
    return [cache.session_entry(key), *([cache.account_entry(account)] if account else [])]


def last_account(request: HttpRequest) -> str | None:
    """Return the account that the session had at its last visit; for reading ahead, and never as a proof."""
    return _last_account.get(_session_key(request) or "")


def _session_key(request: HttpRequest) -> str | None:
    """Return the key in the cookie; Django's sessions ignore one of less than 8 characters, too."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return key if len(key) >= 8 else None


def _from_user(user: Any) -> Visitor:
    return Visitor(str(user.pk), user.is_staff) if isinstance(user, User) else Visitor()


def _from_cache(session_key: str | None) -> Visitor:
    session = _cached_session(session_key) if session_key else None
    if session is None or session["until"] < timezone.now().timestamp():
        return Visitor()
    if session_key:
        _remember_account(session_key, session["user"])
    account = _cached_account(session["user"])
    if account is None or session["hash"] not in account["hashes"]:
        return Visitor()
    return Visitor(session["user"], account["is_staff"])


def _remember_account(session_key: str, user: str) -> None:
    if len(_last_account) >= MOST_REMEMBERED:
        _last_account.clear()
    _last_account[session_key] = user


def _cached_session(key: str) -> CachedSession | None:
    session: CachedSession | None = json.loads(cache.read_session(key, lambda: _load_session(key)))
    return session


def _cached_account(pk: str) -> CachedAccount | None:
    account: CachedAccount | None = json.loads(cache.read_account(pk, lambda: _load_account(pk)))
    return account


def _load_session(key: str) -> bytes:
    """Return the session as JSON, `null` if it has expired or belongs to no account."""
    row = WebSession.objects.filter(pk=key, expire_date__gt=timezone.now()).first()
    data = SessionStore().decode(row.session_data) if row else {}
    if row is None or data.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return b"null"
    session: CachedSession = {
        "user": data[SESSION_KEY],
        "hash": data[HASH_SESSION_KEY],
        "until": row.expire_date.timestamp(),
    }
    return json.dumps(session).encode()


def _load_account(pk: str) -> bytes:
    """Return the account as JSON, `null` if it is inactive or does not exist."""
    user = User.objects.filter(pk=object_id(pk), is_active=True).first()
    if user is None:
        return b"null"
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    account: CachedAccount = {"is_staff": user.is_staff, "hashes": hashes}
    return json.dumps(account).encode()
