"""Admin pages of users and of the roles, which Django calls groups."""

from copy import copy
from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from accounts import roles
from accounts.models import User
from accounts.recovery import services as recovery
from accounts.sessions import admin_pages
from accounts.sign_in import lockout
from accounts.users import services as users
from ecommerce.core.text.emails import BadEmail, as_stored, normalize
from ecommerce.core.web.admin import ReadOnlyAdmin, RefusableForm, ServiceAdmin, step_page
from ecommerce.core.web.admin_lists import IndexedChangeList
from ecommerce.core.web.http import signed_in


class UserForm(RefusableForm):
    def clean_email(self) -> str:
        """Keep an unchanged e-mail, also one from before the rules for new ones."""
        email = str(self.cleaned_data["email"])
        if email == self.instance.email:
            return email
        try:
            return normalize(email)
        except BadEmail:
            raise ValidationError("Enter a valid email address.") from None


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


class UserList(IndexedChangeList):
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
    search_prefixes = ("email",)
    search_help_text = "Beginning of the e-mail address"
    sortable_by = ("email",)
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

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[UserList]:
        return UserList

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return super().get_search_results(request, queryset, as_stored(search_term))

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
