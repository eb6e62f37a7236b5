import pytest
from django.test import Client

from ecommerce.core.errors import Busy


@pytest.mark.usefixtures("mongodb_away")
@pytest.mark.parametrize("path", ["/", "/products/", "/products/yoga-mat-premium/", "/categories/fashion/"])
def test_a_page_gets_a_503_with_retry_after_while_mongodb_is_away(path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 503
    assert response["Retry-After"] == "1"
    assert "Nothing was changed." in response.content.decode()


def test_a_transaction_that_gives_up_after_conflicts_gets_the_same_page(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*args: object, **kwargs: object) -> None:
        raise Busy

    monkeypatch.setattr("catalog.queries.get_product", busy)
    assert Client().get("/products/yoga-mat-premium/").status_code == 503


def test_any_other_exception_gets_a_500(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the reason")

    monkeypatch.setattr("catalog.queries.get_product", broken)
    response = Client(raise_request_exception=False).get("/products/yoga-mat-premium/")
    assert response.status_code == 500
    assert "the reason" not in response.content.decode()
