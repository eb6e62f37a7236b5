"""Pages to sign up, sign in and sign out."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.form_pages import Submission
from accounts.models import User
from accounts.sign_in import services
from accounts.sign_in.forms import EmailForm, SignInForm, SignUpForm
from accounts.sign_in.known_devices import origin

BACKEND = "accounts.sign_in.backends.LockingBackend"
HOME = "accounts:detail"


@sensitive_post_parameters("password")
@never_cache
def log_in(request: HttpRequest) -> HttpResponse:
    use_case = partial(services.sign_in, **origin(request))
    return _enter(request, SignInForm, use_case, "accounts/login.html")


@sensitive_post_parameters("password")
@never_cache
def sign_up(request: HttpRequest) -> HttpResponse:
    return _enter(request, SignUpForm, services.sign_up, "accounts/signup.html")


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return redirect("catalog:home")


def _enter(
    request: HttpRequest, form_class: type[EmailForm], use_case: Callable[..., User], template: str
) -> HttpResponse:
    """Sign in or up, then redirect to the page from which the visitor came."""
    if request.user.is_authenticated:
        return redirect(_next(request))
    submission = Submission(request, form_class)
    if submission.accepted(lambda **fields: auth.login(request, use_case(**fields), backend=BACKEND)):
        return redirect(_next(request))
    return submission.page(template, next=_next(request), page_url=_form_url(request))


def _form_url(request: HttpRequest) -> str:
    """Return the URL of the form, with `next` if it leads anywhere but to the account page."""
    next_url = _next(request)
    return request.path if next_url == HOME else f"{request.path}?{urlencode({'next': next_url})}"


def _next(request: HttpRequest) -> str:
    """Return the page to redirect to, never one of another site."""
    next_url = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(next_url, {request.get_host()}, request.is_secure())
    return next_url if safe else HOME
