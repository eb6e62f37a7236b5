"""The fields of a product, as the API, its schema, the admin and CSV files read and write them.

A new field is a field of the model with its migration, and one entry here. The model says how long a text may
be, between which numbers a number must be, and whether the field may be empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Any, cast

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from catalog.models import Product
from ecommerce.core.text import money, times


class Kind(Enum):
    """The way a field is shown, checked and read from a file."""

    LINE = auto()  # a text of one line in forms and files
    TEXT = auto()  # a text of several lines, kept exactly as it is
    NUMBER = auto()
    PRICE = auto()
    SWITCH = auto()
    IMAGE = auto()  # shown as its URL
    TIME = auto()


class Section(Enum):
    """A part of the product's page in the admin."""

    GENERAL = auto()
    PICTURE = auto()
    PRICE = auto()
    STOCK = auto()


@dataclass(frozen=True)
class ProductField:
    """One field of a product, by its name in the model, in JSON and as a CSV column."""

    name: str
    kind: Kind
    section: Section
    required: bool = False  # in a new product, and as a CSV column
    read_only: bool = False  # staff neither write it nor import it
    help_text: str | None = None  # in the API's schema
    label: str = ""  # in messages about a cell of a CSV file; by default the name

    @property
    def model_field(self) -> "models.Field[Any, Any]":
        return cast("models.Field[Any, Any]", Product._meta.get_field(self.name))

    @property
    def limits(self) -> tuple[int | None, int | None]:
        """The lowest and the highest number that the model allows."""
        validators = self.model_field.validators
        lowest = [check.limit_value for check in validators if isinstance(check, MinValueValidator)]
        highest = [check.limit_value for check in validators if isinstance(check, MaxValueValidator)]
        return max(lowest, default=None), min(highest, default=None)

    def to_json(self, product: Product) -> Any:
        """Return the value as the API shows it."""
        value = product.image_url if self.kind is Kind.IMAGE else getattr(product, self.name)
        if isinstance(value, Decimal):
            return money.as_json(value)
        return times.as_json(value) if isinstance(value, datetime) else value


# In the order of the API's answers.
PRODUCT_FIELDS = (
    ProductField("product_id", Kind.NUMBER, Section.GENERAL, help_text="By default the next free."),
    ProductField("name", Kind.LINE, Section.GENERAL, required=True),
    ProductField("slug", Kind.LINE, Section.GENERAL, required=True),
    ProductField("description", Kind.TEXT, Section.GENERAL),
    ProductField("price", Kind.PRICE, Section.PRICE, required=True),
    ProductField(
        "compare_at_price",
        Kind.PRICE,
        Section.PRICE,
        help_text="The price before a reduction.",
        label="compare-at price",
    ),
    ProductField("image", Kind.IMAGE, Section.PICTURE),
    ProductField("inventory", Kind.NUMBER, Section.STOCK),
    ProductField("category", Kind.LINE, Section.GENERAL),
    ProductField("is_active", Kind.SWITCH, Section.GENERAL),
    ProductField("created_at", Kind.TIME, Section.STOCK, read_only=True),
)
# Where another order is customary; fields that are not named here follow in the order above.
_ADMIN_ORDER = ("name", "slug", "product_id", "category")
_CSV_ORDER = (
    *("product_id", "name", "slug", "description", "price", "compare_at_price"),
    *("inventory", "category", "image", "is_active"),
)


def product_as_dict(product: Product) -> dict[str, Any]:
    """Return the product as the API shows it, ready for JSON."""
    pk = str(product.pk)
    return {"id": pk, "_id": pk, **{field.name: field.to_json(product) for field in PRODUCT_FIELDS}}


def writable_fields() -> list[ProductField]:
    """Return the fields that staff may write, by the API, the admin or an import."""
    return [field for field in PRODUCT_FIELDS if not field.read_only]


def csv_fields() -> list[ProductField]:
    """Return the fields of an export, which are those of an import, in the order of the columns."""
    return _sorted(writable_fields(), _CSV_ORDER)


def section_fields(section: Section) -> list[str]:
    """Return the names of the fields in this section of the admin."""
    fields = [field for field in PRODUCT_FIELDS if field.section is section]
    return [field.name for field in _sorted(fields, _ADMIN_ORDER)]


def _sorted(fields: Sequence[ProductField], first: Sequence[str]) -> list[ProductField]:
    """Return the fields named first in that order, then all others."""
    rank = {name: position for position, name in enumerate(first)}
    return sorted(fields, key=lambda field: rank.get(field.name, len(first)))
