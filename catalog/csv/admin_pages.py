"""The import pages of the admin: choose a CSV file, preview the changes, and confirm them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldBooleanWidget

from catalog.csv import previewed_import
from catalog.csv.previewed_import import ACTIONS, LineReport
from catalog.csv.table import UnusableFile
from catalog.models import Product, ProductImport
from ecommerce.core.web.admin import list_url
from ecommerce.core.web.http import signed_in

PERMISSIONS = ("catalog.add_product", "catalog.change_product")  # an import may do both
LINES_PER_PAGE = 200


class ImportForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        help_text="In our own columns, as the export writes them, or a Shopify product export; UTF-8, up to "
        f"{previewed_import.MAX_BYTES // 1_000_000} MB and {previewed_import.MAX_LINES:,} lines.",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,text/csv"}),
    )
    set_stock = forms.BooleanField(
        required=False,
        label="Set the stock of existing products",
        help_text="Otherwise their stock stays as it is. New products get their stock in any case.",
        widget=UnfoldBooleanWidget,
    )


def urls(admin: ModelAdmin) -> list[URLPattern]:
    """Return the URL patterns of both pages, which check for a signed-in staff member."""

    def guarded(page: Any) -> Any:
        return admin.admin_site.admin_view(lambda request, **kwargs: page(admin, request, **kwargs))

    return [
        path("import/", guarded(choose_file), name="catalog_product_import"),
        path("import/<str:import_id>/", guarded(show_import), name="catalog_product_import_preview"),
    ]


def choose_file(admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    _check_permissions(request)
    form = ImportForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if form.is_valid() and (row := _create_preview(form, request)):
        return HttpResponseRedirect(_import_url(row))
    return _page(admin, request, "admin/import_choose.html", "Import products", form=form)


def show_import(admin: ModelAdmin, request: HttpRequest, import_id: str) -> HttpResponse:
    """Show the preview of an import, or what it did; a POST confirms it."""
    _check_permissions(request)
    by = signed_in(request)
    try:
        if request.method == "POST":
            row = previewed_import.confirm_import(import_id=import_id, by=by)
            return HttpResponseRedirect(_import_url(row))
        row = previewed_import.get_import(import_id=import_id, by=by)
    except previewed_import.ImportNotFound as refusal:
        messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("admin:catalog_product_import"))
    lines = _line_context(previewed_import.report_of(row), request.GET)
    return _page(admin, request, "admin/import_preview.html", row.name, row=row, **lines)


def _check_permissions(request: HttpRequest) -> None:
    if not request.user.has_perms(PERMISSIONS):  # type: ignore[union-attr]
        raise PermissionDenied


def _create_preview(form: ImportForm, request: HttpRequest) -> ProductImport | None:
    file, set_stock = form.cleaned_data["file"], form.cleaned_data["set_stock"]
    try:
        return previewed_import.create_preview(
            file.read(), name=file.name, set_stock=set_stock, by=signed_in(request)
        )
    except UnusableFile as refusal:
        form.add_error("file", refusal.message)
        return None


def _line_context(report: LineReport, params: Any) -> dict[str, Any]:
    """Return the lines of one action: the requested one, or the first that has any."""
    counts = report.counts
    first = next((action for action in ACTIONS if counts[action]), ACTIONS[0])
    chosen = params.get("show") if params.get("show") in counts else first
    page = Paginator(report.with_action(chosen), LINES_PER_PAGE).get_page(params.get("page"))
    return {"report": report, "counts": counts, "chosen": chosen, "page": page}


def _import_url(row: ProductImport) -> str:
    return reverse("admin:catalog_product_import_preview", args=[row.pk])


def _page(admin: ModelAdmin, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    base = {"opts": admin.opts, "title": title, "products_url": list_url(Product)}
    return TemplateResponse(request, template, {**admin.admin_site.each_context(request), **base, **context})
