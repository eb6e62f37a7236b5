"""Periodic tasks of accounts."""

from accounts import audit_records
from accounts.recovery import one_time_links
from accounts.sessions import services as sessions
from accounts.sign_in import lockout
from ecommerce.core.periodic import periodic


@periodic(seconds=3600)
def delete_expired() -> None:
    sessions.delete_expired()
    one_time_links.delete_expired()
    lockout.delete_old()
    audit_records.forget_old()
