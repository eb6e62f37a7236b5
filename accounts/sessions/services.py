"""Use cases of sessions: token families of API clients, and web sessions of browsers."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from bson import ObjectId
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit_records
from accounts.models import TokenFamily, User, WebSession
from accounts.sessions import cache
from accounts.sessions.tokens import access_token, read_refresh_token, refresh_token
from accounts.sessions.user_agents import describe
from accounts.sessions.web_sessions import SessionStore
from ecommerce.core.db import collection, object_id, run_tx
from ecommerce.core.errors import DomainError
from ecommerce.core.text.times import as_json as time_as_json
from ecommerce.core.web.http import Device

logger = logging.getLogger("shop.security")
GRACE = timedelta(seconds=10)  # two tabs may refresh with the same token at once


class InvalidRefreshToken(DomainError):
    message = "The refresh token is invalid or has expired."
    code, status_code = "refresh_token_not_valid", 401


class SessionNotFound(DomainError):
    message, code, status_code = "Session not found", "session_not_found", 404


@dataclass(frozen=True)
class Grant:
    """The tokens that a client receives when it signs in or refreshes."""

    user: User
    access_token: str
    refresh_token: str
    expires_at: datetime


@dataclass(frozen=True)
class ActiveSession:
    """A session that has not ended, of the API or of a browser."""

    id: str
    kind: str  # api or web
    ip: str
    agent: str
    created_at: datetime
    last_used_at: datetime | None
    current: bool

    @property
    def device(self) -> str:
        program, system = describe(self.agent)
        if program and system:
            return _("%(program)s on %(system)s") % {"program": program, "system": system}
        return program or system or (_("A browser") if self.kind == "web" else _("A program"))

    def as_dict(self) -> dict[str, Any]:
        used = self.last_used_at
        return {
            "id": self.id,
            "kind": self.kind,
            "ip": self.ip,
            "agent": self.agent,
            "created_at": time_as_json(self.created_at),
            "last_used_at": time_as_json(used) if used else None,
            "current": self.current,
        }


def start_session(user: User, *, device: Device) -> Grant:
    """Start an API session and return its first pair of tokens."""
    family = TokenFamily.objects.create(
        pk=ObjectId(),
        user=user,
        version=user.token_version,
        ip=device.ip,
        agent=device.agent,
        expires_at=timezone.now() + timedelta(days=settings.REFRESH_TOKEN_EXPIRES_DAYS),
    )
    return _grant(user, family, 0)


def refresh(token: str) -> Grant:
    """Return a new pair of tokens for a refresh token, which can be used once.

    Used again within ten seconds, it returns the same successor, so that two tabs may refresh at once. Used
    later, it must have been stolen, so the family ends. Raises InvalidRefreshToken.
    """
    family_id, generation = _parse(token)
    now = timezone.now()
    live = TokenFamily.objects.filter(pk=family_id, revoked_at=None, expires_at__gt=now)
    live.filter(generation=generation).update(generation=F("generation") + 1, rotated_at=now)
    family = live.select_related("user").first()
    if family is None or not family.user.accepts(version=family.version, family=str(family_id)):
        raise InvalidRefreshToken
    if family.generation != generation + 1 or family.rotated_at < now - GRACE:
        _refuse_reuse(family)
    return _grant(family.user, family, generation + 1)


def list_sessions(user: User, *, current: str) -> list[ActiveSession]:
    """Return the account's sessions, the newest first; `current` is the id of the caller's own."""
    sessions = [*_api_sessions(user, current), *_web_sessions(user, current)]
    return sorted(sessions, key=lambda session: session.created_at, reverse=True)


def end_session(user: User, *, session_id: str, by: User | None = None) -> None:
    """End one of the account's sessions; `by` is the staff member who does it, if any.

    Raises SessionNotFound, also for a session of another account.
    """
    pk = object_id(session_id)

    def end() -> None:
        if pk is None or not (_end_web_session(user, pk) or _end_api_session(user, pk)):
            raise SessionNotFound
        if by:
            audit_records.record(user, "end_session", by=by, after={"session": session_id})

    run_tx(end)


def end_by_refresh_token(token: str) -> None:
    """End the session of this refresh token, even a used one. Raises InvalidRefreshToken."""
    family_id, _generation = _parse(token)
    _revoke(TokenFamily.objects.filter(pk=family_id))


def end_all_sessions(user: User, *, by: User | None = None) -> None:
    """End all sessions of the account, API and web; `by` is the staff member who does it, if any."""

    def end() -> None:
        User.objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)
        cache.invalidate_account(user.pk)
        audit_records.record(user, "sign_out_everywhere", by=by or user)

    run_tx(end)


def accounts_with_sessions(users: Sequence[User]) -> set[Any]:
    """Return the keys of those users who have a session, API or web."""
    api = TokenFamily.objects.filter(user__in=users).values_list("user", flat=True)
    web = WebSession.objects.filter(user__in=[user.pk for user in users]).values_list("user", flat=True)
    return {*api, *web}


def delete_expired() -> None:
    """Delete expired sessions, API and web."""
    now = timezone.now()
    TokenFamily.objects.filter(expires_at__lt=now).delete()
    WebSession.objects.filter(expire_date__lt=now).delete()


def _grant(user: User, family: TokenFamily, generation: int) -> Grant:
    return Grant(user, access_token(user, family), refresh_token(family.pk, generation), family.expires_at)


def _parse(token: str) -> tuple[ObjectId, int]:
    """Return family and generation. Raises InvalidRefreshToken."""
    parsed = read_refresh_token(token)
    if parsed is None:
        raise InvalidRefreshToken
    return parsed


def _refuse_reuse(family: TokenFamily) -> NoReturn:
    """End the family whose token was used twice, and raise InvalidRefreshToken."""

    def end() -> bool:
        revoked = _revoke(TokenFamily.objects.filter(pk=family.pk))
        if revoked:
            audit_records.record_token_reuse(family.user, family)
        return revoked

    if run_tx(end):
        logger.warning(
            "A refresh token of user %s was used twice: its session %s is ended.", family.user_id, family.pk
        )
    raise InvalidRefreshToken


def _end_web_session(user: User, pk: ObjectId) -> bool:
    """Delete the web session inside a transaction; return whether it existed."""
    rows = WebSession.objects.filter(user=user.pk, public_id=pk)
    keys = list(rows.values_list("pk", flat=True))
    for key in keys:
        cache.invalidate_session(key)
    rows.filter(pk__in=keys).delete()
    return bool(keys)


def _end_api_session(user: User, pk: ObjectId) -> bool:
    return _revoke(TokenFamily.objects.filter(pk=pk, user=user))


def _revoke(families: "QuerySet[TokenFamily]") -> bool:
    """Revoke the one family with all its tokens; return False if it is gone or revoked already."""
    return run_tx(lambda: _revoke_in_transaction(families.filter(revoked_at=None)))


def _revoke_in_transaction(families: "QuerySet[TokenFamily]") -> bool:
    now = timezone.now()
    family = families.first()
    if family is None or not families.update(revoked_at=now):
        return False
    _refuse_access_tokens(family, now)
    return True


def _refuse_access_tokens(family: TokenFamily, now: datetime) -> None:
    """Refuse the family's access tokens until the last one has expired; drop entries no longer needed."""
    users, until = collection(User), now + timedelta(minutes=settings.ACCESS_TOKEN_EXPIRES_MIN)
    users.update_one({"_id": family.user_id}, {"$pull": {"revoked_families": {"until": {"$lt": now}}}})
    entry = {"family": str(family.pk), "until": until}
    users.update_one({"_id": family.user_id}, {"$push": {"revoked_families": entry}})


def _api_sessions(user: User, current: str) -> Iterable[ActiveSession]:
    families = TokenFamily.objects.filter(user=user, version=user.token_version, revoked_at=None)
    for family in families.filter(expires_at__gt=timezone.now()):
        pk = str(family.pk)
        yield ActiveSession(
            pk, "api", family.ip, family.agent, family.created_at, family.rotated_at, pk == current
        )


def _web_sessions(user: User, current: str) -> Iterable[ActiveSession]:
    """Yield the web sessions that no new password and no sign-out everywhere has ended."""
    rows = WebSession.objects.filter(user=user.pk, expire_date__gt=timezone.now())
    hashes = {user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()}
    for row in rows.exclude(public_id=None):
        if SessionStore().decode(row.session_data).get(HASH_SESSION_KEY) in hashes:
            pk = str(row.public_id)
            yield ActiveSession(
                pk, "web", row.ip, row.agent, row.created_at or row.expire_date, None, pk == current
            )
