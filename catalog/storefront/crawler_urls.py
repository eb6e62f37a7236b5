"""For programs: the same addresses in every language."""

from django.urls import path

from catalog.storefront import crawlers

app_name = "crawlers"
urlpatterns = [
    path("robots.txt", crawlers.robots, name="robots"),
    path("sitemap.xml", crawlers.sitemap, name="sitemap"),
    path("sitemap-pages.xml", crawlers.sitemap_of_pages, name="pages"),
    path("sitemap-products-<int:part>.xml", crawlers.sitemap_of_products, name="products"),
    path("speculation-rules.json", crawlers.speculation_rules, name="speculation_rules"),
]
