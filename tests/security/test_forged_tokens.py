"""Forged, edited and revoked tokens get the same 401, whatever is wrong with them."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from bson import ObjectId
from django.conf import settings
from django.core.cache import cache
from rest_framework.test import APIClient

from accounts.models import User
from accounts.sessions import services as sessions
from accounts.sessions.tokens import access_token
from ecommerce.core.web.ratelimit import Rate
from tests.security.world import DEVICE
from tests.support import factories
from tests.support.answers import refused

pytestmark = pytest.mark.django_db
ME, PRODUCTS = "/api/v1/auth/me", "/api/v1/products"
EVIL = "https://evil.example/keys.json"
# A verifier that uses one key for RS256 and HS256 would take this for the shared secret.
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDT+zccv98NHBu8g9Vsl48YNI/a
9oxuJrH7fC89JK+4JXLxcgqaGYQmhoR/VuLLL6kuSycN3g4ckoylnTlQUVQW7h1j
269JJ0RcrMq/QlXNWrqrJfVWf8PLNXHPtZcAMdg2CqufRKmIjVY3YOoCWGnXVw8C
7BLO59RsQ15QVkhOEwIDAQAB
-----END PUBLIC KEY-----
"""
Token = Callable[[User], str]


def claims(user: User, **changed: Any) -> dict[str, Any]:
    """Return the claims of a valid token with these changes; None removes a claim."""
    now = int(time.time())
    valid = {"sub": str(user.pk), "role": "user", "typ": "access", "jti": "a", "family": "", "version": 0}
    valid |= {"iat": now, "exp": now + 900, **changed}
    return {name: value for name, value in valid.items() if value is not None}


def with_claims(**changed: Any) -> Token:
    """Return a token signed with the shop's secret; only its claims are wrong."""
    return lambda user: signed({"alg": "HS256", "typ": "JWT"}, claims(user, **changed), settings.JWT_SECRET)


def with_header(secret: str | bytes = b"", **header: Any) -> Token:
    """Return a token signed with another key, with a header that pretends to name it."""
    return lambda user: signed({"alg": "HS256", "typ": "JWT", **header}, claims(user), secret or b"theirs")


def signed(header: Any, payload: Any, secret: str | bytes) -> str:
    key = secret.encode() if isinstance(secret, str) else secret
    content = f"{part(header)}.{part(payload)}"
    return f"{content}.{_base64(hmac.new(key, content.encode(), hashlib.sha256).digest())}"


