"""The session engine of the pages: Django's, with the user and the device in each row."""

from datetime import datetime
from typing import Any

from bson import ObjectId
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from accounts.models import WebSession
from accounts.sessions import cache
from ecommerce.core.db import object_id
from ecommerce.core.web.http import Device

DEVICE = "device"


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[WebSession]:
        return WebSession

    def save(self, must_create: bool = False) -> None:
        super().save(must_create)
        if self.session_key:
            cache.invalidate_session(self.session_key)

    def delete(self, session_key: str | None = None) -> None:
        super().delete(session_key)
        deleted_key = session_key or self.session_key
        if deleted_key:
            cache.invalidate_session(deleted_key)

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row: Any = super().create_model_instance(data)
        row.user = object_id(data.get(SESSION_KEY))
        if row.user and (device := data.get(DEVICE)):
            row.public_id, row.created_at = ObjectId(device["id"]), datetime.fromisoformat(device["at"])
            row.ip, row.agent = device["ip"], device["agent"]
        return row


def remember_device(session: Any, device: Device) -> None:
    """Store the device at sign-in, with an id that stays the same when the session key is cycled."""
    session[DEVICE] = {
        "id": str(ObjectId()),
        "at": timezone.now().isoformat(),
        "ip": device.ip,
        "agent": device.agent,
    }


def public_id(session: Any) -> str:
    """Return the id by which the owner may end the session, empty before sign-in."""
    return str(session.get(DEVICE, {}).get("id", ""))
