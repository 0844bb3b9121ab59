"""The gate for clients that speak an older contract."""

from __future__ import annotations

import re

from orchestrator.contract.versions import API_VERSION, OLDEST_API_VERSION
from orchestrator.rest.errors import Refused

_VERSION = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})")


def check_api_version(version: str | None) -> None:
    """Raise Refused (400) unless `version`, as `X-PREFECT-API-VERSION` carries it, can be served. None is fine."""
    if version is None or version == API_VERSION:
        return
    parts = _VERSION.fullmatch(version)
    if parts is None:
        raise Refused(f"API version {version[:40]!r} is not of the form x.y.z.")
    if tuple(int(part) for part in parts.groups()) < OLDEST_API_VERSION:
        oldest = ".".join(str(part) for part in OLDEST_API_VERSION)
        raise Refused(f"The request speaks API version {version}; this server needs {oldest} or newer.")
