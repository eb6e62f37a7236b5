from decimal import Decimal
from urllib.parse import urljoin

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.templatetags.static import static
from django.utils import timezone
from django_mongodb_backend.fields import ArrayField, ObjectIdField

from catalog.images import image_urls as images
from ecommerce.core.text.money import MAX_PRICE

MAX_PRODUCT_ID = 2**31 - 1
MAX_INVENTORY = 1_000_000
LOW_STOCK = 5  # customers see how many are left of so few


class ProductQuerySet(models.QuerySet["Product"]):
    def visible(self) -> "ProductQuerySet":
        return self.filter(is_active=True)


class Product(models.Model):
    """A product for sale; `catalog.product_fields` says how each field is shown and written.

    `inventory` is the quantity that can be sold now, and `on_hold` the quantity reserved by payments in
    progress; the sum is on hand. Only `catalog.stock` writes these two. Every other change updates only its
    own fields, so a price change and a sale never overwrite each other.
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
    inventory = models.IntegerField(
        default=0, editable=False, validators=[MinValueValidator(0), MaxValueValidator(MAX_INVENTORY)]
    )
    on_hold = models.IntegerField(default=0, editable=False)
    category = models.CharField(max_length=100, null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # The index of the search (`catalog.search`), written together with the name and the category.
    search_terms = ArrayField(models.CharField(max_length=20), default=list, editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        db_table = "products"
        ordering = ["product_id"]
        # This backend's unique indexes are partial and serve no lookups, so there are plain ones as well.
        # Shoppers see active products only; the indexes named `all` serve the lists of staff.
        indexes = [
            models.Index(fields=["product_id"], name="products_product_id"),
            models.Index(fields=["slug"], name="products_slug"),
            models.Index(fields=["name", "product_id"], name="products_all_by_name"),
            models.Index(fields=["price", "product_id"], name="products_all_by_price"),
            models.Index(fields=["inventory", "product_id"], name="products_all_by_stock"),
            models.Index(fields=["category", "product_id"], name="products_all_by_category"),
            models.Index(fields=["inventory", "is_active"], name="products_by_stock"),
            models.Index(fields=["is_active", "product_id"], name="products_by_id"),
            models.Index(fields=["is_active", "name", "product_id"], name="products_by_name"),
            models.Index(fields=["is_active", "price", "product_id"], name="products_by_price"),
            models.Index(fields=["is_active", "-created_at", "-product_id"], name="products_newest"),
            models.Index(fields=["is_active", "category", "product_id"], name="products_by_category"),
            models.Index(
                fields=["is_active", "category", "name", "product_id"], name="products_by_category_name"
            ),
            models.Index(
                fields=["is_active", "category", "price", "product_id"], name="products_by_category_price"
            ),
            models.Index(
                fields=["is_active", "category", "-created_at", "-product_id"],
                name="products_by_category_newest",
            ),
            # The array comes first, so that MongoDB can choose among all words of a query for its index scan.
            models.Index(fields=["search_terms", "is_active"], name="products_search"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def image_url(self) -> str | None:
        """The absolute URL of the image, whichever of its three kinds it is (`catalog.images.image_urls`)."""
        if not self.image or "://" in self.image:
            return self.image or None
        if images.is_upload(self.image):
            return images.upload_url(self.image)
        return urljoin(settings.PUBLIC_URL + "/", _static_path(self.image))


def _static_path(path: str) -> str:
    try:
        return static(path)
    except ValueError:  # not collected: one missing picture must not break a whole list
        return urljoin(settings.STATIC_URL, path)


class Category(models.Model):
    """A category, which has a page of its own. Products refer to it by its name, as specified."""

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
    """One change of a product's inventory; all movements of a product add up to its inventory.

    A hold takes stock that a release returns, so holds and releases add up to minus `on_hold`. A sale from a
    hold is a release and a sale in one transaction, so every sale is a movement, with or without a hold.
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
    product = ObjectIdField()  # a plain id, because movements outlive their product
    order = ObjectIdField(null=True)
    quantity = models.IntegerField()
    reason = models.CharField(max_length=20, choices=Reason)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "stock_movements"
        indexes = [
            models.Index(fields=["product"], name="stock_movements_product"),
            models.Index(fields=["order"], name="stock_movements_order"),
            models.Index(fields=["reason", "-id"], name="stock_movements_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.quantity:+d}"


class ProductImport(models.Model):
    """A CSV file that a staff member previews before importing it (`catalog.csv.previewed_import`)."""

    class Status(models.TextChoices):
        SHOWN = "shown"
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"  # by an error, which does not undo what was imported before

    by = ObjectIdField()
    name = models.CharField(max_length=200)  # of the file
    content = models.BinaryField()  # compressed; empty after the import
    set_stock = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.SHOWN)
    report = models.BinaryField()  # compressed: the outcome of each line, at first a preview of it
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "product_imports"
        indexes = [models.Index(fields=["created_at"], name="product_imports_by_age")]

    def __str__(self) -> str:
        return self.name


class Demand(models.Model):
    """The number of recent orders with a product, and what was bought with it (`catalog.recommendations`)."""

    product = ObjectIdField(primary_key=True, db_column="_id")  # a plain id: the product may be deleted
    orders = models.IntegerField()
    together = ArrayField(ObjectIdField(), default=list)  # the most frequent first

    class Meta:
        db_table = "demand"
        indexes = [models.Index(fields=["-orders", "product"], name="demand_orders")]

    def __str__(self) -> str:
        return f"{self.product}: {self.orders}"


class SearchMiss(models.Model):
    """A search that found nothing. It does not say who searched."""

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
    """A number that only grows: the last `product_id` in use, or the version of the stored search terms."""

    name = models.CharField(max_length=50, primary_key=True, db_column="_id")
    value = models.IntegerField()

    class Meta:
        db_table = "counters"

    def __str__(self) -> str:
        return f"{self.name}={self.value}"
