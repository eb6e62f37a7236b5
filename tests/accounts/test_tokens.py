"""Only tokens signed by this shop for an existing, enabled account are accepted."""

import base64
import json
import time

import jwt
import pytest
from bson import ObjectId
from django.conf import settings

from accounts.models import User
from accounts.sessions import services as sessions
from accounts.sessions.tokens import access_token
from accounts.users.services import update_user
from ecommerce.core.web.api import NOT_ALLOWED
from ecommerce.core.web.http import Device
from ecommerce.core.web.ratelimit import Rate
from tests.support.answers import refused

pytestmark = pytest.mark.django_db
ME = "/api/v1/auth/me"
DEVICE = Device(ip="203.0.113.1", agent="curl/8")


def new_family_id(user):
    """Start a session and return the id of its token family."""
    return sessions.start_session(user, device=DEVICE).refresh_token.partition(".")[0]


def claims_of(user, **changed):
    now = int(time.time())
    claims = {
        "sub": str(user.pk),
        "role": "user",
        "typ": "access",
        "jti": "a",
        "family": "",
        "version": 0,
        "iat": now,
        "exp": now + 900,
        **changed,
    }
    return {name: value for name, value in claims.items() if value is not None}


def signed(claims, key=None, algorithm="HS256"):
    return jwt.encode(claims, key or settings.JWT_SECRET, algorithm=algorithm)


def part(content):
    text = content if isinstance(content, str) else json.dumps(content)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def send(api, authorization, url=ME):
    return api.get(url, HTTP_AUTHORIZATION=authorization)


def test_a_hand_made_token_signed_with_the_secret_works(api, customer):
    """Negative control: the tokens below are refused for their faults only."""
    assert send(api, f"Bearer {signed(claims_of(customer))}").status_code == 200


@pytest.mark.parametrize(
    "token_of",
    [
        lambda user: signed(claims_of(user), key="another secret of thirty-two bytes"),
        lambda user: signed(claims_of(user), algorithm="HS512"),
        lambda user: jwt.encode(claims_of(user), None, algorithm="none"),
        lambda user: f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims_of(user))}.",
        lambda user: f"{part({'alg': 'NoNe'})}.{part(claims_of(user))}.",
        lambda user: signed(claims_of(user, exp=int(time.time()) - 1)),
        lambda user: signed(claims_of(user, exp=None)),
        lambda user: signed(claims_of(user, exp="tomorrow")),
        lambda user: signed(claims_of(user, typ="refresh")),
        lambda user: signed(claims_of(user, typ=None)),
        lambda user: signed(claims_of(user, jti=None)),
        lambda user: signed(claims_of(user, version=None)),
        lambda user: signed(claims_of(user, version=1)),
        lambda user: signed(claims_of(user, version="0")),
        lambda user: signed(claims_of(user, sub=None)),
        lambda user: signed(claims_of(user, sub=str(ObjectId()))),
        lambda user: signed(claims_of(user, sub="customer@example.com")),
        lambda user: signed(claims_of(user, sub="")),
        lambda user: signed(claims_of(user, iat=int(time.time()) + 3600)),
        lambda user: access_token(user)[:-4],
        lambda user: access_token(user) + "x",
        lambda user: access_token(user).rpartition(".")[0] + ".",
    ],
    ids=[
        "another secret",
        "another algorithm",
        "alg none",
        "alg none by hand",
        "alg NoNe",
        "expired",
        "no expiry",
        "expiry as text",
        "a refresh token",
        "no type",
        "no id",
        "no version",
        "another version",
        "a version as text",
        "no subject",
        "an unknown subject",
        "a subject that is no id",
        "an empty subject",
        "issued in the future",
        "a cut signature",
        "a longer signature",
        "no signature",
    ],
)
def test_a_forged_or_faulty_token_is_a_401_without_a_reason(api, customer, token_of):
    response = send(api, f"Bearer {token_of(customer)}")
    refused(response, 401, "The token is invalid or has expired.")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer a.b.c",
        "Bearer a b",
        "Bearer ..",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 8000,
        f"Bearer {part('[' * 5000)}.e30.x",
        f"Bearer {part('{')}.e30.x",
        f"Bearer {part('[]')}.e30.x",
        f"Bearer {part({'alg': ['HS256']})}.e30.x",
        f"Bearer {part({'alg': {}})}.e30.x",
        f"Bearer {part({'alg': None})}.e30.x",
        f"Bearer {part({'alg': 'HS256', 'kid': 5})}.e30.x",
        f"Bearer {part({'alg': 'HS256', 'crit': 'b64', 'b64': False})}.e30.x",
        f"Bearer {part({'alg': 10**30})}.e30.x",
        "Basic Y3VzdG9tZXI6eA==",
        "",
    ],
    ids=lambda text: text[:40] or "empty",
)
def test_a_header_without_a_token_is_anonymous(api, authorization):
    response = send(api, authorization)
    refused(response, 401)
    assert response["WWW-Authenticate"] == "Bearer"
    assert send(api, authorization, "/api/v1/products").status_code == 200


def test_the_role_is_read_from_the_database_and_never_from_the_token(api, customer):
    """Even a correctly signed claim does not make its user an admin."""
    token = signed(claims_of(customer, role="admin"))
    refused(send(api, f"Bearer {token}", "/api/v1/orders/admin/all"), 403)
    assert send(api, f"Bearer {token}").json()["role"] == "user"


def test_an_edited_role_breaks_the_signature(api, customer):
    header, _, signature = access_token(customer).split(".")
    edited = f"{header}.{part(claims_of(customer, role='admin'))}.{signature}"
    refused(send(api, f"Bearer {edited}", "/api/v1/orders/admin/all"), 401)


