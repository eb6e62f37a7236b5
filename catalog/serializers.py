"""Requests and answers of the catalog's API."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator, URLValidator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog import product_fields
from catalog.models import MAX_INVENTORY
from catalog.product_fields import Kind, ProductField
from catalog.queries import SORTS, ProductQuery
from catalog.search.texts import WORDS
from ecommerce.core.text.money import MAX_PRICE
from ecommerce.core.web.api import Page, query

MAX_IDS = 100


class ProductIds(serializers.CharField):
    """Numbers such as `1,5,9`, as a tuple."""

    def to_internal_value(self, data: Any) -> Any:
        parts = str(super().to_internal_value(data)).split(",")
        if len(parts) > MAX_IDS or not all(p.isascii() and p.isdigit() and len(p) < 11 for p in parts):
            raise serializers.ValidationError(f"Give 1 to {MAX_IDS} whole numbers, such as 1,5,9.")
        return tuple(int(part) for part in parts)


class PriceBound(serializers.DecimalField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=9, decimal_places=2, min_value=Decimal(0), required=False, **options)


@extend_schema_field({"type": "integer", "enum": [0, 1], "default": 0})
class Switch(serializers.Field):
    default_error_messages = {"invalid": "Give 0 or 1."}

    def to_internal_value(self, data: Any) -> bool:
        if data not in ("0", "1"):
            self.fail("invalid")
        return bool(data == "1")


class ListQuery(Page):
    q = serializers.CharField(
        max_length=200, default="", allow_blank=True, help_text="Part of a name or category."
    )
    fuzzy = Switch(
        default=False,
        help_text="1: `q` is a list of words in any order, and the best matches come first. If few products "
        "contain them, those follow in which a word of five or more letters has a typo. Only the first "
        f"{WORDS} words count.",
    )
    category = serializers.CharField(max_length=100, required=False)
    product_id = ProductIds(required=False, help_text="One or several: 1,5,9")
    min_price = PriceBound()
    max_price = PriceBound()
    in_stock = serializers.BooleanField(default=False)
    sort = serializers.ChoiceField(
        choices=[name for name in SORTS if name],
        required=False,
        error_messages={"invalid_choice": "Sort by name, price, -price or newest."},
        help_text="By default by product_id, with fuzzy=1 by how well they match.",
    )


def product_query(params: Mapping[str, Any]) -> ProductQuery:
    """Return the query that these parameters of the API describe. Raises ValidationError."""
    return ProductQuery(**query(ListQuery, params))


def check_image_url(value: str) -> None:
    """Raise ValidationError unless it is a URL; PUBLIC_URL may name a host without a dot."""
    own = f"{settings.PUBLIC_URL}/"
    path = value.removeprefix(own)
    URLValidator(schemes=["http", "https"])(value if path == value else f"https://own.example/{path}")


@extend_schema_field(OpenApiTypes.URI)
class ImageURL(serializers.CharField):
    default_validators = [check_image_url]


@extend_schema_field({"type": "number", "minimum": 0.01, "maximum": float(MAX_PRICE), "multipleOf": 0.01})
class Price(serializers.DecimalField):
    """A number or a string, with at most two decimal places."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_digits=9, decimal_places=2, min_value=Decimal("0.01"), max_value=MAX_PRICE, **options
        )


class ProductFields(serializers.Serializer[Any]):
    """The fields that staff may send; anything else in the body is ignored."""

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = {field.name: _request_field(field) for field in product_fields.writable_fields()}
        return {**fields, **super().get_fields()}


class ProductChanges(ProductFields):
    inventory_delta = serializers.IntegerField(
        min_value=-MAX_INVENTORY, max_value=MAX_INVENTORY, required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "inventory" in attrs and "inventory_delta" in attrs:
            raise serializers.ValidationError(
                {"inventory_delta": ["Give inventory or inventory_delta, not both."]}
            )
        return attrs


class ProductAnswer(serializers.Serializer[Any]):
    """The schema of a product as `product_as_dict` writes it."""

    id = serializers.CharField(help_text="ObjectId")
    _id = serializers.CharField(label="_id", help_text="The same ObjectId")

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = {field.name: _answer_field(field) for field in product_fields.PRODUCT_FIELDS}
        return {**super().get_fields(), **fields}


class DeletedProduct(serializers.Serializer[Any]):
    message = serializers.CharField()
    product_id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()


ANSWER_FIELDS: Mapping[Kind, type[serializers.Field]] = {
    Kind.LINE: serializers.CharField,
    Kind.TEXT: serializers.CharField,
    Kind.NUMBER: serializers.IntegerField,
    Kind.PRICE: serializers.FloatField,
    Kind.SWITCH: serializers.BooleanField,
    Kind.IMAGE: serializers.URLField,
    Kind.TIME: serializers.DateTimeField,
}


def _answer_field(field: ProductField) -> serializers.Field:
    return ANSWER_FIELDS[field.kind](allow_null=field.model_field.null)


def _request_field(field: ProductField) -> serializers.Field:
    options: dict[str, Any] = {
        "required": field.required,
        "allow_null": field.model_field.null,
        "help_text": field.help_text,
    }
    max_length = field.model_field.max_length
    match field.kind:
        case Kind.LINE:
            return _line(field, max_length=max_length, **options)
        case Kind.TEXT:
            return serializers.CharField(
                max_length=max_length, allow_blank=True, trim_whitespace=False, **options
            )
        case Kind.NUMBER:
            lowest, highest = field.limits
            return serializers.IntegerField(min_value=lowest, max_value=highest, **options)
        case Kind.PRICE:
            return Price(**options)
        case Kind.IMAGE:
            return ImageURL(max_length=max_length, **options)
        case Kind.SWITCH:
            return serializers.BooleanField(**options)
    raise NotImplementedError(field.kind)


def _line(field: ProductField, **options: Any) -> serializers.Field:
    line = serializers.CharField(**options)
    patterns = [check for check in field.model_field.validators if isinstance(check, RegexValidator)]
    line.validators = [*line.validators, *patterns]
    return line
