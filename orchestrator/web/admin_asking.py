"""Before an action of the admin changes anything, a page tells what it would do, and asks why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

CONFIRMED, REASON = "confirmed", "reason"
MOST_REASON = 500  # characters
EXAMPLES = 5


def ask(
    model_admin: ModelAdmin,
    request: HttpRequest,
    queryset: QuerySet[Any],
    *,
    title: str,
    sentence: str,
    button: str,
    rows: Sequence[tuple[str, Any]] = (),
    examples: Sequence[str] | None = None,
    choices: Sequence[tuple[str, str]] = (),
) -> TemplateResponse | None:
    """None once it was confirmed; before that the page that asks, which posts the same selection again.

    `rows` are facts to decide by. `examples` are names of what it is about; None takes the first of `queryset`.
    `choices`, a value and a word each, come back as `request.POST["choice"]`; the reason as `reason_of(request)`.
    """
    if request.POST.get(CONFIRMED) == "1":
        return None
    if examples is None:
        examples = [str(row) for row in queryset[: EXAMPLES + 1]]
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "sentence": sentence,
        "button": button,
        "rows": rows,
        "examples": examples[:EXAMPLES],
        "has_more": len(examples) > EXAMPLES,
        "choices": choices,
        "action": request.POST["action"],
        "across": request.POST.get("select_across", "0"),
        "checkbox": ACTION_CHECKBOX_NAME,
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "most_reason": MOST_REASON,
    }
    return TemplateResponse(request, "admin/ask.html", context)


def reason_of(request: HttpRequest) -> str:
    """Why, in the words of whoever confirmed; nothing when they said nothing."""
    return request.POST.get(REASON, "").strip()[:MOST_REASON]


def told(what: str, reason: str) -> str:
    """What the log of the admin says of it."""
    return f"{what}: {reason}" if reason else f"{what}."
