"""What the handshake answers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from orchestrator.rest.answering import Shape


class CsrfToken(Shape):
    id: UUID
    created: datetime | None
    updated: datetime | None
    token: str
    client: str
    expiration: datetime
