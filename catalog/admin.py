"""The admin of products, categories, stock movements and searches without result."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminIntegerFieldWidget

from catalog import categories, product_fields, search, services
from catalog.csv import admin_pages, export
from catalog.images import uploads
from catalog.images.image_urls import resized_url, validate_image
from catalog.models import (
    LOW_STOCK,
    MAX_INVENTORY,
    MAX_PRODUCT_ID,
    Category,
    Product,
    SearchMiss,
    StockMovement,
)
from catalog.product_fields import Section, section_fields
from ecommerce.core.db import object_id
from ecommerce.core.web.admin import ExportedList, ReadOnlyAdmin, RefusableForm, ServiceAdmin
from ecommerce.core.web.admin_lists import beginning_with
from ecommerce.core.web.http import signed_in


class ProductForm(RefusableForm):
    upload = forms.FileField(
        required=False,
        label="Upload a picture",
        help_text="JPEG, PNG or WebP, up to 8 MB and 40 megapixels. It replaces the image above.",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    def clean_image(self) -> str | None:
        image: str | None = self.cleaned_data["image"]
        validate_image(image or "")
        return image


class NewProductForm(ProductForm):
    product_id = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_PRODUCT_ID,
        label="Product ID",
        help_text="By default the next free number.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    stock = forms.IntegerField(
        initial=0, min_value=0, max_value=MAX_INVENTORY, widget=UnfoldAdminIntegerFieldWidget
    )


class ChangedProductForm(ProductForm):
    inventory_delta = forms.IntegerField(
        required=False,
        min_value=-MAX_INVENTORY,
        max_value=MAX_INVENTORY,
        label="Change stock by",
        help_text="For example 12 after a delivery, or -1 for a broken item. Sales in the meantime are kept.",
        widget=UnfoldAdminIntegerFieldWidget,
    )


class CategoryFilter(admin.SimpleListFilter):
    title = parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in Category.objects.values_list("name", flat=True)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(category=self.value()) if self.value() else queryset


class StockFilter(admin.SimpleListFilter):
    title = parameter_name = "stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("low", f"Low ({LOW_STOCK} or fewer)"), ("out", "Sold out")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        highest = {"low": LOW_STOCK, "out": 0}.get(self.value() or "")
        return queryset if highest is None else queryset.filter(inventory__lte=highest)


@admin.register(Product)
class ProductAdmin(ExportedList, ServiceAdmin):
    """Shows the stock and changes it only by differences; services make every change."""

    form = ChangedProductForm
    list_display = ["thumbnail", "name", "product_id", "category", "price", "inventory", "is_active"]
    list_display_links = ["name"]
    list_editable = ["price"]
    list_filter = ["is_active", StockFilter, CategoryFilter]
    list_per_page = 50
    list_before_template = "admin/product_links.html"
    search_help_text = "Words of the name or the category, the beginning of the slug, or the product ID"
    ordering = ["product_id"]

    def get_fieldsets(self, request: HttpRequest, obj: Product | None = None) -> Any:
        return [
            (None, {"fields": section_fields(Section.GENERAL)}),
            ("Picture", {"fields": [*section_fields(Section.PICTURE), "upload"]}),
            ("Price", {"fields": section_fields(Section.PRICE)}),
            ("Stock", {"fields": _stock_fields(request) if obj else ["stock", *_editable(Section.STOCK)]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> list[str]:
        names = [field.name for field in product_fields.PRODUCT_FIELDS if not field.model_field.editable]
        return [*names, "on_hold", "movements", "history"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = ChangedProductForm if change else NewProductForm
        return super().get_form(request, obj, change=change, **{"form": form, **options})

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else {"slug": ["name"]}

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return _matching(queryset, search_term.strip()), False

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """Begin with the lowest stock if the list is filtered by it, since the same index serves both."""
        return ["inventory", "product_id"] if "stock" in request.GET else ["product_id"]

    def csv_lines(self, rows: Any) -> Iterator[str]:
        return export.lines(rows)

    def get_urls(self) -> list[URLPattern]:
        return [*admin_pages.urls(self), *super().get_urls()]

    def view_on_site(self, obj: Product) -> str | None:
        return reverse("catalog:product", args=[obj.slug]) if obj.is_active else None

    @admin.display(description="Picture")
    def thumbnail(self, product: Product) -> SafeString | str:
        if not product.image_url:
            return "–"
        picture = '<img src="{}" alt="" width="40" height="40" loading="lazy" class="object-cover">'
        return format_html(picture, resized_url(product.image_url, 320))

    @admin.display(description="Stock movements")
    def movements(self, product: Product) -> SafeString:
        url = reverse("admin:catalog_stockmovement_changelist")
        return format_html('<a href="{}?q={}" class="underline">Show every change</a>', url, product.pk)

    @admin.display(description="History")
    def history(self, product: Product) -> SafeString:
        url = reverse("admin:ecommerce_auditentry_changelist")
        link = '<a href="{}?object_kind=product&amp;object_id={}" class="underline">Who changed what</a>'
        return format_html(link, url, product.pk)

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        by = signed_in(request)
        if change:
            delta = form.cleaned_data.get("inventory_delta") or 0
            fields = form.changes() | _uploaded_image(form)
            services.update_product(pk=obj.pk, by=by, inventory_delta=delta, **fields)
        else:
            fields = form.values() | _uploaded_image(form)
            created = services.create_product(by=by, inventory=form.cleaned_data["stock"], **fields)
            obj.pk, obj.product_id = created.pk, created.product_id

    def delete_model(self, request: HttpRequest, obj: Product) -> None:
        services.delete_product(pk=obj.pk, by=signed_in(request))


def _matching(rows: Any, text: str) -> Any:
    """Filter products by what staff typed: a product ID, words, or the beginning of a slug."""
    if not text:
        return rows
    number = _product_id(text)
    if number and (by_id := rows.filter(product_id=number)).exists():
        return by_id
    engine = search.backend()
    by_words = engine.fuzzy(rows, text, engine.tiers(rows, text)).rows
    return by_words if by_words.exists() else beginning_with(rows, ["slug"], text)


def _product_id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) <= MAX_PRODUCT_ID else None


def _stock_fields(request: HttpRequest) -> list[str]:
    """Return the fields about an existing product's stock, and links to where more is found."""
    fields = ["inventory", "on_hold", "inventory_delta", "movements"]
    fields += [name for name in section_fields(Section.STOCK) if name not in fields]
    may_see_history = request.user.has_perm("ecommerce.view_auditentry")  # type: ignore[union-attr]
    return [*fields, "history"] if may_see_history else fields


