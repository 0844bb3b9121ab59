"""An administrator without a password: hashing one takes longer than a whole test."""

from __future__ import annotations

import pytest

from orchestrator.accounts.models import User


@pytest.fixture
def admin_user(db: None) -> User:
    return User.objects.create(username="admin", is_staff=True, is_superuser=True)
