"""Times on the wire. Inside, a time is always an aware UTC datetime."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def parse_time(text: str) -> datetime:
    """Read `…T…+00:00`, `…T…Z`, or the form with a space that Prefect's runner sends.

    A time without an offset is taken as UTC. Raises ValueError when it is no time.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def format_time(moment: datetime) -> str:
    """ISO 8601 with microseconds and `Z`, as every API answer carries it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
