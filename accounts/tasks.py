from accounts.recovery import one_time_links
from accounts.sessions import services as sessions
from accounts.sign_in import lockout
from ecommerce.core.periodic import periodic


@periodic(seconds=3600)
def forget_what_expired() -> None:
    sessions.forget_expired()
    one_time_links.forget_expired()
    lockout.forget_old()
