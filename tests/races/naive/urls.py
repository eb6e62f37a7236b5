"""Naive versions of the raced routes; all others are the shop's."""

from django.urls import path

from tests.races import urls
from tests.races.naive import office, views

urlpatterns = [
    path("api/v1/auth/signup", views.SignUp.as_view()),
    path("api/v1/auth/login", views.Login.as_view()),
    path("api/v1/auth/refresh", views.Refresh.as_view()),
    path("api/v1/auth/promote-to-admin", views.Promote.as_view()),
    path("api/v1/auth/role", views.SetRole.as_view()),
    path("api/v1/products/<str:slug>", views.ProductDetail.as_view()),
    path("api/v1/cart/add", views.CartAdd.as_view()),
    path("api/v1/cart/remove", views.CartRemove.as_view()),
    path("api/v1/checkout/create-order", views.CreateOrder.as_view()),
    path("api/v1/payments/confirm", views.ConfirmPayment.as_view()),
    path("api/v1/admin/products", views.AdminProducts.as_view()),
    path("api/v1/admin/products/<str:pk>", views.AdminProduct.as_view()),
    path("api/v1/admin/orders/<str:order_id>/ship", office.Ship.as_view()),
    path("api/v1/admin/orders/<str:order_id>/cancel", office.Cancel.as_view()),
    path("api/v1/admin/orders/<str:order_id>/refund", office.RefundOrder.as_view()),
    path("admin/catalog/product/<str:pk>/change/", views.product_page),
    *urls.urlpatterns,
]