def _editable(section: Section) -> list[str]:
    return [name for name in section_fields(section) if Product._meta.get_field(name).editable]


def _uploaded_image(form: Any) -> dict[str, str]:
    """Store the upload, now that the rest of the form is valid; the list's forms have none."""
    file = form.cleaned_data.get("upload")
    return {"image": uploads.store(file)} if file else {}


@admin.register(Category)
class CategoryAdmin(ServiceAdmin):
    list_display = ["name", "slug", "position"]
    list_editable = ["position"]
    search_fields = ["name", "slug"]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else {"slug": ["name"]}

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        if change:
            categories.update_category(pk=obj.pk, by=signed_in(request), **form.changes())
        else:
            obj.pk = categories.create_category(by=signed_in(request), **form.values()).pk

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        categories.delete_category(obj, by=signed_in(request))


@admin.register(SearchMiss)
class SearchMissAdmin(ReadOnlyAdmin):
    list_display = ["text", "count", "last_at"]
    search_prefixes = ("text",)


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "key", "quantity", "reason"]
    list_filter = ["reason"]
    search_help_text = "Product ID, or the ObjectId of a product or an order"
    ordering = ["-pk"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        text = search_term.strip()
        if row := object_id(text):
            return queryset.filter(Q(product=row) | Q(order=row)), False
        if number := _product_id(text):
            products = Product.objects.filter(product_id=number).values_list("pk", flat=True)
            return queryset.filter(product__in=list(products)), False
        return queryset.none() if text else queryset, False
