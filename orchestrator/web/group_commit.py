"""Group commit: brief writes that wait for the same thread of the web process are committed together.

SQLite lets one transaction write at a time, and a commit writes whole pages of the database, most of which the next
request would write again. So under load, when requests wait anyway, some of them share a transaction; each has a
savepoint of its own in it, so that one which is refused leaves nothing behind. All are answered when it is committed.
If it cannot be, nothing of it has happened, and each of them is done again by itself.

PostgreSQL does this by itself for the transactions of all its clients.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import close_old_connections, transaction

logger = logging.getLogger(__name__)

MOST_TOGETHER = 8  # requests; the first of them waits for the last, and so do other processes that want to write


class NotCommitted(Exception):
    """A shared transaction was rolled back without another error."""


@contextmanager
def shared_transaction() -> Iterator[None]:
    """Raises what the database says, or NotCommitted, when nothing of what was done inside has happened."""
    committed = False

    def note() -> None:
        nonlocal committed
        committed = True

    close_old_connections()
    try:
        with transaction.atomic():
            transaction.on_commit(note)
            yield
    except Exception:
        if not committed:
            raise
        logger.exception("Something that was to follow a commit failed")
    if not committed:
        raise NotCommitted
