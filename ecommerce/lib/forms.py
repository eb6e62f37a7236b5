"""How Django draws forms: `field.as_field_group` uses templates/field.html."""

from django.forms.renderers import TemplatesSetting


class ShopRenderer(TemplatesSetting):
    field_template_name = "field.html"
