"""How much of a list is answered. Its rows are a QuerySet, or AskedRows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from orchestrator.rest.errors import Unprocessable

MAX_LIMIT = 200  # also what a request without a limit gets

_MOST = 2**31  # more than any list has

# Keys of an Envelope, in which null means the same as absence. A limit is checked when it is used.
Limit = int
Offset = Annotated[int, Field(ge=0, le=_MOST)]
Page = Annotated[int, Field(ge=1, le=_MOST)]


def checked_limit(limit: int | None, most: int = MAX_LIMIT) -> int:
    """`limit`, or the default for None. Raises Unprocessable (422) with the text that clients look for."""
    if limit is None:
        return most
    if limit > most:
        raise Unprocessable(f"Invalid limit: must be less than or equal to {most}.")
    if limit < 0:
        raise Unprocessable("Invalid limit: must be greater than or equal to 0.")
    return limit


def sliced(rows: Any, *, limit: int | None, offset: int) -> Any:
    """Part of the rows; a limit of 0 asks the database nothing."""
    size = checked_limit(limit)
    return rows[offset : offset + size] if size else rows.none()


def paged(rows: Any, *, limit: int | None, page: int, count: int, answer: Callable[[Any], list[Any]]) -> dict[str, Any]:
    """One numbered page and how many there are."""
    size = checked_limit(limit)
    return {
        "results": answer(sliced(rows, limit=size, offset=(page - 1) * size)),
        "count": count,
        "limit": size,
        "pages": -(-count // size) if size else 0,
        "page": page,
    }
