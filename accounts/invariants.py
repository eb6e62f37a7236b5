"""Invariants of accounts, checked by `make fsck`."""

from collections.abc import Iterator

from accounts.models import User
from ecommerce.core.text.emails import as_stored


def violations() -> Iterator[str]:
    """Yield a sentence for each e-mail in another spelling, duplicate e-mail, and unknown role."""
    seen: set[str] = set()
    for email, role in User.objects.values_list("email", "role").iterator():
        spelling = as_stored(email)
        if email != spelling:
            yield f"user {email}: the e-mail is not stored as {spelling}"
        if spelling in seen:
            yield f"user {email}: the e-mail has two accounts"
        if role not in User.Role.values:
            yield f"user {email}: unknown role {role}"
        seen.add(spelling)
