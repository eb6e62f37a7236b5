"""What a password may be, where Django's forms ask for one."""

from django.core.exceptions import ValidationError


class MaximumLengthValidator:
    """Longer ones could be set, but not typed in: the sign-in form ends there."""

    limit = 128

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > self.limit:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return f"Your password must contain {self.limit} characters at the most."
