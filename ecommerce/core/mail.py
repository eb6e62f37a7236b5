"""Mails as text and HTML, from templates/emails/<template>.txt and .html."""

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from ecommerce.core.errors import DomainError


class NoMailServer(DomainError):
    message = "No mail server is named: set EMAIL_HOST and DEFAULT_FROM_EMAIL. The mail waits in the outbox."


def send(*, to: str, subject: str, template: str, context: dict[str, Any], key: object) -> None:
    """Send a mail in the active language. Raises NoMailServer, and the errors of the mail backend.

    `key` becomes the Message-ID, by which the mail server recognizes a repeat.
    """
    if settings.IN_PRODUCTION and not (settings.EMAIL_HOST and settings.DEFAULT_FROM_EMAIL):
        raise NoMailServer
    facts = {"shop_name": settings.SHOP_NAME, "site_url": settings.PUBLIC_URL, "subject": subject, **context}
    headers = {"Message-ID": f"<{key}@{_sender_domain()}>", "Auto-Submitted": "auto-generated"}
    text = render_to_string(f"emails/{template}.txt", facts)
    mail = EmailMultiAlternatives(subject, text, to=[to], headers=headers)
    mail.attach_alternative(render_to_string(f"emails/{template}.html", facts), "text/html")
    mail.send()


def _sender_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
