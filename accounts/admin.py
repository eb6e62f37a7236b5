"""Admin pages of users, roles and service keys, and the sign-in form of the admin."""

from copy import copy
from datetime import timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, AuthenticationForm, UserCreationForm
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from accounts import roles
from accounts.models import ServiceKey, User
from accounts.recovery import services as recovery
from accounts.service_keys import services as service_keys
from accounts.sessions import admin_pages
from accounts.sign_in import lockout
from accounts.users import services as users
from ecommerce.core.errors import DomainError
from ecommerce.core.web.admin import ReadOnlyAdmin, RefusableForm, ServiceAdmin, change_url, step_page
from ecommerce.core.web.http import signed_in


class UserForm(RefusableForm):
    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class NewUserForm(UserForm, UserCreationForm):
    usable_password = None

    class Meta:
        model = User
        fields = ["email", "role"]

    def save(self, commit: bool = True) -> Any:
        """Skip the theme's `save`, which would hash the password; the service does that."""
        return ModelForm.save(self, commit=False)


class PasswordForm(AdminPasswordChangeForm):
    def __init__(self, *args: Any, by: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.by = by

    def save(self, commit: bool = True) -> User:
        """Write nothing but the password, since another admin may be changing the role."""
        recovery.set_password(self.user, password=self.cleaned_data["password1"], by=self.by)
        return self.user


class VerifiedFilter(admin.SimpleListFilter):
    title = parameter_name = "verified"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value()
        return queryset.filter(email_verified_at__isnull=chosen == "no") if chosen else queryset


class UserList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        locks = lockout.locked_until(user.email for user in self.result_list)
        for user in self.result_list:
            user.locks = locks


@admin.register(User)
class UserAdmin(ServiceAdmin, DjangoUserAdmin):
    form = UserForm
    add_form = NewUserForm
    change_password_form = PasswordForm
    list_display = ["email", "role", "verified", "is_active", "locked", "created_at"]
    list_filter = ["role", "is_active", VerifiedFilter]
    actions_detail = ["sessions", "unlock"]
    search_fields = ["email"]
    ordering = ["email"]
    filter_horizontal = ()
    readonly_fields = ["change_password", "verified", "locked", "last_login", "created_at"]
    fieldsets = [
        (None, {"fields": ["email", "verified", "change_password", "role", "is_active", "locked"]}),
        ("Dates", {"fields": ["created_at", "last_login"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "role", "password1", "password2"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj)] if obj else []

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Hide the link to set a password from staff who may only view users."""
        if obj and not self.has_change_permission(request, obj):
            shown = ["email", "verified", "role", "is_active", "locked", "created_at", "last_login"]
            return [(None, {"fields": shown})]
        return super().get_fieldsets(request, obj)

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return UserList

    @admin.display(description="Verified", boolean=True, ordering="email_verified_at")
    def verified(self, user: User) -> bool:
        return user.email_verified_at is not None

    @admin.display(description="Locked")
    def locked(self, user: User) -> str:
        """Return the end of the lockout; a list has looked it up for all rows at once."""
        known = getattr(user, "locks", None)
        until = (lockout.locked_until([user.email]) if known is None else known).get(user.email)
        return f"Until {date_format(localtime(until), 'DATETIME_FORMAT')}" if until else "–"

    def has_unlock_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer to unlock only if the account is locked."""
        actions = super().get_actions_detail(request, object_id)
        user = self.get_object(request, str(object_id))
        locked = user and lockout.locked_until([user.email])
        return [entry for entry in actions if locked or entry.path != "unlock"]

    @action(description="Sessions", url_path="sessions", permissions=["unlock"])  # type: ignore[untyped-decorator]
    def sessions(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return admin_pages.sessions_page(self, request, object_id)

    @action(description="Unlock", url_path="unlock", permissions=["unlock"])  # type: ignore[untyped-decorator]
    def unlock(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return step_page(
            self,
            request,
            object_id,
            partial(users.unlock, user_id=object_id, by=signed_in(request)),
            title="Unlock",
            about="The failed sign-ins are cleared, so that the user can sign in again at once.",
            done="The account is unlocked.",
        )

    @admin.display(description="Password")
    def change_password(self, user: User) -> SafeString:
        return format_html('<a href="../password/" class="underline">{}</a>', "Set a new password")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        by = signed_in(request)
        if not change:
            password, role = form.cleaned_data["password1"], User.Role(form.cleaned_data["role"])
            obj.pk = users.create_user(email=obj.email, password=password, role=role, by=by).pk
        elif changes := form.changes():
            users.update_user(pk=obj.pk, by=by, **changes)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        users.delete_user(obj, by=signed_in(request))

    def user_change_password(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        """Tell the form who changes the password, in a copy of this object made for the request."""
        admin_of_request = copy(self)
        admin_of_request.change_password_form = partial(PasswordForm, by=signed_in(request))  # type: ignore[assignment]
        return super(UserAdmin, admin_of_request).user_change_password(request, *args, **options)


class SignInForm(AuthenticationForm):
    def clean(self) -> Any:
        try:
            return super().clean()
        except DomainError as refusal:
            raise ValidationError(refusal.message) from None


admin.site.login_form = SignInForm
admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    """Read-only: the permissions of a role are in accounts/roles.py, and each user has one role."""

    list_display = ["name", "may"]
    fields = ["name", "may"]
    ordering = ["name"]

    @admin.display(description="May")
    def may(self, group: Group) -> str:
        return ", ".join(sorted(roles.permissions_of(group.name))) or "Everything"


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
