"""Who may do what on the pages. On a server that is open to everybody, everybody may do everything, as with its API."""

from __future__ import annotations

from typing import Literal

from django.conf import settings
from django.http import HttpRequest

from orchestrator.accounts.roles import Role, role_of

Deed = Literal["read", "operate", "administer"]
_LEAST: dict[Deed, Role] = {"read": Role.VIEWER, "operate": Role.OPERATOR, "administer": Role.ADMIN}


def may(request: HttpRequest, deed: Deed) -> bool:
    """`operate`: start, stop, change and delete what runs. `administer`: also secrets, and who may do what."""
    if settings.API_AUTH == "open" and not request.user.is_authenticated:
        return True
    return request.user.is_authenticated and role_of(request.user) >= _LEAST[deed]


def role_that_may(deed: Deed) -> str:
    """The least role for it, in words."""
    return _LEAST[deed].name.lower()
