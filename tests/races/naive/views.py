"""Naive versions of the raced routes: read, check, save.

Each is correct as long as requests come one by one, and each loses its race. `pause` widens the gap between
the read and the write, so that it loses every time.
"""

import time
import uuid
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.core.cache import cache
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import SignInAttempts, TokenFamily, User
from accounts.sessions.services import start_session
from accounts.sessions.tokens import access_token, read_refresh_token, refresh_token
from cart.authentication import CartToken
from cart.models import MAX_QTY, Cart, CartItem, Guest, owner_key
from cart.serializers import cart_as_dict
from cart.services import add_item
from catalog import search
from catalog.models import Counter, Product, StockMovement
from catalog.product_fields import product_as_dict
from ecommerce.core.text.money import line_total
from ecommerce.core.web.api import BEARER, can
from ecommerce.core.web.bearer import BearerClaims
from ecommerce.core.web.http import Device
from orders.models import Order, OrderItem, subtotal_of
from payments.models import Payment


def pause(seconds: float = 0.02) -> None:
    time.sleep(seconds)


def refused(detail: str, status: int = 400) -> Response:
    return Response({"detail": detail}, status=status)


class SignUp(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        email = request.data["email"].lower()
        if User.objects.filter(email=email).exists():
            return refused("Email already registered")
        pause()
        user = User.objects.create_user(email, request.data["password"])
        return Response({"access_token": access_token(user), "token_type": "bearer"})


class Login(APIView):
    """Counts failures after checking the password, and moves the guest's lines one by one."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        email = request.data["email"]
        row = SignInAttempts.objects.filter(pk=email).first()
        failures = row.counts["failures"] if row else 0
        if failures >= 5:
            return refused("Too many failed attempts", status=429)
        user = User.objects.filter(email=email).first()
        pause(0.2)
        if user is not None and user.check_password(request.data["password"]):
            self.move_cart(request, user)
            grant = start_session(user, device=Device.of(request))
            return Response({"access_token": grant.access_token, "refresh_token": grant.refresh_token})
        SignInAttempts(pk=email, counts={"failures": failures + 1}, updated_at=timezone.now()).save()
        return refused("Invalid credentials", status=401)

    def move_cart(self, request: Request, user: User) -> None:
        if guest := Guest.of_token(request.headers.get("X-Cart-Token", "")):
            cart = cart_of(guest)
            pause()
            for line in cart.items:
                add_item(user=user, product_id=line.product_id, qty=line.qty)
            cart.items = []
            cart.save()


class Refresh(APIView):
    """Checks the token and rotates it in two steps."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        pk, generation = read_refresh_token(request.data["refresh_token"])
        family = TokenFamily.objects.get(pk=pk)
        if generation < family.generation - 1:
            return refused("The refresh token is invalid or has expired.", status=401)
        if generation == family.generation:
            pause()
            TokenFamily.objects.filter(pk=pk).update(generation=F("generation") + 1)
            family.refresh_from_db()
        return Response({"refresh_token": refresh_token(pk, family.generation)})


class Promote(APIView):
    def post(self, request: Request) -> Response:
        user = User.objects.get(email=request.data["email"])
        if user.is_superuser:
            return refused("User is already an admin")
        pause()
        user.role = User.Role.ADMIN
        user.save()
        return Response(user.as_dict())


class SetRole(APIView):
    permission_classes = [can("accounts.change_user")]

    def post(self, request: Request) -> Response:
        user = User.objects.get(email=request.data["email"])
        if User.objects.filter(role=User.Role.ADMIN).count() < 2:
            return refused("This is the only active admin. Make another one first.")
        pause()
        user.role = request.data["role"]
        user.save()
        return Response(user.as_dict())


class ProductDetail(APIView):
    """Counts requests by reading and writing, and caches an entry per product that a save deletes."""

    authentication_classes = [BearerClaims]
    permission_classes = [AllowAny]

    def get(self, request: Request, slug: str) -> Response:
        if request.user.is_authenticated and self._used_up(str(request.user.pk)):
            return refused("Too many requests", status=429)
        return Response(cache.get_or_set(slug, lambda: self._fill(slug), settings.CACHE_TTL_SECONDS))

    def _fill(self, slug: str) -> dict[str, Any]:
        product = Product.objects.get(slug=slug)
        pause(0.8)
        return product_as_dict(product)

    def _used_up(self, user: str) -> bool:
        used = cache.get(user, 0)
        pause()
        cache.set(user, used + 1, settings.PRODUCT_RATE_LIMIT_USER.seconds)
        return bool(used >= settings.PRODUCT_RATE_LIMIT_USER.limit)


def cart_of(user: Any) -> Cart:
    return Cart.objects.filter(owner=owner_key(user)).first() or Cart.empty(user)


class CartAdd(APIView):
    authentication_classes = (*BEARER, CartToken)

    def post(self, request: Request) -> Response:
        product_id, qty = request.data["product_id"], request.data["qty"]
        cart = cart_of(request.user)
        line = next((line for line in cart.items if line.product_id == product_id), None)
        if line is None:
            line = CartItem(product_id=product_id, qty=0)
            cart.items.append(line)
        if line.qty + qty > MAX_QTY:
            return refused(f"At most {MAX_QTY} of one product fit into a cart.")
        line.qty += qty
        pause()
        cart.save()
        return Response(cart_as_dict(cart))


class CartRemove(APIView):
    def post(self, request: Request) -> Response:
        cart = cart_of(request.user)
        cart.items = [line for line in cart.items if line.product_id != request.data["product_id"]]
        pause()
        cart.save()
        return Response(cart_as_dict(cart))


class CreateOrder(APIView):
    authentication_classes = (*BEARER, CartToken)

    def post(self, request: Request) -> Response:
        user, key = request.user, request.headers.get("Idempotency-Key")
        if key and (earlier := Order.objects.filter(owner=owner_key(user), idempotency_key=key).first()):
            return Response({"order_id": str(earlier.pk), "status": earlier.status})
        cart = cart_of(user)
        if not cart.items:
            return refused("Cart is empty")
        pause()
        items = [snapshot(line) for line in cart.items]
        order = Order.objects.create(
            user=user if isinstance(user, User) else None,
            owner=owner_key(user),
            email=request.data.get("email") or user.email,
            items=items,
            subtotal=subtotal_of(items),
            total=subtotal_of(items),
            currency="usd",
            idempotency_key=key,
        )
        cart.items = []
        cart.save()
        return Response({"order_id": str(order.pk), "status": order.status}, status=201)


def snapshot(line: CartItem) -> OrderItem:
    product = Product.objects.get(product_id=line.product_id)
    return OrderItem(
        product_id=str(product.pk),
        name=product.name,
        unit_price=product.price,
        qty=line.qty,
        line_total=line_total(product.price, line.qty),
    )


class ConfirmPayment(APIView):
    def post(self, request: Request) -> Response:
        order = Order.objects.get(pk=request.query_params["order_id"], user=request.user)
        outcome = request.query_params.get("outcome", "success")
        if order.status == Order.Status.PENDING:
            if outcome == "success":
                sell(order)
            else:
                pause()
                order.status = "failed" if outcome == "failure" else outcome
            order.save()
            if order.failure_reason:
                return refused(order.failure_reason)
        return Response({"order_id": str(order.pk), "status": order.status})


def sell(order: Order) -> None:
    products = {item.product_id: Product.objects.filter(pk=item.product_id).first() for item in order.items}
    for item in order.items:
        product = products[item.product_id]
        if product is None or product.inventory < item.qty:
            order.status = Order.Status.FAILED
            order.failure_reason = f"Insufficient inventory for product {item.name}"
            return
    pause()
    for item in order.items:
        product = products[item.product_id]
        product.inventory -= item.qty
        product.save()
        pause()  # gives a kill time to hit
        record(product, -item.qty, "sale", order=order.pk)
    order.status = Order.Status.PAID
    order.payment = take_money(order)


def take_money(order: Order) -> ObjectId:
    payment = Payment.objects.create(
        order=order,
        gateway="simulated",
        status=Payment.Status.CAPTURED,
        amount=order.total,
        currency=order.currency,
        received=order.total,
        received_currency=order.currency,
        paid_order=True,
        expires_at=timezone.now(),
    )
    return payment.pk


def record(product: Product, quantity: int, reason: str, order: ObjectId | None = None) -> None:
    StockMovement.objects.create(
        key=uuid.uuid4().hex, product=product.pk, order=order, quantity=quantity, reason=reason
    )


class AdminProducts(APIView):
    def post(self, request: Request) -> Response:
        if Product.objects.filter(slug=request.data["slug"]).exists():
            return refused("Slug already exists")
        counter = Counter.objects.filter(name="product_id").first() or Counter(name="product_id", value=0)
        pause()
        counter.value += 1
        counter.save()
        fields = dict(request.data)
        terms = search.backend().terms(fields["name"], fields.get("category"))
        product = Product.objects.create(product_id=counter.value, search_terms=terms, **fields)
        record(product, product.inventory, "initial")
        return Response(product_as_dict(product), status=201)


class AdminProduct(APIView):
    def patch(self, request: Request, pk: str) -> Response:
        changes = dict(request.data)
        product = Product.objects.get(pk=pk)
        pause(0.4)
        level = changes.pop("inventory", product.inventory + changes.pop("inventory_delta", 0))
        change, product.inventory = level - product.inventory, level
        for field, value in changes.items():
            setattr(product, field, value)
        product.save()
        cache.delete(product.slug)
        if change:
            record(product, change, "adjustment")
        return Response(product_as_dict(Product.objects.get(pk=pk)))

    def delete(self, request: Request, pk: str) -> Response:
        product = Product.objects.filter(pk=pk).first()
        if product is None:
            return refused("Product not found", status=404)
        pause(0.2)
        record(product, -product.inventory, "closed")
        product.delete()
        return Response({"product_id": product.product_id})


@csrf_exempt
def product_page(request: HttpRequest, pk: str) -> HttpResponse:
    """Copy the form's fields into the row and save all of it, as Django's admin does."""
    product = Product.objects.get(pk=pk)
    pause(0.4)
    product.price = request.POST["price"]
    product.save()
    return HttpResponse(status=302)
