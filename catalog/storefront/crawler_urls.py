"""URLs for crawlers and browsers, which have no language prefix."""

from django.urls import path

from catalog.storefront import crawlers

app_name = "crawlers"
urlpatterns = [
    path("robots.txt", crawlers.robots, name="robots"),
    path("sitemap.xml", crawlers.sitemap, name="sitemap"),
    path("sitemap-pages.xml", crawlers.page_sitemap, name="pages"),
    path("sitemap-products-<int:part>.xml", crawlers.product_sitemap, name="products"),
    path("speculation-rules.json", crawlers.speculation_rules, name="speculation_rules"),
]
