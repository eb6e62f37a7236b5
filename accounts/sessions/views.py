"""The account page with its list of sessions, and the buttons that end them."""

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.sessions import services as sessions
from accounts.sessions.web_sessions import public_id
from ecommerce.core.web.http import signed_in


@require_safe
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    listed = sessions.list_sessions(signed_in(request), current=public_id(request.session))
    return render(request, "accounts/account.html", {"sessions": listed})


@require_POST
@login_required
def end_session(request: HttpRequest, session_id: str) -> HttpResponse:
    if session_id == public_id(request.session):
        auth.logout(request)
        return redirect("catalog:home")
    try:
        sessions.end_session(signed_in(request), session_id=session_id)
    except sessions.SessionNotFound:
        messages.info(request, _("That session has already ended."))
    else:
        messages.success(request, _("Signed out there."))
    return redirect("accounts:detail")


@require_POST
@login_required
def log_out_everywhere(request: HttpRequest) -> HttpResponse:
    sessions.end_all_sessions(signed_in(request))
    auth.logout(request)
    messages.success(request, _("You are signed out everywhere."))
    return redirect("accounts:login")
