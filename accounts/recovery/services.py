"""Use cases around an account's e-mail: confirm it, reset a password by it, change it."""

from datetime import timedelta

from bson import ObjectId
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from accounts import emails, history
from accounts.models import EmailChange, OneTimeToken, User
from accounts.recovery import one_time_links
from accounts.sessions import cache
from accounts.sign_in import lockout, passwords
from accounts.sign_in import services as sign_in
from accounts.users import services as users
from ecommerce.core.db import run_tx

Purpose = OneTimeToken.Purpose
CHANGE_LIFETIME = timedelta(hours=1)


def send_verification(user: User) -> None:
    """Nothing is sent to an e-mail that is confirmed, nor twice in a minute."""
    emails.queue_verification(user)


def verify_email(token: str) -> None:
    """Raises LinkInvalid."""

    def verify() -> None:
        link = one_time_links.use(token, Purpose.VERIFY_EMAIL)
        mine = User.objects.filter(pk=link.user_id, email=link.subject)
        mine.filter(email_verified_at=None).update(email_verified_at=timezone.now())

    run_tx(verify)


def forgot_password(email: str) -> None:
    """Send a link where the e-mail has an account. The answer and its time tell nobody whether it has."""
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    emails.queue_password_reset(email.lower(), user)


def check_reset_link(token: str) -> None:
    """Without using it up. Raises LinkInvalid."""
    one_time_links.find(token, Purpose.PASSWORD_RESET)


def reset_password(*, token: str, password: str) -> None:
    """Every session of the account ends. Raises LinkInvalid, WeakPassword; then the link still works."""
    passwords.refuse_weak(password, email=one_time_links.find(token, Purpose.PASSWORD_RESET).user.email)
    hashed = make_password(password)  # before the transaction: it is slow
    run_tx(lambda: _reset(token, hashed))


def change_email(user: User, *, email: str, password: str, ip: str) -> None:
    """Ask both addresses. Raises EmailTaken, WrongPassword, Locked."""
    sign_in.confirm_password(user, password, ip=ip)
    if User.objects.filter(email=email.lower()).exists():
        raise users.EmailTaken

    def begin() -> None:
        withdraw_links(user)
        emails.queue_email_change(
            EmailChange.objects.create(
                pk=ObjectId(), user=user, email=email.lower(), expires_at=timezone.now() + CHANGE_LIFETIME
            )
        )

    run_tx(begin)


def confirm_email_change(token: str) -> bool:
    """True where both have confirmed it now, so that it is changed. Raises LinkInvalid, EmailTaken."""
    try:
        return run_tx(lambda: _confirm(token))
    except IntegrityError:
        raise users.EmailTaken from None


def set_password(user: User, password: str, *, by: User | None = None) -> None:
    """Whatever the old one was. Every session of the account ends."""
    replace_password(user, make_password(password), by=by, verb="set_password")


def change_password(user: User, *, current: str, password: str, ip: str) -> None:
    """Every session ends, the asking one too. Raises WrongPassword, WeakPassword, Locked."""
    passwords.refuse_weak(password, email=user.email)
    sign_in.confirm_password(user, current, ip=ip, field="current")
    hashed = make_password(password)
    if not replace_password(user, hashed, by=user, verb="change_password", instead_of=user.password):
        raise sign_in.WrongPassword("current")  # another request changed it in this moment


def replace_password(
    user: User, hashed: str, *, by: User | None, verb: str, instead_of: str | None = None
) -> bool:
    """Store it, end all sessions, and take back what was asked for with the old one. Joins a transaction.

    False where the stored one was not `instead_of` any more; then nothing was changed.
    """
    rows = User.objects.filter(pk=user.pk, **({"password": instead_of} if instead_of else {}))

    def change() -> bool:
        if not rows.update(password=hashed, token_version=F("token_version") + 1):
            return False
        cache.invalidate_account(user.pk)
        user.refresh_from_db(fields=["password", "token_version"])
        withdraw_links(user)
        history.record(user, verb, by=by)
        emails.queue_password_changed(user, version=user.token_version)
        return True

    changed = run_tx(change)
    lockout.clear_failures(user.email)
    return changed


def withdraw_links(user: User) -> None:
    """Links that lead into the account or away from its e-mail."""
    purposes = one_time_links.Purpose
    one_time_links.withdraw(
        user, purposes.PASSWORD_RESET, purposes.EMAIL_CHANGE_OLD, purposes.EMAIL_CHANGE_NEW
    )
    EmailChange.objects.filter(user=user).delete()


def _reset(token: str, hashed: str) -> None:
    link = one_time_links.use(token, Purpose.PASSWORD_RESET)
    if link.user.email != link.subject:
        raise one_time_links.LinkInvalid
    replace_password(link.user, hashed, by=link.user, verb="reset_password")
    # Whoever read the mail owns the address.
    User.objects.filter(pk=link.user_id, email_verified_at=None).update(email_verified_at=timezone.now())


def _confirm(token: str) -> bool:
    link = one_time_links.use(token, Purpose.EMAIL_CHANGE_OLD, Purpose.EMAIL_CHANGE_NEW)
    side = "old_confirmed" if link.purpose == Purpose.EMAIL_CHANGE_OLD else "new_confirmed"
    changes = EmailChange.objects.filter(pk=link.subject, expires_at__gt=timezone.now())
    if not changes.update(**{side: True}):
        raise one_time_links.LinkInvalid
    change = changes.get()
    if not (change.old_confirmed and change.new_confirmed):
        return False
    user = change.user
    User.objects.filter(pk=user.pk).update(email=change.email, email_verified_at=timezone.now())
    withdraw_links(user)
    before, after = {"email": user.email}, {"email": change.email}
    history.record(user, "change_email", by=user, before=before, after=after)
    return True
