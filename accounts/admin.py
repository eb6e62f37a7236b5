from copy import copy
from functools import partial
from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, AuthenticationForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts import services
from accounts.models import User
from ecommerce.lib.admin import RefusableForm, ServiceAdmin
from ecommerce.lib.errors import DomainError
from ecommerce.lib.http import signed_in


class UserForm(RefusableForm):
    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class NewUserForm(UserForm, UserCreationForm):
    usable_password = None

    class Meta:
        model = User
        fields = ["email", "role"]

    def save(self, commit: bool = True) -> Any:
        """Not the theme's, which hashes the password: the service does."""
        return ModelForm.save(self, commit=False)


class PasswordForm(AdminPasswordChangeForm):
    def __init__(self, *args: Any, by: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.by = by

    def save(self, commit: bool = True) -> User:
        """Nothing but the password is written: another admin may be changing the role."""
        services.set_password(self.user, self.cleaned_data["password1"], by=self.by)
        return self.user


class BoxesForMany(ModelAdmin):
    """Boxes to tick in place of Django's two lists, which need a wide screen, a script and a mouse."""

    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        options["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        field = super().formfield_for_manytomany(db_field, request, **options)
        field.label_from_instance = attrgetter("name")  # `Can add product`, which fits a phone
        return field


@admin.register(User)
class UserAdmin(BoxesForMany, ServiceAdmin, DjangoUserAdmin):  # type: ignore[misc]  # as below
    form = UserForm
    add_form = NewUserForm
    change_password_form = PasswordForm
    list_display = ["email", "role", "is_active", "created_at"]
    list_filter = ["role", "is_active"]
    search_fields = ["email"]
    ordering = ["email"]
    readonly_fields = ["change_password", "last_login", "created_at"]
    fieldsets = [
        (None, {"fields": ["email", "change_password", "role", "is_active"]}),
        ("Permissions", {"fields": ["groups", "user_permissions"], "classes": ["collapse"]}),
        ("Dates", {"fields": ["created_at", "last_login"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "role", "password1", "password2"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj)] if obj else []

    @admin.display(description="Password")
    def change_password(self, user: User) -> SafeString:
        return format_html('<a href="../password/" class="underline">{}</a>', "Set a new password")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            password, role = form.cleaned_data["password1"], User.Role(form.cleaned_data["role"])
            obj.pk = services.make_user(email=obj.email, password=password, role=role).pk
        elif changes := form.changes():
            services.update_user(pk=obj.pk, **changes)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        services.delete_user(obj, by=signed_in(request))

    def user_change_password(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        """By a copy of this page for the request: the form is made from an attribute, without it."""
        page = copy(self)
        page.change_password_form = partial(PasswordForm, by=signed_in(request))  # type: ignore[assignment]
        return super(UserAdmin, page).user_change_password(request, *args, **options)


class SignInForm(AuthenticationForm):
    def clean(self) -> Any:
        try:
            return super().clean()
        except DomainError as refusal:
            raise ValidationError(refusal.message) from None


admin.site.login_form = SignInForm
admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(BoxesForMany, DjangoGroupAdmin):  # type: ignore[misc]  # the stubs of the second are strict
    """Django's, in the look of the others."""
