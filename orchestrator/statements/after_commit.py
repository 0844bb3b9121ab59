"""What follows from a commit, and may fail without undoing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction


def after_commit(call: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    """`call` it with these arguments once all is committed, at once outside of a transaction. One that fails is logged.

    Django logs the name of a function, which a `partial` has not: given one, its failure would be raised.
    """

    def calling() -> None:
        call(*arguments, **named)

    transaction.on_commit(calling, robust=True)
