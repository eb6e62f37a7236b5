"""Permissions of each role and of each scope of a service key, in the API and in the admin.

A permission is named as Django's own are: `<app>.<verb>_<model>`. An admin is a superuser and needs none.
docs/security.md describes the roles.
"""

from django.db.models import TextChoices


class Role(TextChoices):
    USER = "user", "Customer"
    SUPPORT = "support"
    MANAGER = "manager", "Catalogue manager"
    ADMIN = "admin"


ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    Role.USER: frozenset(),
    Role.SUPPORT: frozenset(
        {
            "orders.view_order",
            "orders.change_order",  # pack, ship, correct the parcel, deliver
            "payments.view_payment",
            "payments.view_refund",
            "payments.add_refund",  # cancel and refund
            "cart.view_cart",
            "accounts.view_user",
        }
    ),
    Role.MANAGER: frozenset(
        {
            *(f"catalog.{verb}_product" for verb in ("view", "add", "change", "delete")),
            *(f"catalog.{verb}_category" for verb in ("view", "add", "change", "delete")),
            "catalog.view_stockmovement",
            "catalog.view_searchmiss",
        }
    ),
}


class Scope(TextChoices):
    ORDERS_READ = "orders:read", "orders:read · every order"
    ORDERS_WRITE = "orders:write", "orders:write · pack, ship, deliver"
    REFUNDS_WRITE = "refunds:write", "refunds:write · cancel and refund"
    PRODUCTS_READ = "products:read", "products:read · the public list, with a rate of its own"
    PRODUCTS_WRITE = "products:write", "products:write · create, change, delete"


SCOPES: dict[str, frozenset[str]] = {
    Scope.ORDERS_READ: frozenset({"orders.view_order"}),
    Scope.ORDERS_WRITE: frozenset({"orders.change_order"}),
    Scope.REFUNDS_WRITE: frozenset({"payments.add_refund"}),
    Scope.PRODUCTS_READ: frozenset({"catalog.view_product"}),
    Scope.PRODUCTS_WRITE: frozenset(f"catalog.{verb}_product" for verb in ("add", "change", "delete")),
}


def permissions_of(role: str) -> frozenset[str]:
    """Return the permissions of the role; an admin, who may do everything, has none here."""
    return ROLE_PERMISSIONS.get(role, frozenset())
