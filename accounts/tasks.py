from accounts import lockout, onetime, sessions
from ecommerce.celery import app


@app.task
def forget_what_expired() -> None:
    sessions.forget_expired()
    onetime.forget_expired()
    lockout.forget_old()
