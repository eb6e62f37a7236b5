"""Many requests for one account or one session."""

from tests.races.client import log_in, refresh, sign_up
from tests.races.race import race
from tests.races.shop import Shop, statuses


@race
def test_ten_sign_ups_with_one_email_create_one_account(shop: Shop) -> None:
    emails = ["ada@example.com", "Ada@example.com", "ADA@EXAMPLE.COM", "aDa@Example.com", "adA@example.Com"]

    answers = shop.race([sign_up(email) for email in emails * 2])

    assert statuses(answers) == {200: 1, 400: 9}
    refusals = {answer.json["detail"] for answer in answers if answer.status == 400}
    assert refusals == {"Email already registered"}


@race
def test_ten_promotions_of_one_user_promote_once(shop: Shop) -> None:
    customer = shop.new_customer()

    answers = shop.race([shop.admin.promote(customer.email)] * 10)

    assert statuses(answers) == {200: 1, 400: 9}
    refusals = {answer.json["detail"] for answer in answers if answer.status == 400}
    assert refusals == {"User is already an admin"}


@race
def test_two_admins_cannot_demote_each_other(shop: Shop) -> None:
    first, second = shop.admin, shop.another_admin()

    answers = shop.race([first.set_role(second.email, "user"), second.set_role(first.email, "support")])

    assert shop.admins() == 1
    assert [answer.status for answer in answers].count(200) == 1


@race
def test_twenty_refreshes_of_one_token_return_one_successor(shop: Shop) -> None:
    [signed_in] = shop.race([log_in(shop.new_customer().email, "SecurePass123")])

    answers = shop.race([refresh(signed_in.json["refresh_token"])] * 20)

    assert statuses(answers) == {200: 20}
    successors = {answer.json["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert statuses(shop.race([refresh(successors.pop())])) == {200: 1}


@race
def test_only_five_of_twenty_wrong_passwords_are_checked(shop: Shop) -> None:
    customer = shop.new_customer()

    answers = shop.race([log_in(customer.email, "SecurePass124")] * 20)

    assert statuses(answers) == {401: 5, 429: 15}
    assert statuses(shop.race([log_in(customer.email, "SecurePass123")])) == {429: 1}
