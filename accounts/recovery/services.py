"""Use cases of passwords and e-mails: confirm an e-mail, reset or change a password, change the e-mail."""

from collections.abc import Iterable
from datetime import timedelta

from bson import ObjectId
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from accounts import audit_records, emails
from accounts.models import EmailChange, OneTimeToken, User
from accounts.recovery import one_time_links
from accounts.roles import Role
from accounts.sessions import cache
from accounts.sign_in import lockout, passwords
from accounts.sign_in import services as sign_in
from accounts.users import services as users
from ecommerce.core.db import run_tx
from ecommerce.core.text.emails import as_stored

Purpose = OneTimeToken.Purpose
CHANGE_LIFETIME = timedelta(hours=1)


def send_verification(user: User) -> None:
    """Queue the mail that confirms the e-mail, unless the e-mail is confirmed. Raises TooManyMails."""
    if user.email_verified_at is None:
        run_tx(lambda: emails.queue_verification(user))


def verify_email(token: str) -> None:
    """Mark the e-mail as confirmed. Raises LinkInvalid."""

    def verify() -> None:
        link = one_time_links.use(token, Purpose.VERIFY_EMAIL)
        same_email = User.objects.filter(pk=link.user_id, email=link.email)
        same_email.filter(email_verified_at=None).update(email_verified_at=timezone.now())

    run_tx(verify)


def forgot_password(email: str) -> None:
    """Queue a mail with a reset link if the e-mail has an account; the time taken does not tell."""
    user = User.objects.filter(email=as_stored(email), is_active=True).first()
    run_tx(lambda: emails.queue_password_reset(as_stored(email), user))


def check_reset_link(token: str) -> None:
    """Check a reset link without using it up. Raises LinkInvalid."""
    one_time_links.find(token, Purpose.PASSWORD_RESET)


def reset_password(*, token: str, password: str) -> User:
    """Set a new password by a mailed link, end every session of the account, and return the account.

    Raises LinkInvalid or WeakPassword; after WeakPassword the link still works.
    """
    link = one_time_links.find(token, Purpose.PASSWORD_RESET)
    passwords.refuse_weak(password, email=link.user.email)
    hashed = passwords.hashed(password)  # before the transaction, because it is slow
    run_tx(lambda: _reset(token, hashed))
    return link.user


def set_password(user: User, *, password: str, by: User | None = None) -> None:
    """Set a new password without asking for the present one, and end every session of the account."""
    replace_password(user, hashed=passwords.hashed(password), by=by, verb="set_password")


def promote(*, email: str, role: Role, password: str) -> User:
    """Give an account a staff role and a new password at once, and end every session of it.

    Raises WeakPassword, UserNotFound, AlreadyAdmin or EmailUnverified; then nothing has changed.
    """
    passwords.refuse_weak(password, email=email)
    hashed = passwords.hashed(password)

    def change() -> User:
        user = users.promote(email=email, role=role)
        replace_password(user, hashed=hashed, by=None, verb="set_password")
        return user

    return run_tx(change)


def change_password(user: User, *, current: str, password: str, ip: str, devices: Iterable[str] = ()) -> None:
    """Change the password, and end every session of the account, the present one too.

    Raises WeakPassword, WrongPassword or Locked.
    """
    passwords.refuse_weak(password, email=user.email)
    sign_in.confirm_password(user, password=current, ip=ip, devices=devices, field="current")
    hashed = passwords.hashed(password)
    changed = replace_password(user, hashed=hashed, by=user, verb="change_password", instead_of=user.password)
    if not changed:
        raise sign_in.WrongPassword("current")  # a concurrent request has just changed it


def replace_password(
    user: User, *, hashed: str, by: User | None, verb: str, instead_of: str | None = None
) -> bool:
    """Store the hash, end all sessions, withdraw open links and queue the notice; joins a transaction.

    Return False, with nothing changed, if the stored hash is no longer `instead_of`.
    """
    rows = User.objects.filter(pk=user.pk, **({"password": instead_of} if instead_of else {}))

    def replace() -> bool:
        if not rows.update(password=hashed, token_version=F("token_version") + 1):
            return False
        cache.invalidate_account(user.pk)
        user.refresh_from_db(fields=["password", "token_version"])
        one_time_links.withdraw(user)
        audit_records.record(user, verb, by=by)
        emails.queue_password_changed(user, version=user.token_version)
        return True

    replaced = run_tx(replace)
    lockout.clear_failures(user.email)
    return replaced


def change_email(user: User, *, email: str, password: str, ip: str, devices: Iterable[str] = ()) -> None:
    """Queue mails that ask both addresses to confirm the change.

    Raises EmailTaken, WrongPassword, Locked or TooManyMails.
    """
    sign_in.confirm_password(user, password=password, ip=ip, devices=devices)
    if User.objects.filter(email=as_stored(email)).exists():
        raise users.EmailTaken
    run_tx(lambda: _request_email_change(user, as_stored(email)))


def confirm_email_change(token: str) -> bool:
    """Confirm one of the two addresses; return whether the e-mail has changed because both are confirmed.

    A change ends every session of the account.
    Raises LinkInvalid or EmailTaken.
    """
    try:
        return run_tx(lambda: _confirm(token))
    except IntegrityError:
        raise users.EmailTaken from None


def _reset(token: str, hashed: str) -> None:
    link = one_time_links.use(token, Purpose.PASSWORD_RESET)
    replace_password(link.user, hashed=hashed, by=link.user, verb="reset_password")
    # The reader of the mail owns the address, so it is confirmed, too.
    User.objects.filter(pk=link.user_id, email_verified_at=None).update(email_verified_at=timezone.now())


def _request_email_change(user: User, email: str) -> None:
    one_time_links.withdraw(user)
    expires_at = timezone.now() + CHANGE_LIFETIME
    change = EmailChange.objects.create(pk=ObjectId(), user=user, email=email, expires_at=expires_at)
    emails.queue_email_change(change)


def _confirm(token: str) -> bool:
    link = one_time_links.use(token, Purpose.EMAIL_CHANGE_OLD, Purpose.EMAIL_CHANGE_NEW)
    side = "old_confirmed" if link.purpose == Purpose.EMAIL_CHANGE_OLD else "new_confirmed"
    changes = EmailChange.objects.filter(pk=link.subject, expires_at__gt=timezone.now())
    if not changes.update(**{side: True}):
        raise one_time_links.LinkInvalid
    change = changes.get()
    if not (change.old_confirmed and change.new_confirmed):
        return False
    _change_email(change)
    return True


def _change_email(change: EmailChange) -> None:
    user = change.user
    User.objects.filter(pk=user.pk).update(
        email=change.email, email_verified_at=timezone.now(), token_version=F("token_version") + 1
    )
    cache.invalidate_account(user.pk)
    one_time_links.withdraw(user)
    before, after = {"email": user.email}, {"email": change.email}
    audit_records.record(user, "change_email", by=user, before=before, after=after)
