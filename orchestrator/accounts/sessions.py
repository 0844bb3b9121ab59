"""Sessions of people who signed in, as Django keeps them, read by a statement that is composed once: every page reads
one. `SESSION_ENGINE` names this module."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.sessions.backends import db

from orchestrator.contract.times import now
from orchestrator.statements.reading import PreparedRows

# Who signed in when people were known by Django's own backend stays signed in.
_BACKEND_BEFORE = "django.contrib.auth.backends.ModelBackend"


class SessionStore(db.SessionStore):
    """Its name is part of what sessions are signed with, so that Django's own and these are the same."""

    def load(self) -> dict[str, Any]:
        found = _live_session.first(key=self.session_key, at=now())
        if found is None:
            self._session_key = None  # whoever brings a key that is none is not to choose that of a new session
            return {}
        data: dict[str, Any] = self.decode(found["session_data"])
        if data.get(BACKEND_SESSION_KEY) == _BACKEND_BEFORE:
            data[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        return data


_live_session = PreparedRows(
    lambda key, at: (
        SessionStore.get_model_class().objects.filter(session_key=key, expire_date__gt=at).values("session_data")
    ),
    texts=["key"],
    moments=["at"],
)
