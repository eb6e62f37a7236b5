"""A page with a list of products, worked out from its address."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.categories import list_categories
from catalog.services import ProductList, ProductQuery, list_products
from catalog.storefront.browsing import FilterCounts, filter_counts
from catalog.storefront.forms import FilterForm
from ecommerce.core.text import money

PAGE_SIZE = 24
MAX_PAGE = 10_000
WITHOUT: dict[str, Any] = {"category": None, "min_price": None, "max_price": None, "in_stock": False}


@dataclass(frozen=True)
class Pill:
    """A filter that is on, and the address without it."""

    name: str
    text: str
    url: str


@dataclass(frozen=True)
class CategoryChoice:
    slug: str
    name: str
    count: int
    chosen: bool


class Listing:
    """Its form, products, pages and addresses. `landing` is the category whose own page this is."""

    def __init__(self, params: Mapping[str, Any], landing: dict[str, Any] | None = None) -> None:
        self.landing = landing
        self.categories = list_categories()
        given = {name: params[name] for name in params}
        if landing:
            given["category"] = landing["slug"]
        self.form = FilterForm(given, categories=self.categories)
        self.filters = self.form.filters
        self.number = _page_number(given.get("page"))

    @cached_property
    def category(self) -> dict[str, Any] | None:
        return self.form.by_slug.get(self.filters.get("category"))

    @cached_property
    def query(self) -> ProductQuery:
        return ProductQuery(
            q=self.filters.get("q", ""),
            category=self.category["name"] if self.category else None,
            min_price=self.filters.get("min_price"),
            max_price=self.filters.get("max_price"),
            in_stock=self.filters.get("in_stock", False),
            fuzzy=bool(self.filters.get("q")),
            sort=self.filters.get("sort", ""),
            skip=(self.number - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        )

    @cached_property
    def found(self) -> ProductList:
        return list_products(self.query)

    @cached_property
    def counts(self) -> FilterCounts:
        return filter_counts(self.query)

    @cached_property
    def page(self) -> Page[int]:
        """Numbers of positions, not products: these come ready for one page."""
        return Paginator(range(self.found.total), PAGE_SIZE).get_page(self.number)

    @property
    def beyond_end(self) -> bool:
        return self.number > self.page.paginator.num_pages

    @property
    def canonical(self) -> str | None:
        """The address for search engines; None for a search, a filter, an order or no such page."""
        own = {"category"} if self.landing else set()
        if self.form.errors or self.beyond_end or set(self.filters) - own:
            return None
        return self.url(page=self.number)

    @property
    def here(self) -> str:
        """The address of what is shown, without what is nonsense in the one that was asked for."""
        return self.url(page=self.number)

    @property
    def category_choices(self) -> list[CategoryChoice]:
        chosen = self.filters.get("category")
        counts = self.counts.categories
        return [
            CategoryChoice(each["slug"], each["name"], counts.get(each["name"], 0), each["slug"] == chosen)
            for each in self.categories
        ]

    @property
    def pills(self) -> list[Pill]:
        names = [name for name in self.filters if name not in ("q", "sort")]
        return [Pill(name, self._pill_text(name), self.url({name: None})) for name in names]

    @property
    def ways_out(self) -> list[tuple[Pill, int]]:
        """Of a list without a product: each filter that alone stands in the way, and what is behind it."""
        queries = [(pill, replace(self.query, **{pill.name: WITHOUT[pill.name]})) for pill in self.pills]
        totals = [(pill, list_products(query).total) for pill, query in queries]
        return [(pill, total) for pill, total in totals if total]

    @property
    def pages(self) -> list[tuple[int | None, str]]:
        """Number and address of each page to link to; no number stands for a gap."""
        numbers = self.page.paginator.get_elided_page_range(self.page.number, on_each_side=1, on_ends=1)
        return [(n, self.url(page=n)) if isinstance(n, int) else (None, "") for n in numbers]

    @property
    def last_url(self) -> str:
        return self.url(page=self.page.paginator.num_pages)

    @property
    def next_url(self) -> str | None:
        return self.url(page=self.page.number + 1) if self.page.has_next() else None

    @property
    def previous_url(self) -> str | None:
        return self.url(page=self.page.number - 1) if self.page.has_previous() else None

    @property
    def unfiltered_url(self) -> str:
        return self.url({name: None for name in self.filters if name != "q"})

    def url(self, changes: Mapping[str, Any] | None = None, *, page: int = 1) -> str:
        """The address of this list with other filters, None to drop one, or of another page."""
        changed = {**self.filters, **(changes or {})}
        state = {name: value for name, value in changed.items() if value is not None}
        path = reverse("catalog:list")
        if set(state) == {"category"}:
            path = reverse("catalog:category", args=[state.pop("category")])
        if page > 1:
            state["page"] = page
        text = urlencode({name: 1 if value is True else value for name, value in state.items()})
        return f"{path}?{text}" if text else path

    def _pill_text(self, name: str) -> str:
        value = self.filters[name]
        if name == "category" and self.category:
            return str(self.category["name"])
        if name == "min_price":
            return _("From %(price)s") % {"price": money.as_text(value)}
        if name == "max_price":
            return _("Up to %(price)s") % {"price": money.as_text(value)}
        return _("In stock")


def _page_number(text: Any) -> int:
    """1 for what is no number; what is larger than any list is cut, or the database would refuse it."""
    digits = str(text or "")
    if not digits.isascii() or not digits.isdigit():
        return 1
    return max(1, int(digits[:6])) if len(digits) < 6 else MAX_PAGE
