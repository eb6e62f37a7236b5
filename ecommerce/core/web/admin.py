"""Base classes of all admin pages: changes go through services, and nothing else is written."""

from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from ecommerce.core.db import run_tx
from ecommerce.core.errors import DomainError
from ecommerce.core.web.admin_lists import IndexedList


class RefusableForm(forms.ModelForm):
    """A form that shows a service's DomainError at its field."""

    refusal: DomainError | None = None

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.refusal is not None:
            field = getattr(self.refusal, "field", None)
            self.add_error(field if field in self.fields else None, self.refusal.message)
        return cleaned

    def changes(self) -> dict[str, Any]:
        """Return the values of the model's own fields that differ from those that the page had shown."""
        return {name: value for name, value in self.values().items() if name in self.changed_data}

    def values(self) -> dict[str, Any]:
        """Return the values of the model's own fields; an empty text is None if the field may be null."""
        fields = [field for field in self._meta.model._meta.fields if field.name in self.cleaned_data]
        values = {field: self.cleaned_data[field.name] for field in fields}
        return {field.name: None if field.null and value == "" else value for field, value in values.items()}


class ListForm(RefusableForm):
    """A row of an editable list, whose inputs have no labels in the theme."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label}: {self.instance}"


class ServiceAdmin(IndexedList):
    """An admin that writes by services only, which `save_model` and `delete_model` call.

    They pass on the form's `changes()`: writing all fields would revert concurrent changes. A DomainError
    is shown on the page, and nothing is changed.
    """

    form = RefusableForm

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **options: Any) -> Any:
        """Add the value shown to the page: only a field that differs from it counts as changed."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and not db_field.many_to_many:
            field.show_hidden_initial = True
        return field

    def get_changelist_form(self, request: HttpRequest, **options: Any) -> Any:
        return super().get_changelist_form(request, **{"form": ListForm, **options})

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change=change, **options)
        return type(form.__name__, (form,), {"refusal": getattr(request, "refusal", None)})

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **options)
        except DomainError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **options)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Save all edited rows of the list, or none."""
        try:
            if request.method == "POST" and "_save" in request.POST:
                return run_tx(lambda: super(ServiceAdmin, self).changelist_view(request, extra_context))
            return super().changelist_view(request, extra_context)
        except DomainError as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except DomainError as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
            return HttpResponseRedirect(list_url(self.model))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name only the rows that protect the object, if there are any, and no missing permissions."""
        objects, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return objects, counts, set() if protected else lacking, protected

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for each in queryset:
            self.delete_model(request, each)


class ReadOnlyAdmin(IndexedList):
    """A read-only admin: rows are not added, changed or deleted by hand. The list has one order."""

    sortable_by = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ExportedList(ModelAdmin):
    """A list that can be exported as a CSV file: all pages of it, with the same filters."""

    list_before_template = "admin/export_link.html"

    def csv_lines(self, rows: Any) -> Iterator[str]:
        """Yield the lines of the file."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", self.admin_site.admin_view(self.export), name=name), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(list_url(self.model))
        name = f"{self.opts.verbose_name_plural}.csv".replace(" ", "-")
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        csv_type = "text/csv; charset=utf-8"
        return StreamingHttpResponse(self.csv_lines(rows), content_type=csv_type, headers=headers)


def step_page(
    admin: ModelAdmin,
    request: HttpRequest,
    object_id: str,
    run: Callable[..., object],
    *,
    title: str,
    done: str,
    about: str = "",
    form: type[forms.Form] = forms.Form,
    initial: dict[str, Any] | None = None,
) -> HttpResponse:
    """Answer a page that does one step with an object: a form, which may have no fields, and its button.

    A POST calls `run` with the form's fields; its DomainError is shown as an error of the form.
    """
    row = admin.get_object(request, unquote(object_id))
    if row is None:
        return admin._get_obj_does_not_exist_redirect(request, admin.opts, object_id)
    bound_form = form(request.POST if request.method == "POST" else None, initial=initial)
    if bound_form.is_valid() and _succeeds(run, bound_form):
        messages.success(request, done)
        return HttpResponseRedirect(change_url(row))
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": title,
        "subtitle": str(row),
        "about": about,
        "form": bound_form,
        "back": change_url(row),
    }
    return TemplateResponse(request, "admin/step.html", context)


def _succeeds(run: Callable[..., object], form: forms.Form) -> bool:
    try:
        run(**form.cleaned_data)
    except DomainError as refusal:
        form.add_error(None, refusal.message)
        return False
    return True


def in_turn(request: HttpRequest, rows: "QuerySet[Any]", run: Callable[[Any], object], *, done: str) -> None:
    """Call `run` with each row on its own, and show each DomainError along with the row's name."""
    count = 0
    for row in rows:
        try:
            run(row)
            count += 1
        except DomainError as refusal:
            messages.error(request, f"{row}: {refusal.message}")
    if count:
        messages.success(request, f"{done}: {count}")


def change_url(row: models.Model) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[quote(str(row.pk))])


def list_url(model: type[models.Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
