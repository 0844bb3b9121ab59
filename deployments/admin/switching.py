"""Actions of the admin that go through the rows one by one, over the same services as the API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from deployments.errors import DeploymentsError
from orchestrator.rest.value_schemas import BadSchema
from orchestrator.store.errors import StoreError
from orchestrator.web.admin_asking import ask, reason_of, told
from runs.errors import RunsError

MOST_AT_ONCE = 200  # rows that one action touches


def for_each(
    model_admin: ModelAdmin,
    request: HttpRequest,
    queryset: QuerySet[Any],
    *,
    title: str,
    sentence: str,
    done: str,
    do: Callable[[Any], object],
    rows: Sequence[tuple[str, Any]] = (),
) -> HttpResponse | None:
    """Ask, then `do` it to each of the rows; one that is refused does not stop the others.

    `done` says what became of each, such as "Paused". The log of the admin gets an entry for each, with the reason.
    """
    asked = ask(model_admin, request, queryset, title=title, sentence=sentence, button=title, rows=rows)
    if asked is not None:
        return asked
    found: list[Model] = list(queryset[: MOST_AT_ONCE + 1])
    reason = reason_of(request)
    count = 0
    for row in found[:MOST_AT_ONCE]:
        key, words = row.pk, str(row)
        try:
            do(row)
        except (DeploymentsError, RunsError, StoreError, BadSchema) as error:
            model_admin.message_user(request, f"{words}: {error or type(error).__name__}", messages.ERROR)
            continue
        row.pk = key  # a deleted row forgets it
        model_admin.log_change(request, row, told(done, reason))
        count += 1
    more = f" At most {MOST_AT_ONCE} at once; repeat it for the others." if len(found) > MOST_AT_ONCE else ""
    if count:
        model_admin.message_user(request, f"{done}: {count}.{more}", messages.SUCCESS)
    return None
