"""The groups of the three roles, and the rights that each has in the admin.

They follow the models, so they are made after each change of the database's tables: viewers see every row, operators
also change what runs and what it runs with, admins do everything.
"""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission
from django.db.models.signals import post_migrate

from orchestrator.accounts.roles import Role

# The apps whose rows operators add, change and delete.
OPERATED = ("runs", "deployments", "automations", "store", "pages", "dashboard")
# Those of them that hold what a stranger must not read, or a client's own bookkeeping.
NOT_OPERATED = ("block",)


def connect() -> None:
    """Make the groups after a migration, once the rights of the last app are there."""
    *_, last = (config for config in apps.get_app_configs() if config.models_module is not None)
    post_migrate.connect(make_groups, sender=last, dispatch_uid="orchestrator.accounts.groups")


def make_groups(sender: AppConfig, using: str = "default", **kwargs: Any) -> None:
    rights = list(Permission.objects.using(using).select_related("content_type"))
    given = Group.permissions.through
    rows = []
    for role in Role:
        group, _ = Group.objects.using(using).get_or_create(name=role.group)
        rows += [given(group_id=group.pk, permission_id=right.pk) for right in rights if _has(role, right)]
    given.objects.using(using).bulk_create(rows, ignore_conflicts=True)


def _has(role: Role, right: Permission) -> bool:
    kind = right.content_type
    if role is Role.ADMIN or right.codename == f"view_{kind.model}":
        return True
    is_operated = kind.app_label in OPERATED and not kind.model.startswith(NOT_OPERATED)
    return role is Role.OPERATOR and is_operated
