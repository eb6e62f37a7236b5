"""A mail backend for development, which writes each mail to a file, and a repeated one to the same file."""

from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage
from django.utils.text import slugify


class MailFolder(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        settings.MAIL_FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
        for email in email_messages:
            _write(settings.MAIL_FOLDER, email)
        return len(email_messages)


def _write(folder: Path, email: EmailMessage) -> None:
    """Write a draft and rename it, so that no page shows half a mail."""
    message = email.message()
    draft = folder / f"{uuid4().hex}.draft"
    draft.write_bytes(message.as_bytes())
    draft.replace(folder / f"{slugify(message['Message-ID'])}.eml")
