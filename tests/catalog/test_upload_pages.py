"""Pictures that staff upload in the back office, from the form to the shelf."""

from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from catalog.images import uploads
from catalog.images.addresses import file_name
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
def pictured(tea) -> Product:
    tea.image = uploads.store(BytesIO(photo()))
    tea.save(update_fields=["image"])
    return tea


def upload(content: bytes, name: str = "tea.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, kind)


def form_of(office: Client, row: Product) -> Form:
    return Form(office, url(Product, "change", row.pk))


def again(row):
    return type(row).objects.get(pk=row.pk)


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200, response
    return dict(response.context["adminform"].form.errors)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def media_path(product: Product, width: int) -> str:
    return f"/media/{product.image}-{width}.webp"


def test_the_page_has_a_form_for_files(office, tea):
    for page in (NEW, url(Product, "change", tea.pk)):
        text = office.get(page).content.decode()
        assert 'enctype="multipart/form-data"' in text
        assert 'type="file"' in text


def test_a_new_product_may_bring_its_picture(office):
    sent = Form(office, NEW).send(name="Tea", slug="tea", price="5", upload=upload(photo()))
    assert sent.status_code == 302
    assert default_storage.exists(file_name(Product.objects.get(slug="tea").image))


def test_an_upload_takes_the_place_of_the_picture_and_the_old_one_stays_readable(office, pictured, client):
    old = pictured.image
    assert form_of(office, pictured).send(upload=upload(photo())).status_code == 302
    assert again(pictured).image not in ("", None, old)
    assert client.get(f"/media/{old}-640.webp").status_code == 200
    entry = AuditEntry.objects.get(action="product.change")
    assert (entry.before, entry.after) == ({"image": old}, {"image": again(pictured).image})


def test_saving_without_a_file_keeps_the_upload(office, pictured):
    assert form_of(office, pictured).send(name="Better tea").status_code == 302
    assert (again(pictured).name, again(pictured).image) == ("Better tea", pictured.image)


def test_the_name_of_an_upload_that_is_not_there_is_refused(office, tea):
    assert list(errors(form_of(office, tea).send(image=NAME))) == ["image"]


@pytest.mark.parametrize(
    ("file", "sentence"),
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
def test_a_refused_file_is_said_at_its_field_and_nothing_changes(office, tea, media, file, sentence):
    found = errors(form_of(office, tea).send(name="Bad tea", upload=file))
    assert list(found) == ["upload"]
    assert sentence in found["upload"][0]
    assert (again(tea).name, again(tea).image) == ("Tea", tea.image)
    assert not files(media)


def test_where_another_field_is_wrong_no_picture_is_stored(office, tea, media):
    assert list(errors(form_of(office, tea).send(price="-1", upload=upload(photo())))) == ["price"]
    assert not files(media)


@pytest.mark.parametrize("name", ["../../evil.jpg", "/etc/cron.d/x", "a\0.jpg", "x.php", "a" * 300 + ".jpg"])
def test_the_files_own_name_counts_for_nothing(office, tea, media, name, tmp_path):
    assert form_of(office, tea).send(upload=upload(photo(), name)).status_code == 302
    assert {path.parent for path in files(tmp_path)} == {media / "products"}
    assert sorted(path.name[32:] for path in files(media)) == ["-1280.webp", "-320.webp", "-640.webp"]


def test_a_body_beyond_the_limit_is_a_413_with_a_sentence(office, tea):
    answer = office.post(url(Product, "change", tea.pk), {"upload": upload(b"\0" * 10_000_001)})
    assert answer.status_code == 413
    assert "up to 8 MB" in answer.content.decode()


def test_only_who_may_change_products_uploads(tea, customer, support, manager, media):
    page = url(Product, "change", tea.pk)
    for client in (Client(), office_of(customer), office_of(support)):
        answer = client.post(page, {"name": "Tea", "upload": upload(photo())})
        assert answer.status_code in (302, 403)
        assert not files(media)
    assert again(tea).image == tea.image
    assert form_of(office_of(manager), tea).send(upload=upload(photo())).status_code == 302
    assert len(files(media)) == 3


def test_a_picture_is_served_for_ever_and_as_nothing_else(pictured, client):
    answer = client.get(media_path(pictured, 640), headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.content == stored_content(pictured.image, 640)
    assert answer["Content-Type"] == "image/webp"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert not {"Content-Encoding", "Set-Cookie"} & set(answer.headers)


def test_a_missing_picture_is_a_404_that_nothing_keeps(client):
    answer = client.get(f"/media/{NAME}-640.webp")
    assert answer.status_code == 404
    assert "immutable" not in answer.get("Cache-Control", "")


def test_nothing_else_below_the_folder_is_reachable(pictured, media, client):
    (media / "secret.txt").write_text("secret")
    (media / "products" / "other.webp").write_text("secret")
    good = media_path(pictured, 640)
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


def test_the_pages_offer_three_widths(pictured, client):
    widths = ", ".join(f"{media_path(pictured, width)} {width}w" for width in (320, 640, 1280))
    for page in ("/", "/products/", "/products/tea/"):
        text = client.get(page).content.decode()
        assert f'srcset="{widths}" sizes="' in text, page
        assert f'src="{media_path(pictured, 1280)}"' in text
    assert 'width="800" height="800"' in text
    client.post(f"/cart/add/{pictured.product_id}/", {"qty": "1"})
    assert f'srcset="{widths}" sizes="88px" width="88" height="88"' in client.get("/cart/").content.decode()


@pytest.mark.parametrize("image", ["https://example.com/a.jpg", "img/products/desk-lamp.svg", None])
def test_other_pictures_have_no_srcset(tea, client, image):
    Product.objects.filter(pk=tea.pk).update(image=image)
    assert "srcset" not in client.get("/products/tea/").content.decode()


def test_a_list_in_the_back_office_loads_the_smallest(office, pictured):
    assert media_path(pictured, 320) in office.get(url(Product, "changelist")).content.decode()


def test_the_api_shows_an_address_and_takes_it_back(pictured, api, staff_api):
    read = api.get("/api/v1/products/tea").json()
    assert read["image"] == f"http://testserver{media_path(pictured, 1280)}"
    for body in (read | {"name": "Better tea"}, {"image": read["image"].replace("-1280", "-320")}):
        assert staff_api.patch(f"{ADMIN_API}/{pictured.pk}", body).status_code == 200
        assert again(pictured).image == pictured.image


def test_a_copy_of_a_product_shares_its_picture(pictured, api, staff_api):
    read = api.get("/api/v1/products/tea").json()
    made = staff_api.post(ADMIN_API, {"name": "Tea 2", "slug": "tea-2", "price": 5, "image": read["image"]})
    assert made.status_code == 201
    assert Product.objects.get(slug="tea-2").image == pictured.image


@pytest.mark.parametrize("image", [NAME, f"/media/{NAME}-640.webp", "products/../secret"])
def test_the_api_takes_no_name_of_a_file(tea, staff_api, image):
    assert staff_api.patch(f"{ADMIN_API}/{tea.pk}", {"image": image}).status_code == 400
