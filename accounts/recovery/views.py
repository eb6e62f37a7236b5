"""Pages to confirm and change the e-mail, and to reset and change the password."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.form_pages import Submission
from accounts.recovery import services as recovery
from accounts.recovery.forms import ChangeEmailForm, ChangePasswordForm, ResetForm, TokenForm
from accounts.sign_in import known_devices
from accounts.sign_in.forms import EmailForm
from accounts.sign_in.known_devices import origin
from ecommerce.core.errors import DomainError
from ecommerce.core.web.http import signed_in


@never_cache
def verify_email(request: HttpRequest) -> HttpResponse:
    submission = Submission(request, TokenForm, token=request.GET.get("token", ""))
    if submission.accepted(recovery.verify_email):
        messages.success(request, _("Your e-mail is confirmed."))
        return redirect("accounts:detail")
    return submission.page("accounts/verify_email.html")


@require_POST
@login_required
def resend_verification(request: HttpRequest) -> HttpResponse:
    try:
        recovery.send_verification(signed_in(request))
        messages.success(request, _("A mail is on its way. The link in it works for an hour."))
    except DomainError as refusal:
        messages.error(request, refusal.in_words)
    return redirect("accounts:detail")


@never_cache
def forgot_password(request: HttpRequest) -> HttpResponse:
    submission = Submission(request, EmailForm)
    if submission.accepted(recovery.forgot_password):
        sentence = _(
            "If there is an account with this e-mail, a mail is on its way. "
            "At most one is sent a minute, and five a day."
        )
        messages.info(request, sentence)
        return redirect("accounts:login")
    return submission.page("accounts/forgot_password.html")


@sensitive_post_parameters("password", "token")
@never_cache
def reset_password(request: HttpRequest) -> HttpResponse:
    """Check the link before the visitor chooses a password."""
    if request.method == "GET":
        try:
            recovery.check_reset_link(request.GET.get("token", ""))
        except DomainError as refusal:
            messages.error(request, refusal.in_words)
            return redirect("accounts:forgot_password")
    submission = Submission(request, ResetForm, token=request.GET.get("token", ""))
    if submission.accepted(recovery.reset_password):
        known_devices.remember_later(request, submission.result)
        messages.success(request, _("Your password is changed. Please sign in with it."))
        return redirect("accounts:login")
    return submission.page("accounts/reset_password.html")


@sensitive_post_parameters("current", "password")
@never_cache
@login_required
def change_password(request: HttpRequest) -> HttpResponse:
    submission, user = Submission(request, ChangePasswordForm), signed_in(request)
    if submission.accepted(lambda **fields: recovery.change_password(user, **fields, **origin(request))):
        update_session_auth_hash(request, user)  # keeps this session
        messages.success(request, _("Your password is changed. You are signed out everywhere else."))
        return redirect("accounts:detail")
    return submission.page("accounts/change_password.html")


@sensitive_post_parameters("password")
@never_cache
@login_required
def change_email(request: HttpRequest) -> HttpResponse:
    submission, user = Submission(request, ChangeEmailForm), signed_in(request)
    if submission.accepted(lambda **fields: recovery.change_email(user, **fields, **origin(request))):
        messages.success(request, _("Please use the links in the mails to both addresses."))
        return redirect("accounts:detail")
    return submission.page("accounts/change_email.html")


@never_cache
def confirm_email_change(request: HttpRequest) -> HttpResponse:
    submission = Submission(request, TokenForm, token=request.GET.get("token", ""))
    if submission.accepted(recovery.confirm_email_change):
        changed = _("Your e-mail is changed. Please sign in with it.")
        waits = _("Thank you. Your e-mail changes once both addresses have confirmed it.")
        messages.success(request, changed if submission.result else waits)
        return redirect("accounts:detail")
    return submission.page("accounts/confirm_email_change.html")
