"""Times are stored in UTC with milliseconds and shown as ISO 8601 with a Z."""

from datetime import UTC, datetime


def as_json(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
