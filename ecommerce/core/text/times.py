"""Times as text."""

from datetime import UTC, datetime


def as_json(moment: datetime) -> str:
    """Return the time as ISO 8601 in UTC with milliseconds, such as `2026-01-31T12:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