def part(content: Any) -> str:
    return _base64(json.dumps(content).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def edited(user: User, **changed: Any) -> str:
    header, _, signature = access_token(user).split(".")
    return f"{header}.{part(claims(user, **changed))}.{signature}"


def of_old_version(user: User) -> str:
    token = access_token(user)
    sessions.end_all_sessions(user)
    return token


def of_ended_session(user: User) -> str:
    grant = sessions.start_session(user, device=DEVICE)
    sessions.end_by_refresh_token(grant.refresh_token)
    return grant.access_token


def of_deleted_user(user: User) -> str:
    token = access_token(user)
    user.delete()
    return token


def of_disabled_user(user: User) -> str:
    token = access_token(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    return token


def refresh_token(user: User) -> str:
    return sessions.start_session(user, device=DEVICE).refresh_token


JWK = {"kty": "oct", "k": _base64(b"theirs")}
LATER = int(time.time()) + 3600
FORGED: dict[str, Token] = {
    "alg none": lambda user: f"{part({'alg': 'none'})}.{part(claims(user))}.",
    "alg nOnE with our signature": lambda user: f"{part({'alg': 'nOnE'})}.{part(claims(user))}.x",
    "no alg at all": lambda user: signed({"typ": "JWT"}, claims(user), settings.JWT_SECRET),
    "HS384 by our secret": lambda user: jwt.encode(claims(user), settings.JWT_SECRET, algorithm="HS384"),
    "RS256 by a key of their own": with_header(alg="RS256"),
    "ES256 with an empty signature": lambda user: f"{part({'alg': 'ES256'})}.{part(claims(user))}.{'A' * 86}",
    "HS256 by a public key": with_header(PUBLIC_KEY),
    "HS256 by an empty key": lambda user: signed({"alg": "HS256"}, claims(user), b""),
    "kid of a file": with_header(kid="../../../../dev/null"),
    "kid of a query": with_header(kid="' UNION SELECT 'theirs"),
    "kid of an operator": with_header(kid={"$ne": None}),
    "jwk in the header": with_header(jwk=JWK),
    "jku in the header": with_header(jku=EVIL, kid="1"),
    "x5u in the header": with_header(x5u=EVIL),
    "x5c in the header": with_header(x5c=["dGhlaXJz"]),
    "an unknown crit": lambda user: signed(
        {"alg": "HS256", "crit": ["exp-policy"], "exp-policy": 1}, claims(user), settings.JWT_SECRET
    ),
    "crit and b64 false": lambda user: signed(
        {"alg": "HS256", "crit": ["b64"], "b64": False}, claims(user), settings.JWT_SECRET
    ),
    "another key": with_header("another secret of thirty-two bytes"),
    "a cut signature": lambda user: access_token(user)[:-6],
    "the first half of the signature": lambda user: access_token(user)[:-22],
    "no signature": lambda user: access_token(user).rpartition(".")[0] + ".",
    "an edited role": lambda user: edited(user, role="admin"),
    "an edited subject": lambda user: edited(user, sub=str(ObjectId())),
    "an old version": of_old_version,
    "an ended session": of_ended_session,
    "a deleted user": of_deleted_user,
    "a disabled user": of_disabled_user,
    "a refresh token": refresh_token,
}
ABSURD: dict[str, Token] = {
    "expired": with_claims(exp=int(time.time()) - 1),
    "no expiry": with_claims(exp=None),
    "expiry in 10**30": with_claims(exp=10**30),
    "expiry before time": with_claims(exp=-(10**30)),
    "expiry as text": with_claims(exp="tomorrow"),
    "expiry as a list": with_claims(exp=[1]),
    "expiry as an object": with_claims(exp={"$gt": 0}),
    "expiry endless": with_claims(exp=float("inf")),
    "expiry no number": with_claims(exp=float("nan")),
    "not before in the future": with_claims(nbf=LATER),
    "not before in 10**30": with_claims(nbf=10**30),
    "not before as text": with_claims(nbf="x"),
    "not before as a list": with_claims(nbf=[]),
    "issued in the future": with_claims(iat=LATER),
    "issued endless": with_claims(iat=float("inf")),
    "issued as an object": with_claims(iat={}),
    "type refresh": with_claims(typ="refresh"),
    "type of a list": with_claims(typ=["access"]),
    "no type": with_claims(typ=None),
    "no id": with_claims(jti=None),
    "a surrogate in the subject": with_claims(sub="\ud800"),
    "NUL in the subject": with_claims(sub="\x00" * 24),
    "an object as subject": with_claims(sub={"$ne": None}),
    "a list as subject": with_claims(sub=[1]),
    "a number as subject": with_claims(sub=5),
    "true as subject": with_claims(sub=True),
    "no subject": with_claims(sub=None),
    "an endless subject": with_claims(sub="a" * 6000),
    "an unknown subject": with_claims(sub=str(ObjectId())),
    "an object as family": with_claims(family={"$ne": None}),
    "a list as family": with_claims(family=["x"]),
    "no family": with_claims(family=None),
    "an object as version": with_claims(version={"$gte": 0}),
    "a text as version": with_claims(version="0"),
    "true as version": with_claims(version=True),
    "false as version": with_claims(version=False),
    "a version with a point": with_claims(version=0.0),
    "an endless version": with_claims(version=10**400),
    "another version": with_claims(version=1),
    "no version": with_claims(version=None),
    "an audience": with_claims(aud="elsewhere"),
    "an issuer that is no text": with_claims(iss=5),
    "a list as claims": lambda user: signed({"alg": "HS256"}, [claims(user)], settings.JWT_SECRET),
    "a text as claims": lambda user: signed({"alg": "HS256"}, "x", settings.JWT_SECRET),
    "null as claims": lambda user: signed({"alg": "HS256"}, None, settings.JWT_SECRET),
    "a number as claims": lambda user: signed({"alg": "HS256"}, 10**30, settings.JWT_SECRET),
    "deep claims": with_claims(x=json.loads("[" * 900 + "]" * 900)),
}
GROUPS = pytest.mark.parametrize("tokens", [FORGED, ABSURD], ids=["forged", "absurd"])
# Signed by the shop: only a lookup of the account or the session shows that they are invalid.
LOOKED_UP = {"an old version", "an ended session", "a deleted user", "a disabled user"}
LOOKED_UP |= {
    "an endless version",
    "an unknown subject",
    "an endless subject",
    "NUL in the subject",
    "another version",
}


@pytest.fixture
def api() -> APIClient:
    """A client that shows a 500 as an answer, as real clients see it."""
    return APIClient(raise_request_exception=False)


def get(api: APIClient, token: str, url: str = ME) -> Any:
    return api.get(url, HTTP_AUTHORIZATION=f"Bearer {token}")


def test_a_token_signed_with_our_secret_works(api: APIClient, customer: User) -> None:
    """The control: the tokens below are refused for the one thing that is wrong with them."""
    assert get(api, with_claims()(customer)).status_code == 200
    assert get(api, with_header(settings.JWT_SECRET, kid="1", jku=EVIL)(customer)).status_code == 200


@GROUPS
def test_a_bad_token_is_a_401_that_gives_no_reason(
    api: APIClient, tokens: dict[str, Token], subtests: pytest.Subtests
) -> None:
    for name, token in tokens.items():
        with subtests.test(token=name):
            response = get(api, token(factories.user()))
            refused(response, 401, "The token is invalid or has expired.")
            assert response["WWW-Authenticate"] == "Bearer"


@GROUPS
def test_a_public_route_treats_a_bad_token_as_anonymous(
    api: APIClient, tokens: dict[str, Token], subtests: pytest.Subtests, settings: Any
) -> None:
    """It gets no allowance of its own from the rate limit."""
    settings.PRODUCT_RATE_LIMIT = Rate.parse("1/d")
    for name in tokens.keys() - LOOKED_UP:
        with subtests.test(token=name):
            cache.clear()
            token = tokens[name](factories.user())
            assert [get(api, token, PRODUCTS).status_code for _ in range(2)] == [200, 429]


def test_reusing_a_refresh_token_ends_the_session_and_all_successors(api: APIClient, customer: User) -> None:
    first = sessions.start_session(customer, device=DEVICE).refresh_token
    second = sessions.refresh(first)
    third = sessions.refresh(second.refresh_token)
    refused(api.post("/api/v1/auth/refresh", {"refresh_token": first}), 401)
    refused(get(api, third.access_token), 401)
    refused(api.post("/api/v1/auth/refresh", {"refresh_token": third.refresh_token}), 401)


REFRESH: dict[str, Callable[[str], Any]] = {
    "another family": lambda token: f"{ObjectId()}{token[24:]}",
    "another generation": lambda token: token.replace(".0.", ".1."),
    "a cut signature": lambda token: token[:-1],
    "no signature": lambda token: token.rpartition(".")[0] + ".",
    "a digit of another script": lambda token: token.replace(".0.", ".\u0660."),
    "nothing": lambda token: "x",
}


def test_a_forged_refresh_token_is_a_401_and_leaves_the_session(
    api: APIClient, subtests: pytest.Subtests
) -> None:
    for name, forge in REFRESH.items():
        with subtests.test(token=name):
            token = sessions.start_session(factories.user(), device=DEVICE).refresh_token
            refused(api.post("/api/v1/auth/refresh", {"refresh_token": forge(token)}), 401)
            assert sessions.refresh(token)
