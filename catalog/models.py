from decimal import Decimal
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.templatetags.static import static
from django.utils import timezone
from django_mongodb_backend.fields import ArrayField, ObjectIdField

from catalog.images import addresses as images
from ecommerce.core.text.money import MAX_PRICE, as_json
from ecommerce.core.text.times import as_json as time_as_json

MAX_PRODUCT_ID = 2**31 - 1
MAX_INVENTORY = 1_000_000
LOW_STOCK = 5  # from here down customers read how many are left


class ProductQuerySet(models.QuerySet["Product"]):
    def visible(self) -> "ProductQuerySet":
        return self.filter(is_active=True)


class Product(models.Model):
    """Something for sale.

    `inventory` is the quantity that can be sold now, `on_hold` what payments in progress hold beside it;
    on hand is the sum. Only `catalog.stock` writes the two; every other change updates just the fields it
    means, so a price edit and a sale never revert each other.
    """

    product_id = models.PositiveIntegerField(
        unique=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_PRODUCT_ID)],
        error_messages={"unique": "Product ID already exists"},
    )
    name = models.CharField(max_length=200)
    slug = models.CharField(
        max_length=200,
        unique=True,
        validators=[RegexValidator(r"\A[A-Za-z0-9-]+\Z", "Use letters, digits and hyphens only.")],
        error_messages={"unique": "Slug already exists"},
    )
    description = models.TextField(null=True, blank=True, max_length=20_000)
    price = models.DecimalField(
        max_digits=9,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(MAX_PRICE)],
    )
    compare_at_price = models.DecimalField(
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(MAX_PRICE)],
        help_text="The price before a reduction; shown where it is higher than the price.",
    )
    image = models.CharField(max_length=2000, null=True, blank=True)
    inventory = models.IntegerField(default=0, editable=False)
    on_hold = models.IntegerField(default=0, editable=False)
    category = models.CharField(max_length=100, null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # By what the search finds it (`catalog.search`): whoever writes name or category writes this, too.
    search_terms = ArrayField(models.CharField(max_length=20), default=list, editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        db_table = "products"
        ordering = ["product_id"]
        # Unique indexes of this backend are partial and serve no look-up: plain ones stand beside them.
        indexes = [
            models.Index(fields=["product_id"], name="products_product_id"),
            models.Index(fields=["slug"], name="products_slug"),
            models.Index(fields=["name"], name="products_name"),
            models.Index(fields=["inventory", "is_active"], name="products_by_stock"),
            models.Index(fields=["is_active", "product_id"], name="products_by_id"),
            models.Index(fields=["is_active", "name", "product_id"], name="products_by_name"),
            models.Index(fields=["is_active", "price", "product_id"], name="products_by_price"),
            models.Index(fields=["is_active", "-created_at", "-product_id"], name="products_newest"),
            models.Index(fields=["is_active", "category", "product_id"], name="products_by_category"),
            # The array first: MongoDB then weighs every word of a query as its way in, not just one.
            models.Index(fields=["search_terms", "is_active"], name="products_search"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def image_url(self) -> str | None:
        """Absolute, built from PUBLIC_URL; a shipped picture is a path below static/, an upload a name."""
        if not self.image or "://" in self.image:
            return self.image or None
        if images.is_upload(self.image):
            return images.upload_url(self.image)
        return urljoin(settings.PUBLIC_URL + "/", _static_path(self.image))

    def as_dict(self) -> dict[str, Any]:
        """The product as the API shows it, ready for JSON."""
        return {
            "id": str(self.pk),
            "_id": str(self.pk),
            "product_id": self.product_id,
            "name": self.name,
            "slug": self.slug,
            "description": self.description,
            "price": as_json(self.price),
            "compare_at_price": None if self.compare_at_price is None else as_json(self.compare_at_price),
            "image": self.image_url,
            "inventory": self.inventory,
            "category": self.category,
            "is_active": self.is_active,
            "created_at": time_as_json(self.created_at),
        }


def _static_path(path: str) -> str:
    try:
        return static(path)
    except ValueError:  # not collected yet, or no more: one missing picture must not break every list
        return urljoin(settings.STATIC_URL, path)


class Category(models.Model):
    """A page of its own for the products that name it. Products hold the name, as specified."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=100, unique=True, db_index=False)
    description = models.TextField(blank=True, max_length=2000)
    position = models.PositiveIntegerField(default=0, help_text="Lower comes first.")

    class Meta:
        db_table = "categories"
        verbose_name_plural = "categories"
        ordering = ["position", "name"]
        indexes = [
            models.Index(fields=["name"], name="categories_name"),
            models.Index(fields=["slug"], name="categories_slug"),
        ]

    def __str__(self) -> str:
        return self.name


class FormerSlug(models.Model):
    """A slug that a product or category had and that redirects to it (`catalog.former_slugs`)."""

    key = models.CharField(max_length=220, primary_key=True, db_column="_id")  # product:<slug>
    target = ObjectIdField()  # the product or category that had it last

    class Meta:
        db_table = "old_slugs"
        indexes = [models.Index(fields=["target"], name="old_slugs_target")]

    def __str__(self) -> str:
        return self.key


class StockMovement(models.Model):
    """One change of one product's inventory; all of a product's changes add up to its inventory.

    A hold is a change of its own that a release takes back, so those two add up to minus `on_hold`. What is
    sold from a hold is released and sold in one transaction: every sale is a movement, held before or not.
    """

    class Reason(models.TextChoices):
        INITIAL = "initial"
        ADJUSTMENT = "adjustment"
        SALE = "sale"
        HOLD = "hold"
        RELEASE = "release"
        RESTOCK = "restock"
        CLOSED = "closed"

    key = models.CharField(max_length=100, unique=True)
    product = ObjectIdField()  # a plain id: movements outlive their product
    order = ObjectIdField(null=True)
    quantity = models.IntegerField()
    reason = models.CharField(max_length=20, choices=Reason)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "stock_movements"
        indexes = [
            models.Index(fields=["product"], name="stock_movements_product"),
            models.Index(fields=["order"], name="stock_movements_order"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.quantity:+d}"


class ProductImport(models.Model):
    """A CSV file that a member of staff looks at before it is imported (`catalog.csv.previewed_import`)."""

    class Status(models.TextChoices):
        SHOWN = "shown"
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"  # by an error; what went in until then stays in

    by = ObjectIdField()
    name = models.CharField(max_length=200)  # the file's
    content = models.BinaryField()  # compressed; empty once it is imported
    set_stock = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.SHOWN)
    report = models.BinaryField()  # compressed: what would become of each line, then what became of it
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "product_imports"
        indexes = [models.Index(fields=["created_at"], name="product_imports_by_age")]

    def __str__(self) -> str:
        return self.name


class Demand(models.Model):
    """How many recent orders have a product, and what was bought with it (`catalog.recommendations`)."""

    product = ObjectIdField(primary_key=True, db_column="_id")  # a plain id: the product may be gone
    orders = models.IntegerField()
    together = ArrayField(ObjectIdField(), default=list)  # the most often first

    class Meta:
        db_table = "demand"
        indexes = [models.Index(fields=["-orders", "product"], name="demand_orders")]

    def __str__(self) -> str:
        return f"{self.product}: {self.orders}"


class SearchMiss(models.Model):
    """What customers looked for and the shop does not have. Nobody's name, address or account."""

    text = models.CharField(max_length=100, primary_key=True, db_column="_id")
    count = models.IntegerField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "search_misses"
        verbose_name, verbose_name_plural = "search without result", "searches without result"
        ordering = ["-count", "text"]
        indexes = [
            models.Index(fields=["-count", "text"], name="search_misses_count"),
            models.Index(fields=["last_at"], name="search_misses_last"),
        ]

    def __str__(self) -> str:
        return self.text


class Counter(models.Model):
    """A number that only grows: the last `product_id` given out, the version of the stored search terms."""

    name = models.CharField(max_length=50, primary_key=True, db_column="_id")
    value = models.IntegerField()

    class Meta:
        db_table = "counters"

    def __str__(self) -> str:
        return f"{self.name}={self.value}"
