"""Invariants of accounts, checked by `make fsck`."""

from collections.abc import Iterator

from accounts.models import User


def violations() -> Iterator[str]:
    """Yield a sentence for each e-mail in upper case, duplicate e-mail, and unknown role."""
    seen: set[str] = set()
    for email, role in User.objects.values_list("email", "role").iterator():
        if email != email.lower():
            yield f"user {email}: the e-mail is not lower-cased"
        if email.lower() in seen:
            yield f"user {email}: the e-mail has two accounts"
        if role not in User.Role.values:
            yield f"user {email}: unknown role {role}"
        seen.add(email.lower())
