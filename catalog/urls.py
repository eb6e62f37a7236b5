"""The URLs of the catalog's pages."""

from typing import Any

from django.urls import path, register_converter

from catalog.images.image_urls import UPLOADED_FILE
from catalog.storefront import views


class UploadedFile:
    regex = UPLOADED_FILE

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: Any) -> str:
        return str(value)


register_converter(UploadedFile, "uploaded_file")

app_name = "catalog"
urlpatterns = [
    path("", views.home, name="home"),
    path("products/", views.product_list, name="list"),
    path("products/<slug:slug>/", views.product_detail, name="product"),
    path("categories/<slug:slug>/", views.category, name="category"),
    path("products/seen/<int:product_id>.svg", views.seen, name="seen"),
]
