"""The admin page that lists the sessions of a user and ends them."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from accounts.models import User
from accounts.sessions import services as sessions
from ecommerce.core.errors import DomainError
from ecommerce.core.web.admin import change_url
from ecommerce.core.web.http import signed_in


def sessions_page(admin: ModelAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show the sessions of a user; a POST ends one or all of them."""
    if not admin.has_change_permission(request):
        raise PermissionDenied
    user = admin.get_object(request, object_id)
    if user is None:
        return admin._get_obj_does_not_exist_redirect(request, admin.opts, object_id)
    if request.method == "POST":
        _end(request, user)
        return HttpResponseRedirect(request.path)
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": f"Sessions of {user}",
        "sessions": sessions.list_sessions(user, current=""),
        "back": change_url(user),
    }
    return TemplateResponse(request, "admin/user_sessions.html", context)


def _end(request: HttpRequest, user: User) -> None:
    by = signed_in(request)
    try:
        if "everywhere" in request.POST:
            sessions.end_all_sessions(user, by=by)
        else:
            sessions.end_session(user, session_id=request.POST.get("session", ""), by=by)
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "Signed out.")
