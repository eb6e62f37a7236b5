"""Pictures that staff upload in the admin, from the form to the shop."""

from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from catalog.images import uploads
from catalog.images.image_urls import file_name
from catalog.models import Product
from ecommerce.core.models import AuditEntry
from tests.catalog.pictures import huge_png, photo, stored_content
from tests.support.admin_pages import Form, office_of, url
from tests.support.factories import product as make_product

pytestmark = pytest.mark.django_db
NEW = url(Product, "add")
NAME = "products/" + "0123456789abcdef" * 2
ADMIN_API = "/api/v1/admin/products"


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def office(staff: User) -> Client:
    return office_of(staff)


@pytest.fixture
def tea() -> Product:
    return make_product(name="Tea", slug="tea", price=Decimal("5.00"), inventory=10)


@pytest.fixture
def tea_with_picture(tea) -> Product:
    tea.image = uploads.store(BytesIO(photo()))
    tea.save(update_fields=["image"])
    return tea


def upload(content: bytes, name: str = "tea.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, kind)


def form_of(office: Client, row: Product) -> Form:
    return Form(office, url(Product, "change", row.pk))


def reloaded(row):
    return type(row).objects.get(pk=row.pk)


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200, response
    return dict(response.context["adminform"].form.errors)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def media_path(product: Product, width: int) -> str:
    return f"/media/{product.image}-{width}.webp"


def test_the_form_accepts_files(office, tea):
    for page in (NEW, url(Product, "change", tea.pk)):
        text = office.get(page).content.decode()
        assert 'enctype="multipart/form-data"' in text
        assert 'type="file"' in text


def test_a_new_product_may_have_a_picture(office):
    response = Form(office, NEW).send(name="Tea", slug="tea", price="5", upload=upload(photo()))
    assert response.status_code == 302
    assert default_storage.exists(file_name(Product.objects.get(slug="tea").image))


def test_an_upload_replaces_the_picture_and_the_old_file_stays(office, tea_with_picture, client):
    old = tea_with_picture.image
    assert form_of(office, tea_with_picture).send(upload=upload(photo())).status_code == 302
    assert reloaded(tea_with_picture).image not in ("", None, old)
    assert client.get(f"/media/{old}-640.webp").status_code == 200
    entry = AuditEntry.objects.get(action="product.change")
    assert (entry.before, entry.after) == ({"image": old}, {"image": reloaded(tea_with_picture).image})


def test_saving_without_a_file_keeps_the_upload(office, tea_with_picture):
    assert form_of(office, tea_with_picture).send(name="Better tea").status_code == 302
    assert (reloaded(tea_with_picture).name, reloaded(tea_with_picture).image) == (
        "Better tea",
        tea_with_picture.image,
    )


def test_the_name_of_a_missing_upload_is_refused(office, tea):
    assert list(errors(form_of(office, tea).send(image=NAME))) == ["image"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (
            upload(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "image/svg+xml"),
            "This is no picture",
        ),
        (upload(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png", "image/png"), "This is no picture"),
        (upload(b"<!doctype html><script>alert(1)</script>", "a.jpg"), "This is no picture"),
        (upload(photo()[:3000]), "This is no picture"),
        (upload(huge_png(20_000, 20_000)), "more than 40 megapixels"),
        (upload(photo() + b"\0" * 8_000_000), "larger than 8 MB"),
        (upload(b""), "empty"),
    ],
    ids=["svg", "svg as png", "html as jpg", "truncated", "bomb", "large", "empty"],
)
def test_a_refused_file_is_an_error_of_its_field_and_changes_nothing(office, tea, media, file, message):
    field_errors = errors(form_of(office, tea).send(name="Bad tea", upload=file))
    assert list(field_errors) == ["upload"]
    assert message in field_errors["upload"][0]
    assert (reloaded(tea).name, reloaded(tea).image) == ("Tea", tea.image)
    assert not files(media)


def test_no_picture_is_stored_if_another_field_is_invalid(office, tea, media):
    assert list(errors(form_of(office, tea).send(price="-1", upload=upload(photo())))) == ["price"]
    assert not files(media)


@pytest.mark.parametrize("name", ["../../evil.jpg", "/etc/cron.d/x", "a\0.jpg", "x.php", "a" * 300 + ".jpg"])
def test_the_name_of_the_uploaded_file_is_ignored(office, tea, media, name, tmp_path):
    assert form_of(office, tea).send(upload=upload(photo(), name)).status_code == 302
    assert {path.parent for path in files(tmp_path)} == {media / "products"}
    assert sorted(path.name[32:] for path in files(media)) == ["-1280.webp", "-320.webp", "-640.webp"]


def test_a_body_beyond_the_limit_is_a_413_with_a_message(office, tea):
    response = office.post(url(Product, "change", tea.pk), {"upload": upload(b"\0" * 10_000_001)})
    assert response.status_code == 413
    assert "up to 8 MB" in response.content.decode()


def test_an_upload_needs_permission_to_change_products(tea, customer, support, manager, media):
    page = url(Product, "change", tea.pk)
    for client in (Client(), office_of(customer), office_of(support)):
        response = client.post(page, {"name": "Tea", "upload": upload(photo())})
        assert response.status_code in (302, 403)
        assert not files(media)
    assert reloaded(tea).image == tea.image
    assert form_of(office_of(manager), tea).send(upload=upload(photo())).status_code == 302
    assert len(files(media)) == 3


def test_a_picture_is_served_with_its_type_and_cached_forever(tea_with_picture, client):
    response = client.get(media_path(tea_with_picture, 640), headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 200
    assert response.content == stored_content(tea_with_picture.image, 640)
    assert response["Content-Type"] == "image/webp"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert not {"Content-Encoding", "Set-Cookie"} & set(response.headers)


def test_a_missing_picture_is_a_404_that_is_not_cached(client):
    response = client.get(f"/media/{NAME}-640.webp")
    assert response.status_code == 404
    assert "immutable" not in response.get("Cache-Control", "")


def test_no_other_file_in_the_folder_is_served(tea_with_picture, media, client):
    (media / "secret.txt").write_text("secret")
    (media / "products" / "other.webp").write_text("secret")
    good = media_path(tea_with_picture, 640)
    assert client.get(good).status_code == 200
    for path in (
        "/media/",
        "/media/products/",
        "/media/secret.txt",
        "/media/products/other.webp",
        "/media/products/../secret.txt",
        "/media/products/..%2fsecret.txt",
        "/media/products/%2e%2e/secret.txt",
        "/media//etc/passwd",
        good + "/",
        good + "%00",
        good + "%0A",
        good.replace("-640", "-641"),
        good.replace("-640", ""),
        good.replace(".webp", ".html"),
        good.upper(),
    ):
        assert client.get(path).status_code == 404, path


def test_the_pages_offer_three_widths(tea_with_picture, client):
    widths = ", ".join(f"{media_path(tea_with_picture, width)} {width}w" for width in (320, 640, 1280))
    for page in ("/", "/products/", "/products/tea/"):
        text = client.get(page).content.decode()
        assert f'srcset="{widths}" sizes="' in text, page
        assert f'src="{media_path(tea_with_picture, 1280)}"' in text
    assert 'width="800" height="800"' in text
    client.post(f"/cart/add/{tea_with_picture.product_id}/", {"qty": "1"})
    assert f'srcset="{widths}" sizes="88px" width="88" height="88"' in client.get("/cart/").content.decode()


@pytest.mark.parametrize("image", ["https://example.com/a.jpg", "img/products/desk-lamp.svg", None])
def test_other_pictures_have_no_srcset(tea, client, image):
    Product.objects.filter(pk=tea.pk).update(image=image)
    assert "srcset" not in client.get("/products/tea/").content.decode()


def test_the_list_in_the_admin_loads_the_smallest_picture(office, tea_with_picture):
    assert media_path(tea_with_picture, 320) in office.get(url(Product, "changelist")).content.decode()


def test_the_api_accepts_the_url_that_it_shows(tea_with_picture, api, staff_api):
    read = api.get("/api/v1/products/tea").json()
    assert read["image"] == f"http://testserver{media_path(tea_with_picture, 1280)}"
    for body in (read | {"name": "Better tea"}, {"image": read["image"].replace("-1280", "-320")}):
        assert staff_api.patch(f"{ADMIN_API}/{tea_with_picture.pk}", body).status_code == 200
        assert reloaded(tea_with_picture).image == tea_with_picture.image


def test_a_copy_of_a_product_shares_its_picture(tea_with_picture, api, staff_api):
    read = api.get("/api/v1/products/tea").json()
    response = staff_api.post(
        ADMIN_API, {"name": "Tea 2", "slug": "tea-2", "price": 5, "image": read["image"]}
    )
    assert response.status_code == 201
    assert Product.objects.get(slug="tea-2").image == tea_with_picture.image


@pytest.mark.parametrize("image", [NAME, f"/media/{NAME}-640.webp", "products/../secret"])
def test_the_api_refuses_names_of_files(tea, staff_api, image):
    assert staff_api.patch(f"{ADMIN_API}/{tea.pk}", {"image": image}).status_code == 400
