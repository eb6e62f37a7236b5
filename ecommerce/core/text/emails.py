"""E-mail addresses."""

GOOGLE = {"gmail.com", "googlemail.com"}  # which ignores dots


def mailbox_of(email: str) -> str:
    """Return the mailbox that an address leads to, as far as its text tells: `ada` for `Ada+shop`."""
    name, _, domain = email.lower().rpartition("@")
    name = name.partition("+")[0] or name
    if domain in GOOGLE:
        return f"{name.replace('.', '')}@gmail.com"
    return f"{name}@{domain}"
