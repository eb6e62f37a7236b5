"""The back office's import of a CSV file: choose it, look at what it would do, do it."""

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
from catalog.csv.previewed_import import OUTCOMES, Report
from catalog.csv.table import UnusableFile
from catalog.models import Product, ProductImport
from ecommerce.core.web.admin import list_url
from ecommerce.core.web.http import signed_in

PERMISSIONS = ("catalog.add_product", "catalog.change_product")  # it may do both
LINES_A_PAGE = 200


class ImportForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        help_text="In our own columns, as the export writes them, or Shopify's product export; UTF-8, up to "
        f"{previewed_import.MAX_BYTES // 1_000_000} MB and {previewed_import.MAX_LINES:,} lines.",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,text/csv"}),
    )
    set_stock = forms.BooleanField(
        required=False,
        label="Set the stock of products that exist",
        help_text="Without it their stock stays as it is; new products get theirs in any case.",
        widget=UnfoldBooleanWidget,
    )


def urls(admin: ModelAdmin) -> list[URLPattern]:
    def guarded(page: Any) -> Any:
        return admin.admin_site.admin_view(lambda request, **kept: page(admin, request, **kept))

    return [
        path("import/", guarded(choose), name="catalog_product_import"),
        path("import/<str:import_id>/", guarded(look_at), name="catalog_product_import_preview"),
    ]


def choose(admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    _guard(request)
    form = ImportForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if form.is_valid() and (row := _kept(form, request)):
        return HttpResponseRedirect(_page_of(row))
    return _page(admin, request, "admin/import_choose.html", "Import products", form=form)


def look_at(admin: ModelAdmin, request: HttpRequest, import_id: str) -> HttpResponse:
    _guard(request)
    by = signed_in(request)
    try:
        if request.method == "POST":
            return HttpResponseRedirect(_page_of(previewed_import.confirm(import_id=import_id, by=by)))
        row = previewed_import.find(import_id=import_id, by=by)
    except previewed_import.ImportNotFound as refusal:
        messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("admin:catalog_product_import"))
    shown = _shown(previewed_import.report_of(row), request.GET)
    return _page(admin, request, "admin/import_look.html", row.name, row=row, **shown)


def _guard(request: HttpRequest) -> None:
    if not request.user.has_perms(PERMISSIONS):  # type: ignore[union-attr]
        raise PermissionDenied


def _kept(form: ImportForm, request: HttpRequest) -> ProductImport | None:
    file, set_stock = form.cleaned_data["file"], form.cleaned_data["set_stock"]
    try:
        return previewed_import.look(
            content=file.read(), name=file.name, set_stock=set_stock, by=signed_in(request)
        )
    except UnusableFile as refusal:
        form.add_error("file", refusal.message)
        return None


def _shown(report: Report, asked: Any) -> dict[str, Any]:
    """One outcome's lines at a time: those of whom is asked, or the first of which there are any."""
    counts = report.counts
    first = next((outcome for outcome in OUTCOMES if counts[outcome]), OUTCOMES[0])
    chosen = asked.get("show") if asked.get("show") in counts else first
    page = Paginator(report.of(chosen), LINES_A_PAGE).get_page(asked.get("page"))
    return {"report": report, "counts": counts, "chosen": chosen, "page": page}


def _page_of(row: ProductImport) -> str:
    return reverse("admin:catalog_product_import_preview", args=[row.pk])


def _page(admin: ModelAdmin, request: HttpRequest, template: str, title: str, **more: Any) -> HttpResponse:
    base = {"opts": admin.opts, "title": title, "products": list_url(Product)}
    return TemplateResponse(request, template, {**admin.admin_site.each_context(request), **base, **more})
