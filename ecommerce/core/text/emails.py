"""E-mail addresses: which ones the shop takes, and the one spelling in which it stores each."""

import email_validator
from email_validator import EmailNotValidError, validate_email

from ecommerce.core.text.letters import is_plain

for _name in ("local", "test"):  # networks of companies, and development
    email_validator.SPECIAL_USE_DOMAIN_NAMES.remove(_name)

GOOGLE = {"gmail.com", "googlemail.com"}  # which ignores dots


class BadEmail(ValueError):
    """No address, or one that people cannot tell from another by looking at it."""


def normalize(text: str) -> str:
    """Return a new address in its one spelling: ASCII in lower case, the domain encoded by IDNA.

    Raises BadEmail for anything else, such as quoted names, addresses of hosts instead of names, and letters
    that are invisible or look like others.
    """
    if not is_plain(text):
        raise BadEmail
    try:
        checked = validate_email(text, allow_smtputf8=False, check_deliverability=False, strict=True)
    except EmailNotValidError:
        raise BadEmail from None
    return str(checked.ascii_email).lower()


def as_stored(text: str) -> str:
    """Return an address in its one spelling, or in lower case if it is from before these rules."""
    if text.isascii():
        return text.lower()
    try:
        return normalize(text)
    except BadEmail:
        return text.lower()


def mailbox_of(email: str) -> str:
    """Return the mailbox that an address leads to, as far as its text tells: `ada` for `Ada+shop`."""
    name, _, domain = as_stored(email).rpartition("@")
    name = name.partition("+")[0] or name
    if domain in GOOGLE:
        return f"{name.replace('.', '')}@gmail.com"
    return f"{name}@{domain}"
