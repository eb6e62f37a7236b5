"""Mails about an account, sent through the outbox.

The outbox message names only the account. The link is created when the mail is sent, so no link is stored,
and its hour starts with the mail.
"""

import hashlib
from collections.abc import Callable
from urllib.parse import urlencode

from bson import ObjectId
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models import EmailChange, OneTimeToken, User
from accounts.recovery import one_time_links
from ecommerce.core import mail
from ecommerce.core.db import object_id
from ecommerce.core.models import OutboxMessage
from ecommerce.core.outbox import enqueue, handler
from ecommerce.core.outbox.mail_budget import spend, spend_or_refuse
from ecommerce.core.web import languages

Purpose = OneTimeToken.Purpose
PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a name
ROLE_CHANGED = "role_changed"
NO_RESET = "no_password_reset"
SUBJECTS = {
    Purpose.VERIFY_EMAIL: _("Please confirm your e-mail address"),
    Purpose.PASSWORD_RESET: _("Choose a new password"),
    Purpose.EMAIL_CHANGE_OLD: _("Confirm the change of your e-mail address"),
    Purpose.EMAIL_CHANGE_NEW: _("Please confirm your new e-mail address"),
    PASSWORD_CHANGED: _("Your password was changed"),
    ROLE_CHANGED: _("Your account has another role"),
}
PAGES = {
    Purpose.VERIFY_EMAIL: "accounts:verify_email",
    Purpose.PASSWORD_RESET: "accounts:reset_password",
    Purpose.EMAIL_CHANGE_OLD: "accounts:confirm_email_change",
    Purpose.EMAIL_CHANGE_NEW: "accounts:confirm_email_change",
    PASSWORD_CHANGED: "accounts:forgot_password",
    ROLE_CHANGED: "accounts:forgot_password",
}


def queue_verification(user: User) -> None:
    """Queue the mail that asks to confirm the e-mail. Raises TooManyMails."""
    spend_or_refuse(Purpose.VERIFY_EMAIL, user.email)
    _queue(Purpose.VERIFY_EMAIL, user.email, user)


def queue_password_reset(email: str, user: User | None) -> None:
    """Queue the mail with a reset link, within the mailbox's budget, which the caller does not learn.

    An unknown e-mail also gets an outbox message, which sends nothing, so that the request takes as long. Its
    budget is apart: `ada+x`, which gets no mail, must not use up that of `ada`.
    """
    kind = Purpose.PASSWORD_RESET if user else NO_RESET
    if not spend(kind, email):
        _queue(Purpose.PASSWORD_RESET, email, user)


def queue_password_changed(user: User, *, version: int) -> None:
    """Queue the notice of a new password, once for each version of the account's tokens.

    Strangers can cause it only at an unconfirmed e-mail. A confirmed one always gets it: no thief can use up
    the budget first.
    """
    if user.email_verified_at is None and spend(PASSWORD_CHANGED, user.email):
        return
    enqueue(
        kind=PASSWORD_CHANGED,
        key=f"{PASSWORD_CHANGED}:{user.pk}:{version}",
        payload={"user": str(user.pk), "language": languages.of_caller()},
    )


def queue_role_changed(user: User, *, role: str, version: int) -> None:
    """Queue the notice of a new role, once for each version of the account's tokens."""
    enqueue(
        kind=ROLE_CHANGED,
        key=f"{ROLE_CHANGED}:{user.pk}:{version}",
        payload={"user": str(user.pk), "role": role, "language": languages.of_caller()},
    )


def queue_email_change(change: EmailChange) -> None:
    """Queue a mail to each of the two addresses. Raises TooManyMails."""
    recipients = {Purpose.EMAIL_CHANGE_OLD: change.user.email, Purpose.EMAIL_CHANGE_NEW: change.email}
    for kind, recipient in recipients.items():
        spend_or_refuse(kind, recipient)
        payload = {"change": str(change.pk), "language": languages.of_caller()}
        enqueue(kind=kind, key=f"{kind}:{change.pk}", payload=payload)


def _queue(kind: str, email: str, user: User | None) -> None:
    digest = hashlib.sha256(email.encode()).hexdigest()[:32]
    payload = {"user": str(user.pk) if user else "", "language": languages.of_caller()}
    enqueue(kind=kind, key=f"{kind}:{digest}:{ObjectId()}", payload=payload)


def _deliver_to_user(message: OutboxMessage) -> None:
    user = User.objects.filter(pk=object_id(message.payload["user"]), is_active=True).first()
    if user is None or (message.kind == Purpose.VERIFY_EMAIL and user.email_verified_at):
        return
    _send(message, user, user.email, role=message.payload.get("role", ""))


def _deliver_change(message: OutboxMessage) -> None:
    pk = object_id(message.payload["change"])
    change = EmailChange.objects.filter(pk=pk).select_related("user").first()
    if change is None:
        return  # a newer change has replaced it
    to = change.email if message.kind == Purpose.EMAIL_CHANGE_NEW else change.user.email
    _send(message, change.user, to, subject=str(change.pk), new_email=change.email)


def _send(message: OutboxMessage, user: User, to: str, *, subject: str = "", **facts: str) -> None:
    """Send the mail; its link, if it has one, confirms the change `subject`."""
    query = ""
    if message.kind in Purpose.values:
        query = "?" + urlencode(
            {"token": one_time_links.create(user, Purpose(message.kind), subject=subject)}
        )
    with translation.override(message.payload.get("language", settings.LANGUAGE_CODE)):
        mail.send(
            to=to,
            subject=str(SUBJECTS[message.kind]),
            template=message.kind,
            context={"url": settings.PUBLIC_URL + reverse(PAGES[message.kind]) + query, **facts},
            key=message.pk,
        )


DELIVERIES: dict[str, Callable[[OutboxMessage], None]] = {
    Purpose.VERIFY_EMAIL: _deliver_to_user,
    Purpose.PASSWORD_RESET: _deliver_to_user,
    Purpose.EMAIL_CHANGE_OLD: _deliver_change,
    Purpose.EMAIL_CHANGE_NEW: _deliver_change,
    PASSWORD_CHANGED: _deliver_to_user,
    ROLE_CHANGED: _deliver_to_user,
}
for kind, deliver in DELIVERIES.items():
    handler(kind)(deliver)
