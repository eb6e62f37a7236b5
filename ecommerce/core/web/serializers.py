"""Fields of serializers."""

from typing import Any

from rest_framework import serializers

from ecommerce.core.text.emails import BadEmail, normalize


class NewEmailField(serializers.EmailField):
    """An e-mail to store: ASCII or IDNA, in its one spelling."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_internal_value(self, data: Any) -> str:
        try:
            return normalize(super().to_internal_value(data))
        except BadEmail:
            self.fail("invalid")
