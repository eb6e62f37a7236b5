"""A page with a list of products, built from the parameters of its URL."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _

from catalog.categories import list_categories
from catalog.queries import ProductList, ProductQuery, list_products, total
from catalog.storefront.filter_counts import FilterCounts, filter_counts
from catalog.storefront.forms import FilterForm
from catalog.storefront.list_url import list_url
from catalog.types import CategoryData
from ecommerce.core.text import money

PAGE_SIZE = 24
MAX_PAGE = 10_000
NO_FILTER: dict[str, Any] = {"category": None, "min_price": None, "max_price": None, "in_stock": False}


@dataclass(frozen=True)
class ActiveFilter:
    """A filter that is on, and the URL of the list without it."""

    name: str
    text: str
    url_without: str


@dataclass(frozen=True)
class FilterToRelax:
    """A filter without which an empty list would have this many products."""

    filter: ActiveFilter
    total: int


@dataclass(frozen=True)
class CategoryChoice:
    slug: str
    name: str
    count: int | None  # None if it is not known
    chosen: bool


class Listing:
    """The filters, products and links of one page of a list.

    `category_page` is the category if the list is on the category's own page.
    """

    def __init__(self, params: Mapping[str, Any], category_page: CategoryData | None = None) -> None:
        self.category_page = category_page
        self.categories = list_categories()
        data = {name: params[name] for name in params}
        if category_page:
            data["category"] = category_page["slug"]
        self.form = FilterForm(data, categories=self.categories)
        self.filters = self.form.filters
        self.page_number = _page_number(data.get("page"))

    @cached_property
    def category(self) -> CategoryData | None:
        return self.form.by_slug.get(self.filters.get("category", ""))

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
            skip=(self.page_number - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        )

    @cached_property
    def result(self) -> ProductList:
        return list_products(self.query)

    @cached_property
    def counts(self) -> FilterCounts:
        return filter_counts(self.query)

    @cached_property
    def total(self) -> int:
        """The number of products on all pages, from the counts of the filters if these tell it."""
        selected = self.counts.selected
        return total(self.query, self.result) if selected is None else selected

    @cached_property
    def page(self) -> Page[int]:
        """The page as a range of positions, for its links: the products are read for this page alone."""
        return Paginator(range(self.total), PAGE_SIZE).get_page(self.page_number)

    @property
    def is_beyond_end(self) -> bool:
        return self.page_number > self.page.paginator.num_pages

    @property
    def canonical(self) -> str | None:
        """The URL for search engines; None for a search, a filter, a sort order or a page beyond the end."""
        own_filters = {"category"} if self.category_page else set()
        if self.form.errors or self.is_beyond_end or set(self.filters) - own_filters:
            return None
        return self.url

    @property
    def url(self) -> str:
        """The URL of this page, without the invalid parameters of the requested one."""
        return list_url(self.filters, page=self.page_number)

    @property
    def category_choices(self) -> list[CategoryChoice]:
        return [self._category_choice(category) for category in self.categories]

    @property
    def active_filters(self) -> list[ActiveFilter]:
        names = [name for name in self.filters if name not in ("q", "sort")]
        return [ActiveFilter(name, self._filter_text(name), self._url_without({name})) for name in names]

    @property
    def filters_to_relax(self) -> list[FilterToRelax]:
        """The filters of an empty list that each hide every product on their own."""
        candidates = [FilterToRelax(active, self._total_without(active)) for active in self.active_filters]
        return [candidate for candidate in candidates if candidate.total]

    @property
    def pages(self) -> list[tuple[int | None, str]]:
        """Number and URL of each page to link to; a gap has no number."""
        numbers = self.page.paginator.get_elided_page_range(self.page.number, on_each_side=1, on_ends=1)
        return [(n, self._page_url(n)) if isinstance(n, int) else (None, "") for n in numbers]

    @property
    def last_url(self) -> str:
        return self._page_url(self.page.paginator.num_pages)

    @property
    def next_url(self) -> str | None:
        return self._page_url(self.page.number + 1) if self.page.has_next() else None

    @property
    def previous_url(self) -> str | None:
        return self._page_url(self.page.number - 1) if self.page.has_previous() else None

    @property
    def unfiltered_url(self) -> str:
        return self._url_without(set(self.filters) - {"q"})

    def _page_url(self, number: int) -> str:
        return list_url(self.filters, page=number)

    def _url_without(self, names: set[str]) -> str:
        return list_url({name: value for name, value in self.filters.items() if name not in names})

    def _total_without(self, active: ActiveFilter) -> int:
        query = replace(self.query, **{active.name: NO_FILTER[active.name]})
        return total(query, list_products(query))

    def _category_choice(self, category: CategoryData) -> CategoryChoice:
        slug, name = category["slug"], category["name"]
        known = self.counts.categories
        count = None if known is None else known.get(name, 0)
        return CategoryChoice(slug, name, count, chosen=slug == self.filters.get("category"))

    def _filter_text(self, name: str) -> str:
        value = self.filters[name]
        if name == "category" and self.category:
            return self.category["name"]
        if name == "min_price":
            return _("From %(price)s") % {"price": money.as_text(value)}
        if name == "max_price":
            return _("Up to %(price)s") % {"price": money.as_text(value)}
        return _("In stock")


def _page_number(text: Any) -> int:
    """Return 1 for anything but a number, and at most MAX_PAGE: the database refuses very large offsets."""
    digits = str(text or "")
    if not digits.isascii() or not digits.isdigit():
        return 1
    return max(1, int(digits)) if len(digits) < 6 else MAX_PAGE
