"""The pages /dev/mails/ with the mails that development writes into a folder. Only development has them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from ecommerce.core.risks import is_loopback

MOST_SHOWN = 100
FORWARDED = {"HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP"}
# Nothing in a mail's HTML runs or is loaded.
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Mail:
    name: str
    written: datetime
    message: EmailMessage

    @classmethod
    def read(cls, file: Path) -> "Mail":
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        return cls(file.stem, datetime.fromtimestamp(file.stat().st_mtime, UTC), message)

    def body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part else ""

    @property
    def text(self) -> str:
        return self.body("plain")


def for_this_machine(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer 404 to other machines, even by a proxy on this one: mails have links to reset passwords."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        is_forwarded = not FORWARDED.isdisjoint(request.META)
        if is_forwarded or not is_loopback(request.META.get("REMOTE_ADDR")):
            raise Http404
        return view(request, *args, **kwargs)

    return checked


@for_this_machine
@require_safe
@never_cache
def mail_list(request: HttpRequest) -> HttpResponse:
    """List the newest mails, the newest first."""
    mails = sorted(map(Mail.read, settings.MAIL_FOLDER.glob("*.eml")), key=lambda mail: mail.written)
    return render(request, "dev/mails.html", {"mails": mails[: -MOST_SHOWN - 1 : -1]})


@for_this_machine
@require_safe
@never_cache
def mail_page(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "dev/mail.html", {"mail": _mail(name)})


@for_this_machine
@require_safe
@never_cache
@xframe_options_sameorigin
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    response = HttpResponse(_mail(name).body("html"))
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


def _mail(name: str) -> Mail:
    try:
        return Mail.read(settings.MAIL_FOLDER / f"{name}.eml")
    except FileNotFoundError:
        raise Http404 from None


app_name = "dev_mails"
urlpatterns = [
    path("", mail_list, name="list"),
    path("<slug:name>/", mail_page, name="mail"),
    path("<slug:name>/html/", mail_html, name="html"),
]
