"""Who is signed in, as Django's own backend knows people, read by a statement that is composed once: every page asks.
`AUTHENTICATION_BACKENDS` names this module."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from orchestrator.accounts.models import User
from orchestrator.statements.reading import PreparedQuery

_by_id = PreparedQuery(lambda user_id: User.objects.filter(pk=user_id), numbers=["user_id"])


class AccountsBackend(ModelBackend):
    def get_user(self, user_id: Any) -> User | None:
        """None for somebody who is gone, or may no longer sign in."""
        user = _by_id.first(user_id=user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
