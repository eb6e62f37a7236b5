from django.contrib import admin

from cart.models import Cart
from ecommerce.core.web.admin import ReadOnlyAdmin


@admin.register(Cart)
class CartAdmin(ReadOnlyAdmin):
    list_display = ["owner", "lines", "pieces", "updated_at"]
    fields = ["owner", "lines", "pieces", "contents", "updated_at"]
    search_prefixes = ("owner",)
    search_help_text = "Owner: u: followed by a user's ObjectId, or g: followed by a guest's hash"
    ordering = ["-pk"]

    @admin.display
    def lines(self, cart: Cart) -> int:
        return len(cart.items)

    @admin.display
    def pieces(self, cart: Cart) -> int:
        return sum(item.qty for item in cart.items)

    @admin.display
    def contents(self, cart: Cart) -> str:
        return ", ".join(f"{item.qty} of product {item.product_id}" for item in cart.items) or "Nothing"