def test_a_demoted_admin_is_refused_at_once(staff, staff_api):
    assert staff_api.get("/api/v1/orders/admin/all").status_code == 200
    User.objects.filter(pk=staff.pk).update(role="user")
    refused(staff_api.get("/api/v1/orders/admin/all"), 403)


def test_a_disabled_user_is_refused_at_once(customer, customer_api):
    User.objects.filter(pk=customer.pk).update(is_active=False)
    refused(customer_api.get(ME), 401)


def test_authentication_takes_one_query(customer_api, customer, django_assert_num_queries):
    sessions.end_session(
        customer, session_id=new_family_id(customer)
    )  # leaves a revoked family to compare with
    with django_assert_num_queries(1):
        assert customer_api.get(ME).status_code == 200


@pytest.mark.parametrize("change", [{"role": "admin"}, {"role": "support"}, {"is_active": False}])
def test_a_changed_role_or_state_invalidates_tokens(customer, customer_api, change):
    update_user(pk=customer.pk, **change)
    refused(customer_api.get(ME), 401)


class TestSecretRotation:
    """Tokens signed with the previous JWT_SECRET stay valid as long as it is configured."""

    @pytest.fixture(autouse=True)
    def _secrets(self, settings):
        self.old, self.new = settings.JWT_SECRET, "a new secret of thirty-two bytes!"

    def rotate(self, settings, *, keep):
        settings.JWT_SECRET, settings.JWT_SECRET_PREVIOUS = self.new, [self.old] if keep else []

    def test_tokens_of_the_previous_secret_work(self, api, customer, settings):
        grant = sessions.start_session(customer, device=DEVICE)
        self.rotate(settings, keep=True)
        assert send(api, f"Bearer {grant.access_token}").status_code == 200
        renewed = sessions.refresh(grant.refresh_token)
        assert jwt.decode(renewed.access_token, self.new, algorithms=["HS256"])
        self.rotate(settings, keep=False)
        assert sessions.refresh(renewed.refresh_token)

    def test_without_the_previous_secret_both_tokens_are_refused(self, api, customer, settings):
        grant = sessions.start_session(customer, device=DEVICE)
        self.rotate(settings, keep=False)
        refused(send(api, f"Bearer {grant.access_token}"), 401)
        with pytest.raises(sessions.InvalidRefreshToken):
            sessions.refresh(grant.refresh_token)

    def test_an_expired_token_of_the_previous_secret_is_refused(self, api, customer, settings):
        token = signed(claims_of(customer, exp=int(time.time()) - 1))
        self.rotate(settings, keep=True)
        refused(send(api, f"Bearer {token}"), 401)

    def test_the_product_rate_limit_recognizes_both_secrets(self, api, customer, settings):
        settings.PRODUCT_RATE_LIMIT, settings.PRODUCT_RATE_LIMIT_USER = Rate.parse("1/m"), Rate.parse("3/m")
        token = access_token(customer)
        self.rotate(settings, keep=True)
        statuses = [send(api, f"Bearer {token}", "/api/v1/products").status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]


def test_a_deleted_user_is_refused_at_once(customer, customer_api):
    customer.delete()
    refused(customer_api.get(ME), 401)


def test_the_scheme_may_be_written_in_any_case(api, customer):
    token = access_token(customer)
    assert send(api, f"bearer {token}").status_code == 200
    assert send(api, f"BEARER {token}").status_code == 200


def test_an_access_token_contains_role_and_expiry(customer, staff):
    claims = jwt.decode(access_token(staff), settings.JWT_SECRET, algorithms=["HS256"])
    assert claims["role"] == "admin"
    assert claims["exp"] - claims["iat"] == 900
    assert jwt.get_unverified_header(access_token(customer))["alg"] == "HS256"


PROTECTED = [
    ("get", "/auth/me"),
    ("post", "/auth/promote-to-admin"),
    ("post", "/auth/logout"),
    ("post", "/auth/logout-all"),
    ("get", "/auth/sessions"),
    ("delete", "/auth/sessions/5f5f5f5f5f5f5f5f5f5f5f5f"),
    ("post", "/auth/verify-email/resend"),
    ("post", "/auth/password/change"),
    ("post", "/auth/email/change"),
    ("get", "/auth/export"),
    ("delete", "/auth/me"),
    ("get", "/cart"),
    ("post", "/cart/add"),
    ("post", "/cart/remove"),
    ("post", "/checkout/create-order"),
    ("get", "/orders"),
    ("get", "/orders/5f5f5f5f5f5f5f5f5f5f5f5f"),
    ("get", "/orders/admin/all"),
    ("post", "/payments/confirm"),
    ("post", "/admin/products"),
    ("patch", "/admin/products/5f5f5f5f5f5f5f5f5f5f5f5f"),
    ("delete", "/admin/products/5f5f5f5f5f5f5f5f5f5f5f5f"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_every_protected_route_needs_a_token(api, method, path):
    response = getattr(api, method)(f"/api/v1{path}")
    refused(response, 401)
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), [route for route in PROTECTED if "admin" in route[1]])
def test_every_admin_route_requires_staff(customer_api, method, path):
    refused(getattr(customer_api, method)(f"/api/v1{path}", {}), 403, NOT_ALLOWED)


def test_a_web_session_does_not_authenticate_in_the_api(client, customer):
    """The API ignores session cookies, so other sites cannot call it through a visitor's browser."""
    client.force_login(customer)
    refused(client.get("/api/v1/cart"), 401)
