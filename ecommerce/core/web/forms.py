"""Parts of all forms."""

from typing import Any

from django.core.exceptions import ValidationError
from django.forms import EmailField as DjangoEmailField
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy as _

from ecommerce.core.text.emails import BadEmail, normalize


class ShopRenderer(TemplatesSetting):
    """Renders `field.as_field_group` with templates/field.html."""

    field_template_name = "field.html"


class EmailField(DjangoEmailField):
    """The e-mail of an account."""

    default_error_messages = {  # Django's own way
        "invalid": _("Enter an e-mail address, such as name@example.com.")
    }


class NewEmailField(EmailField):
    """An e-mail to store: ASCII or IDNA, in its one spelling."""

    def clean(self, value: Any) -> str:
        cleaned = super().clean(value)
        try:
            return normalize(cleaned) if cleaned else cleaned
        except BadEmail:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
