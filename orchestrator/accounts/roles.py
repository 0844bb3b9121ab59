"""Three roles, each with the rights of the one before: a viewer reads, an operator runs things, an admin does all.

A role is membership in the group of its name; the groups are made by a migration, with the rights that the admin asks
for. A superuser is an admin. Somebody in none of the groups is a viewer.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from django.contrib.auth.models import Group

from orchestrator.statements.reading import PreparedRows


class Role(IntEnum):
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def group(self) -> str:
        """What its group is called."""
        return self.name.lower()


_BY_GROUP = {role.group: role for role in Role}
_KNOWN = "_orchestrator_role"
_groups_of = PreparedRows(
    lambda username: Group.objects.filter(user__username=username, name__in=_BY_GROUP).values("name"),
    texts=["username"],
)


def role_of(user: Any) -> Role:
    """The highest role of somebody who is signed in; one query for each user object."""
    known = getattr(user, _KNOWN, None)
    if known is None:
        known = _look_up(user)
        setattr(user, _KNOWN, known)
    return known


def _look_up(user: Any) -> Role:
    if user.is_superuser:
        return Role.ADMIN
    groups = _groups_of.all(username=user.get_username())
    return max((_BY_GROUP[group["name"]] for group in groups), default=Role.VIEWER)
