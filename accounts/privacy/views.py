"""Pages to export one's data and to delete one's account."""

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts.form_pages import Submission
from accounts.privacy import services as privacy
from accounts.privacy.forms import DeleteForm
from accounts.sign_in.known_devices import origin
from ecommerce.core.web.http import signed_in


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
        lambda password: privacy.erase_account(user, password=password, **origin(request))
    ):
        auth.logout(request)
        messages.success(request, _("Your account is deleted."))
        return redirect("catalog:home")
    return submission.page("accounts/delete.html")
