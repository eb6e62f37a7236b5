"""The API of the catalog: reading products, and for staff creating, changing and deleting them."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import queries, services
from catalog.limits import product_reads
from catalog.product_fields import product_as_dict
from catalog.serializers import (
    DeletedProduct,
    ListQuery,
    ProductAnswer,
    ProductChanges,
    ProductFields,
    product_query,
)
from ecommerce.core.db import MOST
from ecommerce.core.web.api import NEXT, STAFF, body, can, errors, keys_need, link_to_next
from ecommerce.core.web.bearer import BearerClaims
from ecommerce.core.web.http import client_ip, shared_answer, signed_in
from ecommerce.core.web.ratelimit import Allowance
from ecommerce.core.web.service_keys import ServiceKeyAuthentication

TOTAL = f"Products on all pages. With filters at most {MOST + 1}, which stands for more than {MOST}."
PUBLIC: Any = [{}, {"serviceKey": []}]  # for the schema: no key is needed, but an invalid one is refused


def _allowance(request: Request) -> Allowance | None:
    """Return the limit for the caller, or None if the hot path has counted the request already."""
    if shared_answer(request):
        return None
    return product_reads(str(request.user.pk or ""), client_ip(request))


def _json(payload: bytes) -> HttpResponse:
    """Return an answer that nothing personal is in, and that may be kept if it is checked by its ETag."""
    return HttpResponse(payload, content_type="application/json", headers={"Cache-Control": "no-cache"})


class ProductList(APIView):
    authentication_classes = (BearerClaims, ServiceKeyAuthentication)
    permission_classes = [keys_need("catalog.view_product")]

    @extend_schema(
        operation_id="list_products",
        tags=["products"],
        auth=PUBLIC,
        parameters=[
            ListQuery,
            OpenApiParameter("X-Total-Count", int, "header", response=[200], description=TOTAL),
            OpenApiParameter("Link", str, "header", response=[200], description=NEXT),
        ],
        responses={
            200: ProductAnswer(many=True),
            **errors(400, 401, 403),
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """Active products: search, filters, sort, pages. A rate limit covers this and the next route."""
        chosen = product_query(request.query_params)
        products = queries.list_products(chosen, allowance=_allowance(request))
        response = _json(products.json)
        response["X-Total-Count"] = str(queries.total(chosen, products))
        if products.next:
            response["Link"] = link_to_next(request, ListQuery, products.next)
        return response


class ProductDetail(APIView):
    authentication_classes = (BearerClaims, ServiceKeyAuthentication)
    permission_classes = [keys_need("catalog.view_product")]

    @extend_schema(
        operation_id="get_product",
        tags=["products"],
        auth=PUBLIC,
        responses={200: ProductAnswer, **errors(401, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """One active product. A former slug is a 404: only pages redirect, for the links that people keep. A
        program that has stored a product's id finds the current slug in the list."""
        return _json(queries.product_json(slug, allowance=_allowance(request)))


class AdminProducts(APIView):
    authentication_classes = STAFF
    permission_classes = [can("catalog.add_product")]

    @extend_schema(
        operation_id="create_product",
        tags=["admin"],
        request=ProductFields,
        responses={201: ProductAnswer, **errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Create a product; its initial stock is recorded."""
        product = services.create_product(by=signed_in(request), **body(ProductFields, request.data))
        return Response(product_as_dict(product), status=201)


class AdminProduct(APIView):
    authentication_classes = STAFF
    permission_classes = [can("catalog.change_product", "catalog.delete_product")]

    @extend_schema(
        operation_id="update_product",
        tags=["admin"],
        request=ProductChanges,
        responses={200: ProductAnswer, **errors(400, 401, 403, 404)},
    )
    def patch(self, request: Request, pk: str) -> Response:
        """Change some fields. `inventory` sets the stock, `inventory_delta` adds to it."""
        changes = body(ProductChanges, request.data, partial=True)
        return Response(product_as_dict(services.update_product(pk=pk, by=signed_in(request), **changes)))

    @extend_schema(
        operation_id="delete_product",
        tags=["admin"],
        responses={200: DeletedProduct, **errors(401, 403, 404)},
    )
    def delete(self, request: Request, pk: str) -> Response:
        """Delete a product. Orders keep their snapshot of it."""
        product = services.delete_product(pk=pk, by=signed_in(request))
        return Response(
            {
                "message": "Product deleted",
                "product_id": product.product_id,
                "slug": product.slug,
                "name": product.name,
            }
        )
