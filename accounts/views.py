"""The pages of accounts: sign up, sign in, sign out, the account itself."""

from collections.abc import Callable

from django.contrib import auth
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import services
from accounts.forms import SignInForm, SignUpForm
from accounts.models import User
from ecommerce.lib.errors import DomainError

BACKEND = "django.contrib.auth.backends.ModelBackend"
UNPROCESSABLE = 422


@sensitive_post_parameters("password")
@never_cache
def log_in(request: HttpRequest) -> HttpResponse:
    return _enter(request, SignInForm, services.sign_in, "accounts/login.html")


@sensitive_post_parameters("password")
@never_cache
def sign_up(request: HttpRequest) -> HttpResponse:
    return _enter(request, SignUpForm, services.sign_up, "accounts/signup.html")


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return redirect("catalog:home")


@require_safe
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/account.html")


def _enter(
    request: HttpRequest, form_class: type[SignInForm], use_case: Callable[..., User], template: str
) -> HttpResponse:
    """Sign in or up, then go on to where the visitor came from."""
    if request.user.is_authenticated:
        return redirect(_next(request))
    form = form_class(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = use_case(**form.cleaned_data)
        except DomainError as refusal:
            form.add_error(getattr(refusal, "field", None), refusal.message)
        else:
            auth.login(request, user, backend=BACKEND)
            return redirect(_next(request))
    context = {"form": form, "next": _next(request)}
    return render(request, template, context, status=UNPROCESSABLE if form.is_bound else 200)


def _next(request: HttpRequest) -> str:
    """Where to go on: a page of this shop, never another site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if safe else "accounts:detail"
