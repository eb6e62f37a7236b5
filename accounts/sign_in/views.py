"""The pages of accounts: sign up, sign in, sign out, the account and where it is signed in."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts.form_pages import Submission
from accounts.forms import DeleteForm, EmailForm, SignInForm, SignUpForm
from accounts.models import User
from accounts.privacy import services as privacy
from accounts.sessions import services as sessions
from accounts.sessions.web_sessions import public_id
from accounts.sign_in import services
from ecommerce.core.web.http import client_ip, signed_in

BACKEND = "accounts.sign_in.backends.LockingBackend"
HOME = "accounts:detail"


@sensitive_post_parameters("password")
@never_cache
def log_in(request: HttpRequest) -> HttpResponse:
    use_case = partial(services.sign_in, ip=client_ip(request))
    return _enter(request, SignInForm, use_case, "accounts/login.html")


@sensitive_post_parameters("password")
@never_cache
def sign_up(request: HttpRequest) -> HttpResponse:
    return _enter(request, SignUpForm, services.sign_up, "accounts/signup.html")


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return redirect("catalog:home")


@require_POST
@login_required
def log_out_everywhere(request: HttpRequest) -> HttpResponse:
    sessions.end_all_sessions(signed_in(request))
    auth.logout(request)
    messages.success(request, _("You are signed out everywhere."))
    return redirect("accounts:login")


@require_safe
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    found = sessions.list_sessions(signed_in(request), current=public_id(request.session))
    return render(request, "accounts/account.html", {"sessions": found})


@require_POST
@login_required
def end_session(request: HttpRequest, session_id: str) -> HttpResponse:
    if session_id == public_id(request.session):
        return log_out(request)
    try:
        sessions.end_session(signed_in(request), session_id)
    except sessions.SessionNotFound:
        messages.info(request, _("That session had ended already."))
    else:
        messages.success(request, _("Signed out there."))
    return redirect("accounts:detail")


@require_safe
@never_cache
@login_required
def export(request: HttpRequest) -> HttpResponse:
    headers = {"Content-Disposition": 'attachment; filename="account.json"'}
    return JsonResponse(
        privacy.export_account(signed_in(request)), headers=headers, json_dumps_params={"indent": 2}
    )


@sensitive_post_parameters("password")
@never_cache
@login_required
def delete(request: HttpRequest) -> HttpResponse:
    submission, user = Submission(request, DeleteForm), signed_in(request)
    if submission.accepted(
        lambda password: privacy.erase_account(user, password=password, ip=client_ip(request))
    ):
        auth.logout(request)
        messages.success(request, _("Your account is deleted."))
        return redirect("catalog:home")
    return submission.page("accounts/delete.html")


def _enter(
    request: HttpRequest, form_class: type[EmailForm], use_case: Callable[..., User], template: str
) -> HttpResponse:
    """Sign in or up, then go on to where the visitor came from."""
    if request.user.is_authenticated:
        return redirect(_next(request))
    submission = Submission(request, form_class)
    if submission.accepted(lambda **given: auth.login(request, use_case(**given), backend=BACKEND)):
        return redirect(_next(request))
    return submission.page(template, next=_next(request), here=_here(request))


def _here(request: HttpRequest) -> str:
    """The address of the form, with no way on but one that is allowed."""
    wanted = _next(request)
    return request.path if wanted == HOME else f"{request.path}?{urlencode({'next': wanted})}"


def _next(request: HttpRequest) -> str:
    """Where to go on: a page of this shop, never another site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if safe else HOME
