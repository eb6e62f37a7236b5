"""Pages of an account's name and addresses."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.addresses import services as addresses
from accounts.addresses.forms import AddressForm, ProfileForm
from accounts.addresses.services import AddressNotFound
from accounts.form_pages import Submission
from accounts.models import Address
from accounts.users import services as users
from ecommerce.core.web.http import signed_in

FORM_METHODS = ["GET", "HEAD", "POST"]


@require_safe
@never_cache
@login_required
def address_list(request: HttpRequest) -> HttpResponse:
    saved = addresses.list_addresses(signed_in(request))
    return render(request, "accounts/addresses.html", {"addresses": saved})


@require_http_methods(FORM_METHODS)
@never_cache
@login_required
def new_address(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    submission = Submission(request, AddressForm, name=user.name)
    return _save(request, submission, partial(addresses.save_address, user))


@require_http_methods(FORM_METHODS)
@never_cache
@login_required
def edit_address(request: HttpRequest, address_id: str) -> HttpResponse:
    user = signed_in(request)
    try:
        saved = addresses.get_address(user, address_id=address_id)
    except AddressNotFound:
        raise Http404 from None
    submission = Submission(request, AddressForm, **saved.address.as_dict())
    return _save(request, submission, partial(addresses.change_address, user, address_id=address_id))


@require_POST
@login_required
def prefer_address(request: HttpRequest, address_id: str) -> HttpResponse:
    try:
        addresses.put_first(signed_in(request), address_id=address_id)
    except AddressNotFound as refusal:
        messages.warning(request, refusal.in_words)
    return redirect("accounts:addresses")


@require_POST
@login_required
def remove_address(request: HttpRequest, address_id: str) -> HttpResponse:
    addresses.remove_address(signed_in(request), address_id=address_id)
    messages.success(request, _("The address is removed."))
    return redirect("accounts:addresses")


@require_http_methods(FORM_METHODS)
@never_cache
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    submission = Submission(request, ProfileForm, name=user.name)
    if submission.accepted(partial(users.set_name, user)):
        messages.success(request, _("Your name is saved."))
        return redirect("accounts:detail")
    return submission.page("accounts/profile.html")


def _save(request: HttpRequest, submission: Submission, use_case: Callable[..., object]) -> HttpResponse:
    """Run the use case with the submitted address, or show the form."""
    if submission.accepted(lambda **fields: use_case(address=Address(**fields))):
        messages.success(request, _("The address is saved."))
        return redirect("accounts:addresses")
    return submission.page("accounts/address.html")
