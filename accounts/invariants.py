"""What must always be true of accounts."""

from collections.abc import Iterator

from accounts.models import User


def violations() -> Iterator[str]:
    """E-mails are lower-cased, each has one account, and roles are known."""
    seen: set[str] = set()
    for email, role in User.objects.values_list("email", "role").iterator():
        if email != email.lower():
            yield f"user {email}: the e-mail is not lower-cased"
        if email.lower() in seen:
            yield f"user {email}: the e-mail has two accounts"
        if role not in User.Role.values:
            yield f"user {email}: unknown role {role}"
        seen.add(email.lower())
