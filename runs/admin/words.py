"""How a state is shown in every list."""

from __future__ import annotations

from django.utils.safestring import SafeString

from orchestrator.pages.looks import look_of
from orchestrator.web.admin import badge


def state_badge(state_type: str | None, state_name: str | None) -> SafeString:
    look = look_of(state_type, state_name)
    return badge(look.tone, look.word)
