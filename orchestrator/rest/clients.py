"""Which client asks: some rules of the contract depend on its version."""

from __future__ import annotations

import re
from typing import Any

_PREFECT = re.compile(r"^prefect/([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})")


def client_version(request: Any) -> tuple[int, int, int] | None:
    """The version of the Prefect client that sent the request, of its `User-Agent`. None for every other program."""
    found = _PREFECT.match(request.META.get("HTTP_USER_AGENT", ""))
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
