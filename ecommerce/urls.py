"""The addresses of all pages, the API and its documentation. /health/* is in ecommerce/site/middleware.py."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerView

from catalog.storefront.views import picture
from ecommerce.site import views
from ecommerce.site.schema import openapi

READ = ["get", "head"]  # without OPTIONS, whose answer would need a template that does not exist

PAGES = [
    path("", include("catalog.urls")),
    path("cart/", include("cart.urls")),
    path("orders/", include("payments.urls")),
    path("", include("orders.urls")),
    path("account/", include("accounts.urls")),
]

urlpatterns = [
    *i18n_patterns(*PAGES, prefix_default_language=False),
    path("", include("catalog.storefront.crawler_urls")),
    path("media/products/<uploaded_file:file>", picture, name="picture"),
    path("admin/password_change/", RedirectView.as_view(pattern_name="accounts:change_password")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("ecommerce.api_urls")),
    re_path(r"^api(/|$)", views.UnknownRoute.as_view()),
    path("openapi.json", openapi, name="openapi"),
    path("docs", SpectacularSwaggerView.as_view(url_name="openapi", http_method_names=READ), name="docs"),
    path("redoc", views.redoc, name="redoc"),
]
if settings.APP_ENV == "dev":
    urlpatterns += [path("dev/mails/", include("ecommerce.devserver.mails"))]
handler400 = views.bad_request
handler404 = views.not_found
handler500 = views.server_error
