"""Times on the wire. Inside, a time is always an aware UTC datetime."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def parse_time(text: str) -> datetime:
    """Read `…T…+00:00`, `…T…Z`, or the form with a space that Prefect's runner sends.

    A time without an offset is taken as UTC. Raises ValueError when it is no time.
    """
    return to_utc(datetime.fromisoformat(text))


def to_utc(moment: datetime) -> datetime:
    """A time without an offset is taken as UTC. Raises ValueError when its year in UTC is not one from 1 to 9999."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from None


def format_time(moment: datetime) -> str:
    """ISO 8601 with microseconds and `Z`, as every API answer carries it."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[: -len("+00:00")] + "Z"
