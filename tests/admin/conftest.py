"""An administrator without a password: hashing one takes longer than a whole test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from orchestrator.accounts.models import User


@pytest.fixture
def admin_user(db: None) -> User:
    return User.objects.create(username="admin", is_staff=True, is_superuser=True)


@pytest.fixture
def signed_in(db: None) -> Callable[[str], Client]:
    """A client of somebody in the group of this name, who may enter the admin."""

    def sign_in(group: str) -> Client:
        user = User.objects.create(username=group, is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def act(admin_client: Client) -> Callable[..., Any]:
    """Choose an action for rows in their list; `confirmed` also answers the question."""

    def choose(action: str, *rows: Model, client: Client = admin_client, confirmed: bool = True, **fields: str) -> Any:
        meta = rows[0]._meta
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        sent = {"action": action, "_selected_action": [str(row.pk) for row in rows], **fields}
        if confirmed:
            sent["confirmed"] = "1"
        return client.post(address, sent, follow=True)

    return choose
