"""One e-mail, many requests."""

from tests.races.client import sign_up
from tests.races.race import race
from tests.races.shop import Shop, statuses


@race
def test_ten_sign_ups_of_one_e_mail_make_one_account(shop: Shop) -> None:
    emails = ["ada@example.com", "Ada@example.com", "ADA@EXAMPLE.COM", "aDa@Example.com", "adA@example.Com"]

    answers = shop.race([sign_up(email) for email in emails * 2])

    assert statuses(answers) == {200: 1, 400: 9}
    refusals = {answer.json["detail"] for answer in answers if answer.status == 400}
    assert refusals == {"Email already registered"}


@race
def test_ten_promotions_of_one_user_are_one_promotion(shop: Shop) -> None:
    customer = shop.new_customer()

    answers = shop.race([shop.admin.promote(customer.email)] * 10)

    assert statuses(answers) == {200: 1, 400: 9}
    refusals = {answer.json["detail"] for answer in answers if answer.status == 400}
    assert refusals == {"User is already an admin"}
