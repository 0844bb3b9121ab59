"""Concurrency limits by any name: kept, and their slots taken and given back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from orchestrator.rest.errors import Conflict
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.paging import sliced
from orchestrator.rest.views import ApiView, answers, no_content, takes
from runs import errors
from runs.api.concurrency_answers import limit_answers, minimal_answers, new_limit_answer
from runs.api.concurrency_bodies import (
    ConcurrencyLimitV2Create,
    ConcurrencyLimitV2Update,
    LeaseSlots,
    Page,
    RenewLease,
    ReturnLease,
    ReturnSlots,
    TakeSlots,
)
from runs.api.concurrency_shapes import (
    ConcurrencyLimitV2,
    ConcurrencyLimitWithLeaseResponse,
    GlobalConcurrencyLimitResponse,
    MinimalConcurrencyLimitResponse,
)
from runs.models import ConcurrencyLimit
from runs.services.concurrency_leases import renew_lease, return_lease
from runs.services.concurrency_limits import ByIdOrName, create_limit, delete_limit, get_limit, update_limit
from runs.services.concurrency_slots import lease_slots, return_slots, take_slots


class ConcurrencyLimits(ApiView):
    @takes(ConcurrencyLimitV2Create)
    @answers(ConcurrencyLimitV2, 201)
    def post(self, request: Request, body: ConcurrencyLimitV2Create) -> JsonAnswer:
        return JsonAnswer(new_limit_answer(create_limit(**body.model_dump())), 201)


class ConcurrencyLimitByIdOrName(ApiView):
    not_found = {errors.ConcurrencyLimitNotFound: "Concurrency Limit not found"}

    @answers(GlobalConcurrencyLimitResponse)
    def get(self, request: Request, id_or_name: str) -> dict[str, Any]:
        return limit_answers([get_limit(ByIdOrName.parse(id_or_name))])[0]

    @takes(ConcurrencyLimitV2Update)
    @answers(None, 204)
    def patch(self, request: Request, id_or_name: str, body: ConcurrencyLimitV2Update) -> JsonAnswer:
        changes = body.given()
        if None in changes.values():
            raise Conflict("A concurrency limit has no empty values.")
        update_limit(which=ByIdOrName.parse(id_or_name), changes=changes)
        return no_content()

    @answers(None, 204)
    def delete(self, request: Request, id_or_name: str) -> JsonAnswer:
        delete_limit(which=ByIdOrName.parse(id_or_name))
        return no_content()


class ConcurrencyLimitList(ApiView):
    @takes(Page)
    @answers(list[GlobalConcurrencyLimitResponse])
    def post(self, request: Request, body: Page) -> list[dict[str, Any]]:
        return limit_answers(sliced(ConcurrencyLimit.objects.by_name(), limit=body.limit, offset=body.offset))


class TakenSlots(ApiView):
    @takes(TakeSlots)
    @answers(list[MinimalConcurrencyLimitResponse])
    def post(self, request: Request, body: TakeSlots) -> Any:
        """Slots that become free by decay, or when they are given back."""
        try:
            taken = take_slots(names=body.names, slots=body.slots, rate_limit=body.mode == "rate_limit")
        except errors.SlotsNotFree as refusal:
            return locked("Locked", refusal.seconds)
        return minimal_answers(taken.limits)


class LeasedSlots(ApiView):
    @takes(LeaseSlots)
    @answers(ConcurrencyLimitWithLeaseResponse)
    def post(self, request: Request, body: LeaseSlots) -> Any:
        """Slots that become free when nobody renews the lease on them."""
        try:
            taken = lease_slots(
                names=body.names,
                slots=body.slots,
                seconds=body.lease_duration,
                rate_limit=body.mode == "rate_limit",
                holder_type=body.holder.type if body.holder else None,
                holder_id=body.holder.id if body.holder else None,
            )
        except errors.SlotsNotFree as refusal:
            return locked("Locked", refusal.seconds)
        return {"lease_id": taken.lease_id, "limits": minimal_answers(taken.limits)}


class ReturnedSlots(ApiView):
    @takes(ReturnSlots)
    @answers(list[MinimalConcurrencyLimitResponse])
    def post(self, request: Request, body: ReturnSlots) -> list[dict[str, Any]]:
        limits = return_slots(names=body.names, slots=body.slots, occupancy_seconds=body.occupancy_seconds)
        return minimal_answers(limits)


class ReturnedLeases(ApiView):
    @takes(ReturnLease)
    @answers(None, 204)
    def post(self, request: Request, body: ReturnLease) -> JsonAnswer:
        """A lease that is not known is given back without complaint."""
        return_lease(lease_id=body.lease_id)
        return no_content()


class RenewedLease(ApiView):
    @takes(RenewLease)
    @answers(None, 204)
    def post(self, request: Request, lease_id: UUID, body: RenewLease) -> JsonAnswer:
        renew_lease(lease_id=lease_id, seconds=body.lease_duration)
        return no_content()


def locked(detail: str, seconds: float | None) -> JsonAnswer:
    """Somebody else has the slots; `seconds` is when to ask again, None for an asker who had better give up."""
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    return JsonAnswer({"detail": detail}, 423, headers=headers)
