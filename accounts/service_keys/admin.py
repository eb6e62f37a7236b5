"""Admin pages of service keys."""

from datetime import timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from accounts import roles
from accounts.models import ServiceKey
from accounts.service_keys import services as service_keys
from ecommerce.core.web.admin import RefusableForm, ServiceAdmin, change_url, step_page
from ecommerce.core.web.http import signed_in


class NewKeyForm(RefusableForm):
    scopes = forms.MultipleChoiceField(
        choices=roles.Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    days = forms.TypedChoiceField(
        label="Valid for",
        choices=[(30, "30 days"), (90, "90 days"), (365, "A year")],
        coerce=int,
        initial=90,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = ServiceKey
        fields = ["name"]


@admin.register(ServiceKey)
class ServiceKeyAdmin(ServiceAdmin):
    """Keys are created and revoked, but never changed or deleted, since the audit log refers to them."""

    form = NewKeyForm
    list_display = ["name", "prefix", "may", "state", "expires_at", "last_used_at"]
    search_fields = ["name", "prefix"]
    ordering = ["-created_at", "-pk"]
    actions_detail = ["revoke_key"]
    add_fieldsets = [(None, {"fields": ["name", "scopes", "days"]})]
    fieldsets = [
        (None, {"fields": ["name", "prefix", "may", "state"]}),
        ("Dates", {"fields": ["created_at", "created_by", "expires_at", "revoked_at", "last_used_at"]}),
    ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("accounts.change_servicekey"))  # type: ignore[union-attr]

    def get_fieldsets(self, request: HttpRequest, obj: ServiceKey | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        key = self.get_object(request, str(object_id))
        return super().get_actions_detail(request, object_id) if key and not key.revoked_at else []

    @admin.display(description="Scopes")
    def may(self, key: ServiceKey) -> str:
        return ", ".join(key.scopes)

    @display(description="State", label={"good": "success", "revoked": "danger", "expired": "warning"})  # type: ignore[untyped-decorator]
    def state(self, key: ServiceKey) -> str:
        if key.revoked_at:
            return "revoked"
        return "good" if key.is_valid() else "expired"

    def save_model(self, request: HttpRequest, obj: ServiceKey, form: Any, change: bool) -> None:
        fields = form.cleaned_data
        expires_at = timezone.now() + timedelta(days=fields["days"])
        key, request.key_text = service_keys.create_key(  # type: ignore[attr-defined]
            name=fields["name"], scopes=fields["scopes"], expires_at=expires_at, by=signed_in(request)
        )
        obj.pk, obj.prefix = key.pk, key.prefix

    def response_add(self, request: HttpRequest, obj: ServiceKey, *_args: Any) -> HttpResponse:
        """Show the key, this once. A message would not do, since messages are kept in a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("The key was created"),
            "key_text": request.key_text,  # type: ignore[attr-defined]
            "back": change_url(obj),
        }
        return TemplateResponse(request, "admin/service_key_made.html", context)

    @action(description="Revoke", url_path="revoke", permissions=["revoke"])  # type: ignore[untyped-decorator]
    def revoke_key(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return step_page(
            self,
            request,
            object_id,
            partial(service_keys.revoke_key, key_id=object_id, by=signed_in(request)),
            title="Revoke",
            about="Programs that use this key will be refused from now on. This cannot be undone.",
            done="The key is revoked.",
        )
