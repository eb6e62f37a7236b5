"""Signing in, on a page or in the API, moves the guest's cart into the user's. Then the guest is gone."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from cart import services, session
from catalog.models import Product


@receiver(user_logged_in)
def merge_guest_cart(request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    guest = session.guest_of(request) if request else None
    if request is None or guest is None:
        return
    left_out = services.merge_carts(guest=guest, user=user)
    for name in Product.objects.filter(product_id__in=left_out).values_list("name", flat=True):
        text = _("Not all of %(name)s fitted into your cart.") % {"name": name}
        messages.warning(request, text, fail_silently=True)


@receiver([user_logged_in, user_logged_out])
def leave_guest(request: HttpRequest | None, **kwargs: Any) -> None:
    if request is not None:
        session.leave(request)
