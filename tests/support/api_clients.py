"""Clients of the API: for a user with an access token, and for a program with a service key."""

from datetime import timedelta

from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.service_keys.services import create_key
from accounts.sessions.tokens import access_token


def api_of(user: User) -> APIClient:
    """Return a client that is signed in as the user."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(user)}")
    return client


def key_api(*scopes: str, by: User) -> APIClient:
    """Return a client that uses a service key with these scopes, which `by` has created."""
    expires_at = timezone.now() + timedelta(days=30)
    _key, text = create_key(name="Warehouse", scopes=scopes, expires_at=expires_at, by=by)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {text}")
    return client
