"""Deliver an account's mails and read the links and tokens in them."""

import re
from urllib.parse import parse_qs, urlsplit

from django.core import mail

from ecommerce.core.outbox import queue as outbox


def delivered():
    """Deliver the due mails and return them, sorted by recipient."""
    mail.outbox.clear()
    outbox.deliver_due()
    return sorted(mail.outbox, key=lambda message: message.to)


def link_of(message):
    """Return the path of the mail's only link, which must be the same in text and HTML."""
    (link,) = re.findall(r"http://testserver/account/\S+", message.body)
    ((html, _kind),) = message.alternatives
    assert f'href="{link}"' in html
    return link.removeprefix("http://testserver")


def token_of(message):
    (token,) = parse_qs(urlsplit(link_of(message)).query)["token"]
    return token
