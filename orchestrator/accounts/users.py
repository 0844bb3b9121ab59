"""People are made here, and given their role."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import Group
from django.db import transaction

from orchestrator.accounts.models import User
from orchestrator.accounts.roles import Role


class UserExists(Exception):
    """Somebody has this name already."""


class UserNotFound(Exception):
    """Nobody has this name."""


@transaction.atomic
def create_user(*, name: str, role: Role, password: str | None = None) -> tuple[User, str]:
    """Somebody who may sign in, and the password: the given one, or one that is made up. Raises UserExists."""
    if User.objects.filter(username=name).exists():
        raise UserExists(f"There is a user {name!r} already.")
    password = password or secrets.token_urlsafe(12)
    user = User.objects.create_user(name, password=password)
    _give_role(user, role)
    return user, password


@transaction.atomic
def set_role(*, name: str, role: Role) -> User:
    """From now on somebody has this role and no other. Raises UserNotFound."""
    user = User.objects.select_for_update().filter(username=name).first()
    if user is None:
        raise UserNotFound(f"There is no user {name!r}.")
    _give_role(user, role)
    return user


def _give_role(user: User, role: Role) -> None:
    """Operators and admins may enter the admin site too; that a superuser is one stays."""
    user.groups.remove(*Group.objects.filter(name__in=[other.group for other in Role]))
    user.groups.add(Group.objects.get(name=role.group))
    user.is_staff = user.is_superuser or role >= Role.OPERATOR
    user.save(update_fields=["is_staff"])
