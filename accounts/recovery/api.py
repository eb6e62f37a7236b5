"""API endpoints to confirm and change the e-mail, and to reset and change the password."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.recovery import services as recovery
from accounts.recovery.serializers import (
    EmailChangeAnswer,
    EmailChangeRequest,
    MailedToken,
    PasswordChange,
    PasswordReset,
    SentAnswer,
)
from accounts.sessions import services as sessions
from accounts.sessions import token_answers
from accounts.sessions.serializers import TokensAnswer
from accounts.sign_in.known_devices import origin
from accounts.sign_in.serializers import Email
from ecommerce.core.web.api import body, errors
from ecommerce.core.web.http import Device, signed_in


class VerifyEmail(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="verify_email",
        tags=["auth"],
        auth=[],
        request=MailedToken,
        responses={204: None, **errors(400)},
    )
    def post(self, request: Request) -> Response:
        """Confirm the e-mail with the mailed token."""
        recovery.verify_email(**body(MailedToken, request.data))
        return Response(status=204)


class ResendVerification(APIView):
    @extend_schema(
        operation_id="resend_verification",
        tags=["auth"],
        request=None,
        responses={202: SentAnswer, **errors(401)},
    )
    def post(self, request: Request) -> Response:
        """Send the mail again unless the e-mail is confirmed: at most one a minute and five a day, or 429."""
        recovery.send_verification(signed_in(request))
        return _accepted(_("A mail is on its way unless your e-mail is confirmed already."))


class ForgotPassword(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="forgot_password",
        tags=["auth"],
        auth=[],
        request=Email,
        responses={202: SentAnswer, **errors(400)},
    )
    def post(self, request: Request) -> Response:
        """Send a link to choose a new password, at most one a minute and five a day.

        The answer is the same for known and unknown e-mails, and beyond these limits.
        """
        recovery.forgot_password(**body(Email, request.data))
        return _accepted(
            _(
                "If there is an account with this e-mail, a mail is on its way. "
                "At most one is sent a minute, and five a day."
            )
        )


class ResetPassword(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="reset_password",
        tags=["auth"],
        auth=[],
        request=PasswordReset,
        responses={204: None, **errors(400)},
    )
    def post(self, request: Request) -> Response:
        """Set a new password with the mailed token, and end every session of the account."""
        recovery.reset_password(**body(PasswordReset, request.data))
        return Response(status=204)


class ChangePassword(APIView):
    @extend_schema(
        operation_id="change_password",
        tags=["auth"],
        request=PasswordChange,
        responses={200: TokensAnswer, **errors(400, 401)},
    )
    def post(self, request: Request) -> Response:
        """Change the password, end every session of the account, and start a new one."""
        fields, user = body(PasswordChange, request.data), signed_in(request)
        cookie = fields.pop("cookie")
        recovery.change_password(user, **fields, **origin(request))
        return token_answers.answer(sessions.start_session(user, device=Device.of(request)), cookie=cookie)


class ChangeEmail(APIView):
    @extend_schema(
        operation_id="change_email",
        tags=["auth"],
        request=EmailChangeRequest,
        responses={202: SentAnswer, **errors(400, 401)},
    )
    def post(self, request: Request) -> Response:
        """Request a change of the e-mail, which takes effect once both addresses have confirmed it.

        429 if one of them has had such a mail within a minute, or five within a day.
        """
        fields = body(EmailChangeRequest, request.data)
        recovery.change_email(signed_in(request), **fields, **origin(request))
        return _accepted(_("Please use the links in the mails to both addresses."))


class ConfirmEmailChange(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="confirm_email_change",
        tags=["auth"],
        auth=[],
        request=MailedToken,
        responses={200: EmailChangeAnswer, **errors(400)},
    )
    def post(self, request: Request) -> Response:
        """Confirm one of the two addresses with the mailed token; the second one ends every session."""
        return Response({"changed": recovery.confirm_email_change(**body(MailedToken, request.data))})


def _accepted(message: str) -> Response:
    return Response({"message": message}, status=202)
