import pytest
from django.test import Client

from ecommerce.core.errors import Busy


@pytest.mark.usefixtures("mongodb_away")
@pytest.mark.parametrize("path", ["/", "/products/", "/products/yoga-mat-premium/", "/categories/fashion/"])
def test_while_mongodb_is_away_a_page_says_so_and_when_to_come_back(path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 503
    assert response["Retry-After"] == "1"
    assert "Nothing was changed." in response.content.decode()


def test_a_transaction_that_met_conflicts_until_its_deadline_is_the_same_page(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*args: object, **kwargs: object) -> None:
        raise Busy

    monkeypatch.setattr("catalog.queries.get_product", busy)
    assert Client().get("/products/yoga-mat-premium/").status_code == 503


def test_any_other_error_is_no_outage(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("catalog.queries.get_product", broken)
    response = Client(raise_request_exception=False).get("/products/yoga-mat-premium/")
    assert response.status_code == 500
    assert "a fault of ours" not in response.content.decode()
