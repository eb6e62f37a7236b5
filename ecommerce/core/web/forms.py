"""Parts of all forms."""

from django.forms import EmailField as DjangoEmailField
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy as _


class ShopRenderer(TemplatesSetting):
    """Renders `field.as_field_group` with templates/field.html."""

    field_template_name = "field.html"


class EmailField(DjangoEmailField):
    default_error_messages = {  # Django's own way
        "invalid": _("Enter an e-mail address, such as name@example.com.")
    }
