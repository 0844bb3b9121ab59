"""Limits on how many task runs of a tag run at once, as older clients and `prefect concurrency-limit` see them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.paging import sliced
from orchestrator.rest.views import ApiView, answers, takes
from runs import errors
from runs.api.concurrency_answers import minimal_answers, tag_limit_answers
from runs.api.concurrency_bodies import ConcurrencyLimitCreate, Page, ResetTag, TagSlots
from runs.api.concurrency_limits import locked
from runs.api.concurrency_shapes import ConcurrencyLimit, MinimalConcurrencyLimitResponse
from runs.models import ConcurrencyLimit as Limit
from runs.services.concurrency_leases import return_slots_of_tags, take_slots_of_tags
from runs.services.concurrency_limits import (
    ByIdOrName,
    apply_tag_limit,
    delete_limit,
    get_limit_of_tag,
    get_tag_limit,
    reset_tag_limit,
)


class TagLimits(ApiView):
    @takes(ConcurrencyLimitCreate)
    @answers(ConcurrencyLimit, 200, 201)
    def post(self, request: Request, body: ConcurrencyLimitCreate) -> JsonAnswer:
        """The limit of the tag, made or changed."""
        limit, created = apply_tag_limit(tag=body.tag, limit=body.concurrency_limit)
        return JsonAnswer(tag_limit_answers([limit])[0], 201 if created else 200)


class TagLimitList(ApiView):
    @takes(Page)
    @answers(list[ConcurrencyLimit])
    def post(self, request: Request, body: Page) -> list[dict[str, Any]]:
        rows = Limit.objects.of_tags().by_name()
        return tag_limit_answers(sliced(rows, limit=body.limit, offset=body.offset))


class TagLimitById(ApiView):
    @answers(ConcurrencyLimit)
    def get(self, request: Request, limit_id: UUID) -> dict[str, Any]:
        return tag_limit_answers([get_tag_limit(limit_id)])[0]

    @answers(Any)
    def delete(self, request: Request, limit_id: UUID) -> None:
        delete_limit(which=ByIdOrName(id=get_tag_limit(limit_id).pk))


class TagLimitByTag(ApiView):
    @answers(ConcurrencyLimit)
    def get(self, request: Request, tag: str) -> dict[str, Any]:
        return tag_limit_answers([get_limit_of_tag(tag)])[0]

    @answers(Any)
    def delete(self, request: Request, tag: str) -> None:
        delete_limit(which=ByIdOrName.of_tag(tag))


class ResetTagLimit(ApiView):
    @takes(ResetTag)
    @answers(Any)
    def post(self, request: Request, tag: str, body: ResetTag) -> None:
        """Free every slot, or leave them to the given task runs."""
        reset_tag_limit(tag=tag, task_run_ids=body.slot_override or [])


class TakenTagSlots(ApiView):
    @takes(TagSlots)
    @answers(list[MinimalConcurrencyLimitResponse])
    def post(self, request: Request, body: TagSlots) -> Any:
        """One slot of each tag for a task run, until it gives them back."""
        try:
            limits = take_slots_of_tags(tags=body.names, task_run_id=body.task_run_id)
        except errors.TagLimitReached as refusal:
            return locked(str(refusal), refusal.seconds)
        return [{"id": limit.pk, "name": limit.tag, "limit": limit.limit} for limit in limits]


class ReturnedTagSlots(ApiView):
    @takes(TagSlots)
    @answers(list[MinimalConcurrencyLimitResponse])
    def post(self, request: Request, body: TagSlots) -> list[dict[str, Any]]:
        return minimal_answers(return_slots_of_tags(tags=body.names, task_run_id=body.task_run_id))
